"""The public page of a campaign: what it asks, what it pays, how it goes, and what people earned there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from api import cursors
from api.lookup import find_campaign
from api.pages import languages, words
from api.pages.examples import example
from api.pages.languages import mark, text
from api.pages.rendering import moment, page
from api.reads import campaigns, versions
from api.reads.calls import list_notices
from api.routes.record import NO_SIGNS, earned_of, page_of_rewards, record_of, signs_of
from api.scope import base_of
from api.service import service_of
from ledger.pictures import Picture, columns
from ledger.pictures.calendars import persian
from ledger.statements.values import SCORE_ONE, score_millionths, time_ms
from ledger.wire import CampaignRecord, Money
from ledger.wire.record import Signs

router = APIRouter()
_NOTICES: Final = 50
_PEOPLE: Final = 20
_PATIENCE_SECONDS: Final = 0.35
"""How long a page waits for what is counted; a very large campaign's figures come a moment later, by script."""
_DAY: Final = 86_400
_LEAST_COLUMNS: Final = 12

TYPES: Final = {
    "rating": mark("Rating"),
    "processing": mark("Processing"),
    "creation": mark("Creation"),
    "solving": mark("Solving"),
}
SIGNS: Final = {
    "same_content": mark("the same content from several people"),
    "burst": mark("answers far faster than people take"),
    "shared_wallet": mark("several people paid to one wallet"),
    "collusion": mark("two people repeating each other's errors"),
    "random_answers": mark("answers that look like guessing"),
    "always_agrees": mark("a reviewer who always agrees"),
}
_OWNERS: Final = {
    "contributor": mark("the contributor"),
    "platform": mark("the platform"),
    "public": mark("everybody"),
}
_PASSING: Final = {
    "submission": mark("when it is sent in"),
    "acceptance": mark("when it is accepted"),
    "payment": mark("when it is paid"),
}
ABOUT: Final = {"task": mark("tasks"), "decision": mark("decisions"), "campaign": mark("the campaign")}
_ALPHA_GOOD: Final = 8 * SCORE_ONE // 10
_ALPHA_POOR: Final = 667 * SCORE_ONE // 1000


@dataclass(frozen=True, slots=True)
class Course:
    """Decisions over time as a picture and as the rows of a table: when, accepted, not accepted, needs work."""

    picture: Picture
    rows: list[tuple[str, ...]]


@router.get("/campaigns/{campaign}")
async def campaign_page(campaign: str, request: Request) -> Response:
    """A campaign: what it asks, what it pays, how far it is, and how people fared there."""
    service = service_of(request)
    row = await find_campaign(service.reader, campaign)
    found = await versions.load(service.reads, row)
    opened, now, unit = row.opened, found.current, service.unit_of(row.opened)
    # One after the other where they are quick enough and nobody saw them just now: each takes a core of the database.
    record = await service.records.soon(campaign, lambda: record_of(service, found), _PATIENCE_SECONDS)
    earned = await service.earned.soon(campaign, lambda: earned_of(service, found), _PATIENCE_SECONDS)
    signs = await service.signs.soon(campaign, lambda: signs_of(service, campaign), _PATIENCE_SECONDS)
    after = cursors.decode(request.query_params.get("after")) or 0
    return page(
        request,
        "campaign.html",
        row=row,
        opened=opened,
        owners={key: text(told) for key, told in _OWNERS.items()},
        passing={key: text(told) for key, told in _PASSING.items()},
        type=text(TYPES[opened.type]),
        amount=lambda units: languages.amount(units, unit),
        number=lambda units: languages.numerals(unit.number(units)),
        unit_name=text(unit.name),
        took=_took,
        now=now,
        paused=found.is_paused,
        pay=words.policy(now.holds.policy, unit),
        example=example(now.holds, int(opened.bonus_limit or 0), unit),
        rules=words.rules(found.book),
        closing_ms=time_ms(opened.closing_date),
        record=record,
        **_shown(record, signs or NO_SIGNS),
        people=None if earned is None else page_of_rewards(earned, after, _PEOPLE),
        people_count=0 if earned is None else len(earned),
        after=after,
        all_versions=Markup('<a href="{}/v1/campaigns/{}/brief">{}</a>').format(
            base_of(request.scope), opened.id, text("all versions")
        ),
        terms_code=_code(now.terms_digest),
        pool_code=None if opened.onchain is None else _code(opened.onchain.pool),
        chain_code=None if opened.onchain is None else _code(str(opened.onchain.chain_id)),
        notices=(await list_notices(service.reads, campaign, None, _NOTICES)).items,
        funds=await service.reader.funds(campaign),
        settled=await campaigns.settled(service.reads, opened),
    )


def _code(value: str) -> Markup:
    return Markup('<code dir="ltr">{}</code>').format(value)


def _shown(record: CampaignRecord | None, signs: Signs) -> dict[str, Any]:
    """What is told of a record, in words and as a picture."""
    if record is None:
        return {
            "course": None,
            "agreement": None,
            "signs": [],
            "ratings": [],
            "counted_ms": None,
            "share": None,
            "spent": 0,
        }
    return {
        "course": _course(record),
        "agreement": _agreement(record),
        "signs": [(text(SIGNS[each.kind]), each.count) for each in signs.counts or []],
        "ratings": [(text(ABOUT[each.about]), each.count, percent(each.mean)) for each in record.figures.ratings],
        "spent": _spent(record.figures.money),
        "counted_ms": time_ms(record.counted_at),
        "share": None if record.figures.acceptance.share is None else percent(record.figures.acceptance.share),
    }


def _took(seconds: int) -> str:
    return languages.duration(seconds) if seconds else text("less than a second")


def _spent(money: Money) -> int:
    """Thousandths of a campaign's money that are earned or may be."""
    limit = int(money.limit)
    return 1000 - min(int(money.left) * 1000 // limit, 1000) if limit else 1000


def percent(share: str) -> str:
    """A share as whole percents, rounded down."""
    return text("{percent}%", percent=abs(score_millionths(share.removeprefix("-"))) * 100 // SCORE_ONE)


def _agreement(record: CampaignRecord) -> tuple[str, str] | None:
    """Krippendorff's alpha with two decimals, and what it means; None where several never judged the same work."""
    alpha = record.agreement.alpha_verdicts
    if alpha is None:
        return None
    size = score_millionths(alpha.removeprefix("-"))
    negative = alpha.startswith("-")
    written = f"{size // SCORE_ONE}.{size % SCORE_ONE * 100 // SCORE_ONE:02}"
    number = languages.numerals(f"-{written}" if negative else written)
    if negative or size < _ALPHA_POOR:
        return number, text("The judges often see the same work differently.")
    if size < _ALPHA_GOOD:
        return number, text("The judges mostly agree; read single decisions with care.")
    return number, text("The judges agree well.")


def _course(record: CampaignRecord) -> Course | None:
    if not record.course:
        return None
    length_ms = record.stretch_seconds * 1000
    by = {time_ms(each.begin): each for each in record.course}
    counts = {at: (each.accepted, each.rejected, each.needs_work) for at, each in sorted(by.items())}
    items = [
        (_label(at, record.stretch_seconds), sum(counts.get(at, ())))
        for at in range(min(*counts, max(counts) - _LEAST_COLUMNS * length_ms), max(counts) + 1, length_ms)
    ]
    rows = [(moment(at), *map(languages.number, each)) for at, each in counts.items()]
    length = languages.duration(record.stretch_seconds)
    desc = text("How many decisions were made in each stretch of {length}.", length=length)
    return Course(columns(items, title=text("Decisions over time"), desc=desc, shown=languages.number), rows)


def _label(ms: int, seconds: int) -> str:
    """The beginning of a stretch as a tick: a day, or of shorter ones the time (UTC)."""
    begin = datetime.fromtimestamp(ms // 1000, tz=UTC)
    if seconds < _DAY:
        return languages.numerals(f"{begin:%H:%M}")
    month, day = persian(begin.date())[1:] if languages.language().code == "fa" else (begin.month, begin.day)
    return f"{languages.numerals(str(day))} {languages.language().months[month - 1]}"
