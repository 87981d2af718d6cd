"""The explorer of entries: the newest ones, or those that name something, page by page."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import cursors
from api.ids import is_id
from api.pages.kind_words import KIND_WORDS, kind_words, named
from api.pages.languages import plain, text
from api.pages.rendering import page
from api.reads.entries import (
    START,
    EntryRow,
    Place,
    Sought,
    entries_of_id,
    entries_of_leaf,
    find_entries,
    read_entries,
)
from api.service import Service, service_of
from ledger.errors import CrowdLedgerError
from ledger.statements.values import MAX_COUNT

router = APIRouter()
_SHOWN: Final = 50
_MAX_SEARCH: Final = 100
_PUBLIC_ID: Final = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_NUMBER: Final = re.compile("[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in the list, with what it says and names."""

    index: int
    kind: str
    words: str
    at_ms: int
    named: list[tuple[str, str, str]]


@router.get("/entries")
async def entries_page(
    request: Request,
    q: Annotated[str, Query(max_length=_MAX_SEARCH)] = "",
    kind: Annotated[str, Query(max_length=64)] = "",
    campaign: Annotated[str, Query(max_length=_MAX_SEARCH)] = "",
    contributor: Annotated[str, Query(max_length=_MAX_SEARCH)] = "",
    task: Annotated[str, Query(max_length=_MAX_SEARCH)] = "",
    contribution: Annotated[str, Query(max_length=_MAX_SEARCH)] = "",
    cursor: Annotated[str | None, Query(max_length=64)] = None,
    before: Annotated[int | None, Query(ge=0, le=MAX_COUNT)] = None,
) -> Response:
    """Entries: the newest first where nothing is sought, else in the order of the log."""
    service = service_of(request)
    asked = {"campaign": campaign, "contributor": contributor, "task": task, "contribution": contribution}
    given = {name: plain(value).lower() for name, value in asked.items() if value.strip()}
    wanted = plain(q).lower()
    size = (await service.reader.head()).size
    if _NUMBER.fullmatch(wanted) and int(wanted) < size:
        return RedirectResponse(f"{service.base}/e/{int(wanted)}", 303)
    problem = _problem(wanted, kind, given, size)
    rows: list[EntryRow] = []
    older: int | None = None
    more: str | None = None
    if problem is None and not wanted and not given and not kind:
        rows, older = await _newest(service, size if before is None else min(before, size))
    elif problem is None:
        try:
            rows, place = await _found(service, wanted, kind or None, given, cursor)
        except CrowdLedgerError as error:
            problem, place = error.detail, None
        more = None if place is None else _query(q, kind, given, cursors.encode_place(*place))
    return page(
        request,
        "entries.html",
        200 if problem is None else 422,
        lines=[_line(row) for row in rows],
        size=size,
        q=q,
        kind=kind,
        given=asked,
        is_filtered=bool(given or kind or wanted),
        is_detailed=bool(given or kind),
        problem=problem,
        kinds=[(each, text(words)) for each, words in KIND_WORDS.items()],
        older=older,
        more=more,
        is_first=cursor is None and before is None,
    )


def _problem(wanted: str, kind: str, given: dict[str, str], size: int) -> str | None:
    """What is wrong with a search, in words."""
    if wanted and _NUMBER.fullmatch(wanted):
        return text("The log has {size} entries; the last one is number {last}.", size=size, last=size - 1)
    if wanted and not (_DIGEST.fullmatch(wanted) or is_id(wanted) or _PUBLIC_ID.fullmatch(wanted)):
        return text("This is neither a number of an entry, nor an id, nor a hash of 64 digits.")
    if kind and kind not in KIND_WORDS:
        return text("There is no such kind of entry.")
    for name, value in given.items():
        if not (_PUBLIC_ID.fullmatch(value) if name == "contributor" else is_id(value)):
            return text("This is not an id: {value}", value=value)
    return None


async def _newest(service: Service, before: int) -> tuple[list[EntryRow], int | None]:
    """The entries just before one, the newest first, and before which to go on."""
    begin = max(0, before - _SHOWN)
    rows = await read_entries(service.reads, range(begin, before))
    return rows[::-1], begin or None


async def _found(
    service: Service, wanted: str, kind: str | None, given: dict[str, str], cursor: str | None
) -> tuple[list[EntryRow], Place | None]:
    """The entries that are sought: those of a hash or an id, or all that is about the thing of that id."""
    sought: dict[str, Any] = dict(given)
    if _DIGEST.fullmatch(wanted):
        sought["among"] = frozenset(await entries_of_leaf(service.reads, bytes.fromhex(wanted)))
    elif _PUBLIC_ID.fullmatch(wanted):
        sought.setdefault("contributor", wanted)
    elif wanted:
        sought |= await _by_id(service, wanted, given)
    after = START if cursor is None else Place(*cursors.decode_place(cursor))
    return await find_entries(service.reads, Sought(kind=kind, **sought), after, _SHOWN)


async def _by_id(service: Service, wanted: str, given: dict[str, str]) -> dict[str, Any]:
    """An id leads to what is about it where it is that of a contribution, a task or a campaign, else to its entry."""
    indexes = await entries_of_id(service.reads, wanted)
    leads = {"contribution.submitted": "contribution", "task.added": "task", "campaign.opened": "campaign"}
    for row in await read_entries(service.reads, indexes):
        name = leads.get(row.kind)
        if name is not None and name not in given:
            return {name: wanted}
    return {"among": frozenset(indexes)}


def _line(row: EntryRow) -> Line:
    return Line(row.index, row.kind, kind_words(row.kind), row.at_ms, list(named(json.loads(row.statement))))


def _query(q: str, kind: str, given: dict[str, str], cursor: str) -> str:
    values = {"q": q, "kind": kind, **given, "cursor": cursor}
    return urlencode({name: value for name, value in values.items() if value})
