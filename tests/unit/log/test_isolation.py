"""A platform's things are not there for another one; the same external id again is the same thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from ledger.errors import IdReusedError, NotFoundError
from ledger.log.items import Item, Record
from ledger.log.plan import Planned, Repeated
from ledger.statements.campaigns import Judging
from ledger.statements.log import LogOpened
from ledger.statements.values import format_time, uuid4
from tests.unit.log.memory import MemoryLog, outcomes
from tests.unit.log.samples import ORIGIN, Maker


class Stage:
    """A log in which one platform has one of everything, and another platform has nothing."""

    def __init__(self) -> None:
        self.log, self.owner, self.stranger = MemoryLog(), Maker("owner"), Maker("stranger")
        maker = self.owner
        opened = LogOpened(v=1, at=format_time(0), origin=ORIGIN, key="key", wallet_delay=3)
        self.judged = maker.open_campaign(id=maker.id(), judging=Judging(judges=2, agree=2))
        self.task, self.work = maker.add_task(), maker.submit("ann")
        self.fresh, self.entry = maker.submit("ann"), maker.submit("ann", campaign=self.judged.id)
        self.rejected = maker.decide(self.work.id, verdict="rejected", inputs=1, inputs_salt=maker.bytes())
        self.appeal = maker.appeal(self.work.id, self.rejected.id)
        self.review = maker.review(self.entry.id, "rev")
        self.result, self.mandate = maker.result(self.work.id), maker.mandate()
        made = self.log.write(
            Record(statement=opened),
            *(maker.register(), self.stranger.register(), maker.open_campaign(), self.judged),
            *(self.task, self.work, self.fresh, self.entry, self.rejected, self.appeal, self.review),
            *(self.result, self.mandate),
        )
        assert set(outcomes(made)) == {"Planned"}


ITEMS: dict[str, Callable[[Stage, Maker, Callable[[str], str]], Item]] = {
    "task": lambda s, m, i: m.add_task(campaign=i(s.owner.campaign)),
    "submit": lambda s, m, i: m.submit("eve", campaign=i(s.owner.campaign)),
    "decide": lambda s, m, i: m.decide(i(s.fresh.id)),
    "review": lambda s, m, i: m.review(i(s.entry.id), "eve"),
    "withdraw": lambda s, m, i: m.withdraw(i(s.fresh.id)),
    "reveal": lambda s, m, i: m.reveal(i(s.fresh.id), m.sealed("ann", s.owner.campaign)[1]),
    "appeal": lambda s, m, i: m.appeal(i(s.work.id), s.rejected.id),
    "resolve": lambda s, m, i: m.resolve(i(s.appeal.id), s.rejected.id, "eve"),
    "amend": lambda s, m, i: m.amend(campaign=i(s.owner.campaign), budget="2000"),
    "notice": lambda s, m, i: m.notice(campaign=i(s.owner.campaign)),
    "pause": lambda s, m, i: m.pause(campaign=i(s.owner.campaign)),
    "resume": lambda s, m, i: m.resume(campaign=i(s.owner.campaign)),
    "close": lambda s, m, i: m.close_campaign(campaign=i(s.owner.campaign)),
    "feedback": lambda s, m, i: m.feedback(s.work.fresh_id, campaign=i(s.owner.campaign)),
    "result": lambda s, m, i: m.result(campaign=i(s.owner.campaign)),
    "mandate": lambda s, m, i: m.mandate(campaign=i(s.owner.campaign)),
    "erase task": lambda s, m, i: m.erase("task", i(s.task.id)),
    "erase contribution": lambda s, m, i: m.erase("contribution", i(s.work.id)),
    "erase feedback": lambda s, m, i: m.erase("feedback", i(s.rejected.id)),
    "erase review": lambda s, m, i: m.erase("feedback", i(s.review.id)),
    "erase inputs": lambda s, m, i: m.erase("inputs", i(s.rejected.id)),
    "erase appeal": lambda s, m, i: m.erase("appeal", i(s.appeal.id)),
    "erase result": lambda s, m, i: m.erase("result", i(s.result.id)),
}


@pytest.mark.parametrize("name", ITEMS)
def test_another_platforms_thing_is_missing_like_one_that_never_was(name: str) -> None:
    stage, never = Stage(), Maker("never").id()
    theirs = stage.log.write(ITEMS[name](stage, stage.stranger, lambda real: real)).outcomes[0]
    missing = stage.log.write(ITEMS[name](stage, stage.stranger, lambda real: never)).outcomes[0]
    assert isinstance(theirs, NotFoundError)
    assert isinstance(missing, NotFoundError)
    words = [error.detail for error in (theirs, missing)]
    assert words[0][:20] == words[1][:20]  # the same words but for the id
    assert theirs.remedy == missing.remedy


def test_the_owner_may_do_all_of_it() -> None:
    """A test of the test above: it is the platform that makes the difference."""
    for name, make in ITEMS.items():
        stage = Stage()
        outcome = stage.log.write(make(stage, stage.owner, lambda real: real)).outcomes[0]
        assert not isinstance(outcome, NotFoundError), name


def test_a_mandate_of_another_platform_opens_nothing() -> None:
    stage = Stage()
    theirs = stage.stranger.mandate()
    made = stage.log.write(theirs, stage.owner.look(theirs.id, "contribution", stage.work.id))
    assert outcomes(made) == ["Planned", "NotFoundError"]


EXTERNAL: dict[str, tuple[Callable[[Stage], Any], dict[str, Any]]] = {
    "campaign": (lambda s: s.owner.open_campaign(id=s.owner.id(), external_id="x"), {"title": "Another"}),
    "notice": (lambda s: s.owner.notice(external_id="x"), {"text": "Other news."}),
    "task": (lambda s: s.owner.add_task(external_id="x"), {"content": 2}),
    "contribution": (lambda s: s.owner.submit("ann", external_id="x"), {"content": 2}),
    "decision": (lambda s: s.owner.decide(s.fresh.id, external_id="x"), {"score": "0.5"}),
    "review": (lambda s: s.owner.review(s.entry.id, "eve", external_id="x"), {"words": "Hm."}),
    "result": (lambda s: s.owner.result(s.work.id, external_id="x"), {"result": 3}),
}


@pytest.mark.parametrize("kind", EXTERNAL)
def test_the_same_external_id_is_the_same_thing(kind: str) -> None:
    stage = Stage()
    make, change = EXTERNAL[kind]
    item = make(stage)
    (first,) = stage.log.write(item).outcomes
    assert isinstance(first, Planned)
    fresh: dict[str, Any] = {"id": stage.owner.id(), "salt": stage.owner.bytes()}
    fresh |= {"fresh_id": uuid4(stage.owner.bytes())}
    again = replace(item, **{name: value for name, value in fresh.items() if hasattr(item, name)})
    assert stage.log.write(again).outcomes == [Repeated(item.id, first.index, kind)]
    (other,) = stage.log.write(replace(again, **change)).outcomes
    assert isinstance(other, IdReusedError)


def test_an_appeal_is_idempotent_too() -> None:
    stage = Stage()
    rejected = stage.owner.decide(stage.fresh.id, verdict="rejected")
    appeal = stage.owner.appeal(stage.fresh.id, rejected.id, external_id="x")
    again = replace(appeal, id=stage.owner.id(), salt=stage.owner.bytes())
    made = stage.log.write(rejected, appeal, again, replace(again, grounds="Other grounds."))
    assert outcomes(made) == ["Planned", "Planned", "Repeated", "IdReusedError"]
