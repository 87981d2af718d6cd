"""Whatever is sent, in whatever groups: what the planner lets in takes effect in every replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import rules
from ledger.book.facts import Facts
from ledger.errors import CrowdLedgerError
from ledger.log.items import Item, Record, Submit
from ledger.log.plan import Planned
from ledger.statements.kinds import parse
from ledger.statements.log import ClockTick, LogOpened
from ledger.statements.values import format_time
from tests.unit.log.memory import MemoryLog
from tests.unit.log.samples import DAY_MS, ORIGIN, START_MS, Maker

VERDICTS = ("accepted", "rejected", "needs_work")
_index = st.integers(0, 6)


class Script:
    """Two platforms' items, drawn by number: references hit, miss, repeat and cross platforms."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self.makers = [Maker("a"), Maker("b")]
        self._work: list[Submit] = []
        self._decisions: dict[str, list[str]] = {}
        self._tasks: list[str] = []

    def draw(self) -> Item:
        maker = self.makers[self._data.draw(st.integers(0, 1))]
        kinds: list[Callable[[Maker], Item]] = [self._submit, self._decide, self._decide, self._replace, self._other]
        return self._data.draw(st.sampled_from(kinds))(maker)

    def _external(self) -> str | None:
        return str(self._data.draw(_index)) if self._one_in_eight() else None

    def _submit(self, maker: Maker) -> Submit:
        campaign = self._data.draw(st.sampled_from(self.makers)).campaign if self._one_in_eight() else maker.campaign
        task = self._pick(self._tasks)
        item = maker.submit(
            f"w{self._data.draw(_index)}",
            campaign=campaign,
            task=task if self._one_in_eight() else None,
            content=self._data.draw(st.booleans()),
            external_id=self._external(),
        )
        self._work.append(item)
        return item

    def _replace(self, maker: Maker) -> Item:
        if not self._work:
            return self._submit(maker)
        old = self._work[self._data.draw(st.integers(0, len(self._work) - 1))]
        fresh = maker.submit(old.contributor)
        item = replace(old, id=fresh.id, fresh_id=fresh.fresh_id, salt=fresh.salt, replaces=old.id, external_id=None)
        self._work.append(item)
        return item

    def _decide(self, maker: Maker) -> Item:
        if not self._work:
            return maker.decide(maker.id())
        work = self._work[self._data.draw(st.integers(0, len(self._work) - 1))]
        owner = next(each for each in self.makers if each.platform == work.platform)
        before = self._decisions.setdefault(work.id, [])
        item = (maker if self._one_in_eight() else owner).decide(
            work.id,
            verdict=self._data.draw(st.sampled_from(VERDICTS)),
            reviewer=self._data.draw(st.none() | _index.map(lambda each: f"w{each}")),
            supersedes=before[-1] if before and not self._one_in_eight() else None,
            external_id=self._external(),
        )
        before.append(item.id)
        return item

    def _other(self, maker: Maker) -> Item:
        task = maker.add_task(external_id=self._external())
        self._tasks.append(task.id)
        choices: list[Item] = [task, maker.add_key(), Record(statement=ClockTick(v=1, at=format_time(0)))]
        if self._one_in_eight():
            choices.append(maker.close_campaign())
        return self._data.draw(st.sampled_from(choices))

    def _pick(self, ids: list[str]) -> str | None:
        return ids[self._data.draw(st.integers(0, len(ids) - 1))] if ids else None

    def _one_in_eight(self) -> bool:
        return self._data.draw(st.integers(0, 7)) == 0


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_accepted_takes_effect_when_replayed(data: st.DataObject) -> None:
    log, script = MemoryLog(), Script(data)
    opened = LogOpened(v=1, at=format_time(0), origin=ORIGIN, key="key", wallet_delay=3)
    first, second = script.makers
    log.write(Record(statement=opened), first.register(), second.register())
    log.write(first.open_campaign(), second.open_campaign(appeal_window=DAY_MS // 1000))
    now_ms, written = START_MS, len(log.entries)
    for _ in range(data.draw(st.integers(1, 4))):
        now_ms += data.draw(st.sampled_from([0, 1, 3_000, 3_001, DAY_MS // 2, DAY_MS]))
        group = [script.draw() for _ in range(data.draw(st.integers(1, 12)))]
        made = log.write(*group, now_ms=now_ms, confirmed_ms=now_ms)
        assert len(made.outcomes) == len(group)
        accepted = [outcome for outcome in made.outcomes if isinstance(outcome, Planned)]
        assert [outcome.index for outcome in accepted] == list(range(written, written + len(accepted)))
        written += len(accepted)
    facts = Facts()
    for entry in log.entries:
        statement = parse(entry.statement)
        try:
            rules.check(statement, entry.entry_index, facts)
        except CrowdLedgerError as error:
            raise AssertionError(f"entry {entry.entry_index} was accepted but has no effect") from error
        facts.apply(statement, entry.entry_index)
    assert facts.contributions == log.loaded.facts.contributions
    assert facts.campaigns.keys() == log.loaded.facts.campaigns.keys()
