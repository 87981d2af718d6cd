"""Calls about webhooks: those that platforms send us (hooks), and those that are sent to a platform (endpoints)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from ledger.client.calls import call, listing
from ledger.client.core import Core, path_of
from ledger.client.later import Later

if TYPE_CHECKING:
    from ledger.wire import endpoints as wire_endpoints
    from ledger.wire import hooks as wire_hooks
else:
    wire_endpoints = Later("ledger.wire.endpoints")
    wire_hooks = Later("ledger.wire.hooks")


class HookCalls(Core):
    """Webhooks that platforms send us: made, changed, rotated, and what came by them."""

    @call
    async def make_hook(self, new: wire_hooks.NewHook) -> wire_hooks.HookWritten:
        """Make a webhook; the reply has its secret, shown this once."""
        return await self._post("/v1/hooks", new, wire_hooks.HookWritten)

    @listing
    def hooks(self) -> AsyncIterator[wire_hooks.Hook]:
        """The platform's webhooks, the newest first."""
        return self._pages("/v1/hooks", wire_hooks.Hook)

    @call
    async def hook(self, hook: str) -> wire_hooks.Hook:
        """A webhook of the platform."""
        return await self._get(path_of("/v1/hooks/{}", hook), wire_hooks.Hook)

    @call
    async def change_hook(self, hook: str, change: wire_hooks.HookChange) -> wire_hooks.Hook:
        """Change how the platform is asked back, or the rate of bonuses."""
        return await self._patch(path_of("/v1/hooks/{}", hook), change, wire_hooks.Hook)

    @call
    async def remove_hook(self, hook: str) -> None:
        """Remove a webhook with its deliveries; what it recorded stays."""
        await self._reply("DELETE", path_of("/v1/hooks/{}", hook))

    @call
    async def rotate_hook(self, hook: str, new: wire_hooks.NewSecret | None = None) -> wire_hooks.HookWritten:
        """Put another secret in force; the old one stays good for a while."""
        where = path_of("/v1/hooks/{}/rotate", hook)
        return await self._post(where, new or wire_hooks.NewSecret(), wire_hooks.HookWritten)

    @listing
    def deliveries(self, hook: str) -> AsyncIterator[wire_hooks.DeliveryLine]:
        """What came by a webhook, the newest first, and what became of it."""
        return self._pages(path_of("/v1/hooks/{}/deliveries", hook), wire_hooks.DeliveryLine)

    @call
    async def retry_delivery(self, hook: str, delivery: str) -> wire_hooks.Received:
        """Work once more on a delivery that was refused or given up."""
        where = path_of("/v1/hooks/{}/deliveries/{}/retry", hook, delivery)
        return await self._post(where, None, wire_hooks.Received, repeatable=True)


class EndpointCalls(Core):
    """Addresses of a platform that are told of events, and what was sent there."""

    @call
    async def make_endpoint(self, new: wire_endpoints.NewEndpoint) -> wire_endpoints.EndpointWritten:
        """Make an endpoint; the reply has the secret that signs, shown this once."""
        return await self._post("/v1/endpoints", new, wire_endpoints.EndpointWritten)

    @listing
    def endpoints(self) -> AsyncIterator[wire_endpoints.Endpoint]:
        """The platform's endpoints."""
        return self._pages("/v1/endpoints", wire_endpoints.Endpoint)

    @call
    async def endpoint(self, endpoint: str) -> wire_endpoints.Endpoint:
        """An endpoint of the platform, and how it stands."""
        return await self._get(path_of("/v1/endpoints/{}", endpoint), wire_endpoints.Endpoint)

    @call
    async def change_endpoint(self, endpoint: str, change: wire_endpoints.EndpointChange) -> wire_endpoints.Endpoint:
        """Change an endpoint, disable it, or enable it again."""
        return await self._patch(path_of("/v1/endpoints/{}", endpoint), change, wire_endpoints.Endpoint)

    @call
    async def remove_endpoint(self, endpoint: str) -> None:
        """Remove an endpoint with all that is known of what was sent there."""
        await self._reply("DELETE", path_of("/v1/endpoints/{}", endpoint))

    @call
    async def rotate_endpoint(
        self, endpoint: str, rotation: wire_endpoints.Rotation | None = None
    ) -> wire_endpoints.EndpointWritten:
        """Put a new secret in force, shown this once; for a while both sign."""
        return await self._post(path_of("/v1/endpoints/{}/rotate", endpoint), rotation, wire_endpoints.EndpointWritten)

    @call
    async def try_endpoint(self, endpoint: str) -> wire_endpoints.EndpointTested:
        """Send one ``endpoint.test`` event now, and say how it went."""
        return await self._post(path_of("/v1/endpoints/{}/test", endpoint), None, wire_endpoints.EndpointTested)

    @call
    async def replay_events(self, endpoint: str, after: int) -> wire_endpoints.Endpoint:
        """Send all events behind a number again, as far back as events are kept."""
        new = wire_endpoints.Replay(after=after)
        return await self._post(path_of("/v1/endpoints/{}/replay", endpoint), new, wire_endpoints.Endpoint)

    @listing
    def sendings(
        self, endpoint: str, state: wire_endpoints.SendingState | None = None
    ) -> AsyncIterator[wire_endpoints.Sending]:
        """What was sent to an endpoint and how it went, the newest events first."""
        return self._pages(path_of("/v1/endpoints/{}/sendings", endpoint), wire_endpoints.Sending, state=state)

    @call
    async def retry_sending(self, endpoint: str, event: int) -> wire_endpoints.Sending:
        """Send an event again at once."""
        where = path_of("/v1/endpoints/{}/sendings/{}/retry", endpoint, event)
        return await self._post(where, None, wire_endpoints.Sending)
