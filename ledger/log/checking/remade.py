"""Requests made again: from a statement and what the database keeps beside it to the items it may have come from.

Where a request may have been written in several ways (a task by its id or the platform's own, terms named or not), all
of them are tried: the stored fingerprint says which it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

import msgspec
from msgspec.structs import replace

from ledger.errors import FormatError
from ledger.log import items
from ledger.statements.appeals import AppealFiled
from ledger.statements.campaigns import CampaignAmended, CampaignNotice, CampaignOpened, TaskAdded
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import SALT_BYTES
from ledger.statements.contents import AuditorMandated
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, ReviewGiven, Verdict
from ledger.statements.kinds import AnyStatement
from ledger.statements.results import ResultPublished

_NO_SALT: Final = bytes(SALT_BYTES)
"""A fingerprint leaves salts out."""


def without_private(statement: AnyStatement) -> items.Item:
    """An item of the statement's kind, empty where only the database knows what it said."""
    match statement:
        case CampaignOpened():
            return open_campaign(statement, "", None, None)
        case CampaignAmended():
            return items.AmendCampaign(platform="", campaign=statement.campaign, version=statement.version)
        case CampaignNotice():
            return publish_notice(statement, "", None)
        case ResultPublished():
            return items.PublishResult(
                id=statement.id,
                platform="",
                campaign=statement.campaign,
                result=None,
                method=statement.method,
                entries=(),
                salt=_NO_SALT,
            )
        case AuditorMandated():
            return items.GiveMandate(
                id=statement.id, platform=statement.platform, name=statement.name, until=statement.until, digest=b""
            )
        case _:
            return items.Record(statement=statement)


def open_campaign(statement: CampaignOpened, title: str, brief: JsonValue, terms: JsonValue) -> items.OpenCampaign:
    """The request that opened a campaign, given its texts."""
    onchain = statement.onchain
    same = {name: getattr(statement, name) for name in _OF_CAMPAIGN}
    place = None
    if onchain is not None:
        place = items.PoolPlace(
            chain_id=onchain.chain_id, pool=onchain.pool, log_id=onchain.log_id, opener=onchain.opener
        )
    return items.OpenCampaign(title=title, brief=brief, terms=terms, place=place, **same)


_OF_CAMPAIGN: Final = tuple(
    name
    for name in items.OpenCampaign.__struct_fields__
    if name not in ("title", "brief", "terms", "place", "external_id")
)


def publish_notice(statement: CampaignNotice, platform: str, text: JsonValue) -> items.PublishNotice:
    """The request that published a notice, given its text."""
    return items.PublishNotice(
        id=statement.id, platform=platform, campaign=statement.campaign, type=statement.type, text=text
    )


def add_task(statement: TaskAdded, platform: str, content: JsonValue) -> items.AddTask:
    """The request that added a task, given its content."""
    return items.AddTask(
        id=statement.id, platform=platform, campaign=statement.campaign, content=content, salt=_NO_SALT
    )


def publish_result(statement: ResultPublished, platform: str, salt: bytes) -> items.PublishResult:
    """The request that published a result, without its document and the order of its entries."""
    return items.PublishResult(
        id=statement.id,
        platform=platform,
        campaign=statement.campaign,
        result=None,
        method=statement.method,
        entries=(),
        salt=salt,
    )


def file_appeal(statement: AppealFiled, platform: str, grounds: JsonValue) -> items.FileAppeal:
    """The request that filed an appeal, given its grounds."""
    return items.FileAppeal(
        id=statement.id,
        platform=platform,
        contribution=statement.contribution,
        decision=statement.decision,
        grounds=grounds,
        salt=_NO_SALT,
    )


def submissions(
    statement: ContributionSubmitted,
    platform: str,
    person: str,
    content: JsonValue,
    *,
    sealed: bool,
    task: str | None,
) -> Iterator[items.Submit]:
    """The requests that may have sent a contribution; ``person`` and ``task`` are the platform's own ids."""
    item = items.Submit(
        id=statement.id,
        platform=platform,
        campaign=statement.campaign,
        contributor=person,
        fresh_id=statement.contributor,
        content=content,
        salt=_NO_SALT,
        commitment=statement.commitment if sealed else None,
        task=statement.task,
        replaces=statement.replaces,
        signature=statement.signature,
    )
    ways = [item] if task is None else [item, replace(item, task=None, task_external_id=task)]
    for way in ways:
        for named in (None, statement.contributor):
            for terms in (None, statement.terms):
                yield replace(way, contributor_id=named, terms=terms)


def decisions(
    statement: DecisionMade,
    platform: str,
    person: str | None,
    feedback: JsonValue,
    inputs: JsonValue,
    contribution: str | None,
) -> Iterator[items.Decide]:
    """The requests that may have made a decision; ``person`` and ``contribution`` are the platform's own ids."""
    given = inputs is not None
    item = items.Decide(
        id=statement.id,
        platform=platform,
        verdict=statement.verdict,
        score=statement.score,
        method=msgspec.structs.replace(statement.method, inputs=None) if given else statement.method,
        salt=_NO_SALT,
        fresh_id=statement.id,
        contribution=statement.contribution,
        reviewer=person,
        feedback=feedback,
        supersedes=statement.supersedes,
        reviews=tuple(statement.reviews) if statement.reviews else None,
        appeal=statement.appeal,
        bonus=statement.bonus,
        inputs=inputs,
        inputs_salt=_NO_SALT if given else None,
        signature=statement.signature,
    )
    ways = [item]
    if contribution is not None:
        ways.append(replace(item, contribution=None, contribution_external_id=contribution))
    for way in ways:
        yield way
        if person is not None:
            yield replace(way, reviewer_id=statement.reviewer)


def review(statement: ReviewGiven, platform: str, person: str, said: JsonValue) -> items.Review:
    """The request that gave a review, given what it said. Raises FormatError where that is no review's."""
    if not isinstance(said, dict):
        raise FormatError("The opening is not that of a review.")
    scores = said.get("scores")
    return items.Review(
        id=statement.id,
        platform=platform,
        contribution=statement.contribution,
        reviewer=person,
        fresh_id=statement.reviewer,
        verdict=cast(Verdict, said.get("verdict")),
        salt=_NO_SALT,
        score=None if isinstance(scores, list) else cast(str, said.get("score")),
        scores=tuple(cast(list[str], scores)) if isinstance(scores, list) else None,
        words=said.get("words"),
        second_look=statement.second_look,
    )
