"""What a type checker says of both clients: read by mypy in test_types, never run. Each ignored error must be one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from ledger.client import AsyncClient, Client, Result
from ledger.wire import Campaign, ContributionLine, NewContribution, Written
from ledger.wire.events import Event
from ledger.wire.hooks import Hook


def blocking(client: Client, new: NewContribution) -> None:
    assert_type(client.submit(new), Written)
    assert_type(client.submit_many([new]), list[Result])
    assert_type(client.campaign("c"), Campaign)
    assert_type(client.contributions("c", content=True), Iterator[ContributionLine])
    assert_type(client.follow_events(after=1), Iterator[Event])
    assert_type(client.hooks(), Iterator[Hook])
    assert_type(client.remove_hook("h"), None)
    client.campaign(1)  # type: ignore[arg-type]
    client.contributions(contents=True)  # type: ignore[call-arg]
    client.nothing()  # type: ignore[attr-defined]


async def awaited(client: AsyncClient, new: NewContribution) -> None:
    assert_type(await client.submit(new), Written)
    assert_type(await client.submit_many([new]), list[Result])
    assert_type(await client.campaign("c"), Campaign)
    assert_type(client.contributions("c", content=True), AsyncIterator[ContributionLine])
    assert_type(client.follow_events(after=1), AsyncIterator[Event])
    assert_type(client.hooks(), AsyncIterator[Hook])
    await client.remove_hook("h")
    await client.campaign(1)  # type: ignore[arg-type]
    client.submit(new).id  # type: ignore[attr-defined]  # noqa: B018
    for _ in client.hooks():  # type: ignore[attr-defined]
        pass
