"""Settlements: what each one pays, to which accounts, and the decisions that every account's amount follows from."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import cursors
from api.pages.contributor import explorer
from api.pages.languages import amount, mark, plain, text
from api.pages.rendering import page
from api.reads import settled as reads
from api.reads.people_facts import titles_of
from api.reads.settled import Account, Place, Settled, ShareLine
from api.service import Service, service_of
from ledger.chain.units import BASE_UNITS, Unit
from ledger.errors import NotFoundError
from ledger.statements.values import MAX_COUNT

router = APIRouter(prefix="/s")
_SETTLEMENTS: Final = 50
_ACCOUNTS: Final = 100
_SHARES: Final = 100
_NUMBER: Final = re.compile("[1-9][0-9]{0,14}")
_ADDRESS: Final = re.compile("0x[0-9a-f]{40}")
STATES: Final = {
    "settled": mark("waits"),
    "activated": mark("can be claimed"),
    "vetoed": mark("vetoed"),
}
_TONES: Final = {"settled": "open", "activated": "good", "vetoed": "bad"}
RULES: Final = {
    "piece_rate": mark("rate for an accepted contribution"),
    "score_rate": mark("rate in proportion to the score"),
    "prizes": mark("prize"),
    "pool": mark("share of the pool"),
    "bonus": mark("bonus"),
    "reviewer_rate": mark("for judging"),
}


@router.get("")
async def settlements_page(request: Request, cursor: Annotated[str | None, Query(max_length=40)] = None) -> Response:
    """All settlements, the newest first."""
    service = service_of(request)
    rows, more = await reads.newest_settlements(service.reads, cursors.decode(cursor), _SETTLEMENTS)
    return page(
        request,
        "settlements.html",
        rows=[_row(service, each) for each in rows],
        more=cursors.encode(more),
        is_first=cursor is None,
        place=service.deployment,
    )


def _row(service: Service, each: Settled) -> dict[str, Any]:
    return {
        "settled": each,
        "path": _path(each),
        "total": amount(each.total, _unit(service, each.place)),
        "state": text(STATES.get(each.state, each.state)),
        "tone": _TONES.get(each.state, "open"),
    }


@router.get("/{chain_id}/{pool}/{number}")
async def settlement_page(
    chain_id: str,
    pool: str,
    number: str,
    request: Request,
    after: Annotated[int, Query(ge=0, le=MAX_COUNT)] = 0,
    account: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """One settlement with its campaigns and its accounts, in the order of the tree that the pool pays from."""
    service = service_of(request)
    found = await _find(service, chain_id, pool, number)
    wanted = plain(account).lower()
    rows, more = await _accounts(service, found, after, _ACCOUNTS, wanted or None)
    unit = _unit(service, found.place)
    titles = await titles_of(service.reads, [campaign for campaign, _, _ in found.campaigns])
    return page(
        request,
        "settlement.html",
        **_row(service, found),
        accounts=[
            (each.account, amount(each.cumulative, unit), amount(each.added, unit), amount(each.claimed, unit))
            for each in rows
        ],
        campaigns=[
            (campaign, titles.get(campaign, campaign), amount(total, unit), final)
            for campaign, total, final in found.campaigns
        ],
        wanted=account,
        more=more,
        is_first=after == 0,
        explorer=explorer(service),
    )


@router.get("/{chain_id}/{pool}/{number}/{account}")
async def account_page(
    chain_id: str,
    pool: str,
    number: str,
    account: str,
    request: Request,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """How the amount of one account was computed: every award behind it, with the decision that it follows from."""
    service = service_of(request)
    found = await _find(service, chain_id, pool, number)
    rows, _ = await _accounts(service, found, 0, 1, account)
    if not rows:
        raise NotFoundError(f"{account} has no share in settlement {number}.", remedy=f"{_path(found)} lists accounts.")
    unit = _unit(service, found.place)
    before = None if cursor is None else cursors.decode_place(cursor)
    lines, more = await reads.shares_of(service.reads, found, account, before, _SHARES)
    titles = await titles_of(service.reads, {each.campaign for each in lines if each.campaign is not None})
    key = (found.place, found.number, found.size, account)
    summed = await service.share_sums.get(key, lambda: reads.sum_of_shares(service.reads, found, account))
    return page(
        request,
        "account.html",
        **_row(service, found),
        account=account,
        earned=amount(rows[0].cumulative, unit),
        claimed=amount(rows[0].claimed, unit),
        lines=[_line(each, titles, unit) for each in lines],
        count=None if summed is None else summed[0],
        adds_up=None if summed is None else summed[1] == rows[0].cumulative,
        sum=None if summed is None else amount(summed[1], unit),
        more=None if more is None else cursors.encode_place(*more),
        is_first=cursor is None,
    )


def _line(each: ShareLine, titles: dict[str, str], unit: Unit) -> dict[str, Any]:
    return {
        "share": each,
        "rule": text(RULES.get(each.rule, each.rule)),
        "units": amount(each.units, unit),
        "title": None if each.campaign is None else titles.get(each.campaign, each.campaign),
    }


async def _accounts(
    service: Service, found: Settled, after: int, limit: int, account: str | None
) -> tuple[list[Account], int | None]:
    """Accounts of a settlement; what is no address has none."""
    if account is not None and not _ADDRESS.fullmatch(account):
        return [], None
    return await reads.accounts_of(service.reads, found, after, limit, account)


async def _find(service: Service, chain_id: str, pool: str, number: str) -> Settled:
    if not (_NUMBER.fullmatch(chain_id) and _ADDRESS.fullmatch(pool) and _NUMBER.fullmatch(number)):
        raise NotFoundError("There is no such settlement.", remedy="/s lists them.")
    return await reads.find_settlement(service.reads, (int(chain_id), pool), int(number))


def _path(each: Settled) -> str:
    return f"/s/{each.place[0]}/{each.place[1]}/{each.number}"


def _unit(service: Service, place: Place) -> Unit:
    own = service.deployment
    return service.unit if own is not None and place == (own.chain_id, own.pool) else BASE_UNITS
