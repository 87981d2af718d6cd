"""Clients of the API, typed by the same models. Problems come back as the errors of ``ledger.errors``.

:class:`Client` does each call at once, :class:`AsyncClient` gives the same calls to await, from one definition of each
(:mod:`ledger.client.calls`). Both wait and try again where that is safe and may help, for ``patience_seconds`` in all:
after 503 and 429 of the service, after a connection that failed where the request is a read or has an ``external_id``.
A request with an ``external_id`` can be sent again by hand at any time. With ``verify`` they check every receipt that
they are given.
"""

from __future__ import annotations

from ledger import wire
from ledger.client.asynchronous import AsyncConnection
from ledger.client.campaigns import CampaignCalls
from ledger.client.connection import Connection
from ledger.client.core import Core, Result
from ledger.client.entries import EntryCalls
from ledger.client.events import EventCalls
from ledger.client.hooks import EndpointCalls, HookCalls
from ledger.client.imports import ImportCalls
from ledger.client.members import MemberCalls
from ledger.client.payments import PaymentCalls
from ledger.client.people import PeopleCalls
from ledger.client.platforms import PlatformCalls
from ledger.client.results import ResultCalls
from ledger.client.reviews import ReviewCalls
from ledger.client.transfers import FileCalls
from ledger.client.work import WorkCalls

__all__ = ["AsyncClient", "Client", "Result", "wire"]


class Calls(
    PlatformCalls,
    MemberCalls,
    CampaignCalls,
    WorkCalls,
    FileCalls,
    ReviewCalls,
    ResultCalls,
    PeopleCalls,
    PaymentCalls,
    EntryCalls,
    ImportCalls,
    HookCalls,
    EndpointCalls,
    EventCalls,
    Core,
):
    """All calls."""


class Client(Calls, Connection):
    """One service, with one platform's key (or the operator's, or none for what is public)."""


class AsyncClient(Calls, AsyncConnection):
    """The same for programs with an event loop: each call is awaited, each listing walked with ``async for``."""
