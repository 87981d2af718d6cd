"""From the request for a campaign to the writer's item: what the models cannot say is checked here."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel

from api.service import Service, new_id
from ledger.errors import FieldError
from ledger.log.items import OpenCampaign, PoolPlace
from ledger.statements import campaigns as said
from ledger.wire.briefs import Brief
from ledger.wire.campaigns import NewCampaign
from ledger.wire.conditions import Criterion, Judging, Revisions
from ledger.wire.policies import Pool, Prizes

Part = TypeVar("Part")


def campaign_item(service: Service, new: NewCampaign, platform: str, closing_date: str) -> OpenCampaign:
    """The item of a new campaign. Raises FieldError."""
    check_judging(new.judging)
    check_criteria(new.brief, [] if new.judging is None else new.judging.criteria or [])
    check_budget(new.policy, new.budget)
    if new.sealed is not None and new.sealed.deadline >= new.sealed.reveal_until:
        raise FieldError(
            "sealed.reveal_until: Entries need time after their deadline to be opened.",
            field="sealed.reveal_until",
            remedy="Set it later than sealed.deadline.",
        )
    if new.direct and (new.limits is None or None in (new.limits.participants, new.limits.per_person)):
        raise FieldError(
            "limits: Anybody can enter this campaign, with as many wallets as they like.",
            field="limits",
            remedy="Send limits with participants and per_person, so that the budget and the log are safe.",
        )
    return OpenCampaign(
        id=new_id(),
        platform=platform,
        title=new.title,
        type=new.type,
        brief=new.brief.document(),
        terms=new.terms,
        policy=said_policy(new.policy),
        budget=new.budget,
        appeal_window=new.appeal_window,
        decision_deadline=new.decision_deadline,
        decision_default=new.decision_default,
        appeal_deadline=new.appeal_deadline,
        appeal_default=new.appeal_default,
        closing_date=closing_date,
        place=_place(service, new),
        goal=new.goal,
        funding_deadline=new.funding_deadline,
        reviewer_rate=new.reviewer_rate,
        bonus_limit=new.bonus_limit,
        judging=_said(new.judging, said.Judging),
        sealed=_said(new.sealed, said.Sealed),
        limits=_said(new.limits, said.Limits),
        requires=_said(new.requires, said.Requirement),
        revisions=_revisions(new),
        pilot=new.pilot,
        direct=new.direct,
        second_looks=new.second_looks,
        external_id=new.external_id,
    )


def said_policy(policy: Any) -> said.Policy:
    """A request's policy as a statement has it."""
    made: said.Policy = msgspec.convert(policy.model_dump(), said.Policy)
    return made


def check_budget(policy: Any, budget: str | None) -> None:
    """Raise FieldError where prizes or a pool are more than the budget."""
    if budget is None:
        return
    total = sum(map(int, policy.amounts)) if isinstance(policy, Prizes) else 0
    total = int(policy.total) if isinstance(policy, Pool) else total
    if total > int(budget):
        raise FieldError(
            f"budget: It is less than what the policy promises, {total}.",
            field="budget",
            remedy="Raise the budget to at least that sum.",
        )


def check_judging(judging: Judging | None) -> None:
    """Raise FieldError where the parts of ``judging`` disagree."""
    if judging is None:
        return
    if judging.agree > judging.judges:
        raise FieldError(
            "judging.agree: More judges must agree than there are.",
            field="judging.agree",
            remedy="Set it to at most judging.judges.",
        )
    names = [criterion.name for criterion in judging.criteria or []]
    for name in names:
        if names.count(name) > 1:
            raise FieldError(
                f"judging.criteria: '{name}' is there twice.",
                field="judging.criteria",
                remedy="Name each criterion once.",
            )


def check_criteria(brief: Brief, criteria: list[Criterion] | list[said.Criterion]) -> None:
    """Raise FieldError unless the brief explains exactly the criteria that judges score."""
    told = [each.name for each in brief.criteria or []]
    scored = [each.name for each in criteria]
    missing = [name for name in scored if name not in told]
    more = [name for n, name in enumerate(told) if name not in scored or name in told[:n]]
    if missing or more:
        what = f"'{missing[0]}' of judging.criteria is missing" if missing else f"'{more[0]}' is scored by nobody"
        raise FieldError(
            f"brief.criteria: {what}.",
            field="brief.criteria",
            remedy="Explain each of judging.criteria once: {name, text}. Weights stand in judging.",
        )


def _revisions(new: NewCampaign) -> said.Revisions | None:
    """What was asked for; left out, three new versions, but none of an entry that was sealed."""
    asked = new.revisions
    if asked is None:
        asked = Revisions(rounds=0) if new.sealed is not None else Revisions()
    return _said(asked, said.Revisions) if asked.rounds else None


def _said(part: BaseModel | None, kind: type[Part]) -> Part | None:
    return None if part is None else msgspec.convert(part.model_dump(exclude_none=True), kind)


def _place(service: Service, new: NewCampaign) -> PoolPlace | None:
    """The service's pool for a campaign that names its opener. Raises FieldError."""
    if (new.goal is None) != (new.funding_deadline is None):
        missing = "funding_deadline" if new.goal is not None else "goal"
        raise FieldError(f"{missing}: A goal and its deadline go together.", field=missing, remedy="Send both.")
    if new.opener is None:
        if new.goal is not None:
            raise FieldError(
                "opener: A campaign with a goal is paid from a pool.", field="opener", remedy="Name who opens it there."
            )
        return None
    if service.deployment is None:
        raise FieldError(
            "opener: This service has no pool; it pays points only.",
            field="opener",
            remedy="Leave opener out, or let the operator run 'crowdledger deploy'.",
        )
    place = service.deployment
    return PoolPlace(chain_id=place.chain_id, pool=place.pool, log_id=place.log_id, opener=new.opener)
