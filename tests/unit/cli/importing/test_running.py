"""Rows in batches, several on their way: every row counts once, the first row of an id comes first."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.cli.importing import running
from ledger.cli.importing.keeping import Progress, Rejects
from ledger.cli.importing.running import Batch, Run, batches, needs_order
from ledger.cli.importing.sending import Outcome, Sender
from ledger.connectors.preparing import Preparer
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, Refused, Skipped, TaskRecord
from ledger.errors import UnavailableError
from ledger.wire import Campaign
from tests.unit.cli.importing.scripted import CREATED, Scripted

CAMPAIGN = "01900000-0000-7000-8000-000000000001"
PREPARER = Preparer(CAMPAIGN)


def answer(line: int, id_: str, content: object = "yes") -> Record:
    return Record(line, contributions=(ContributionRecord(f"x:{id_}", "ann", content),))  # type: ignore[arg-type]


def decision(line: int, id_: str) -> Record:
    return Record(line, decisions=(DecisionRecord(f"x:{id_}", "accepted", f"x:{id_}:{line}"),))


def full_after(*reads: Read) -> int:
    """With how many rows a batch is full; these are repeated."""
    batch = Batch()
    while not batch.is_full:
        batch.add(reads[batch.reads % len(reads)], PREPARER)
    return batch.reads


def test_a_batch_is_full_by_things_bytes_or_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MAX_BATCH_ITEMS", 6)
    monkeypatch.setattr(running, "_MAX_BYTES", 4000)
    monkeypatch.setattr(running, "_MAX_ROWS", 9)
    assert full_after(answer(1, "a")) == 6
    task = TaskRecord("x:t", "?")
    assert full_after(Record(1, tasks=(task,), contributions=answer(1, "a").contributions)) == 6
    assert full_after(Record(1, contributions=answer(1, "a").contributions * 3)) == 2
    assert full_after(answer(1, "a", "x" * 1500)) == 3
    assert full_after(Skipped(1, "unfinished"), Refused(1, "bad", "mend it")) == 9


def test_what_a_batch_counts() -> None:
    reads: list[Read] = [
        answer(2, "a"),
        Skipped(3, "unfinished"),
        Refused(4, "It has 2 fields.", "Mend it."),
        Record(5, contributions=(ContributionRecord("x:b", "", "nobody"),)),
        Skipped(6, "unfinished"),
        decision(7, "a"),
    ]
    (batch,) = batches(iter(reads), PREPARER)
    assert (batch.reads, batch.line, len(batch.rows), batch.skipped) == (6, 7, 2, {"unfinished": 2})
    assert [each.line for each in batch.refused] == [4, 5]
    assert batch.ids() == {"x:a"}
    assert batch.needs_earlier()
    (alone,) = batches(iter(reads[:1]), PREPARER)
    assert not alone.needs_earlier()
    assert list(batches(iter([]), PREPARER)) == []


class Kept:
    """A run over rows, and what it kept of its progress after each batch."""

    def __init__(self, service: Scripted, folder: Path) -> None:
        self.progress = Progress()
        self.after: list[int] = []
        self.interrupted_at = -1
        self._service = service
        self._folder = folder

    def run(self, reads: Sequence[Read]) -> None:
        rejects = Rejects(self._folder / "rejects.csv", 0)

        def settled(batch: Batch, outcome: Outcome) -> None:
            assert batch.reads == outcome.used + len(outcome.refused) + batch.skipped.total()
            if self.progress.rows == self.interrupted_at:
                raise KeyboardInterrupt
            self.after.append(self.progress.rows)

        with Sender(self._service.url, "cl_key", CAMPAIGN) as sender:
            try:
                Run(sender, self.progress, rejects, settled, lambda _: None).over(batches(iter(reads), PREPARER))
            finally:
                rejects.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Scripted]:
    with Scripted().running() as found:
        yield found


_ROWS = st.lists(
    st.tuples(st.sampled_from(["answer", "answer", "decision", "skipped", "refused"]), st.integers(0, 6)), max_size=40
)


@settings(max_examples=15, deadline=None)
@given(_ROWS, st.integers(1, 4), st.integers())
def test_every_row_counts_once_and_the_first_of_an_id_comes_first(
    shared: Scripted, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]], size: int, seed: int
) -> None:
    """The service answers the requests that are on their way at once in any order."""
    random = Random(seed)
    came: dict[str, list[int]] = {}
    decided: dict[str, bool] = {}

    def judge(path: str, item: dict[str, Any]) -> dict[str, Any]:
        if path == "/v1/contributions/batch":
            came.setdefault(item["external_id"], []).append(item["content"])
        else:
            decided[item["external_id"]] = item["contribution_external_id"] in came
        return CREATED

    def late(_: str, path: str, body: Any) -> tuple[int, Any]:
        time.sleep(random.choice([0, 0, 0.002]))
        return 200, {"results": [judge(path, item) for item in body["items"]]}

    reads: list[Read] = []
    answered: set[int] = set()
    behind: set[str] = set()
    """Decisions whose contribution stands before them in the file."""
    for line, (kind, id_) in enumerate(rows, 2):
        if kind == "answer":
            reads.append(answer(line, str(id_), line))
            answered.add(id_)
        elif kind == "decision":
            reads.append(decision(line, str(id_)))
            behind |= {f"x:{id_}:{line}"} if id_ in answered else set()
        else:
            reads.append(Skipped(line, "unfinished") if kind == "skipped" else Refused(line, "bad", "mend it"))
    shared.answer = late
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(running, "MAX_BATCH_ITEMS", size)
        kept = Kept(shared, tmp_path_factory.mktemp("run"))
        kept.run(reads)
    kinds = Counter(kind for kind, _ in rows)
    progress = kept.progress
    assert progress.rows == len(rows)
    assert progress.used == kinds["answer"] + kinds["decision"] == sum(map(len, came.values())) + len(decided)
    assert (progress.refused, progress.skipped.get("unfinished", 0)) == (kinds["refused"], kinds["skipped"])
    assert kept.after == sorted(kept.after)
    assert behind <= {id_ for id_, came_after in decided.items() if came_after}
    for lines in came.values():
        assert lines == sorted(lines)


@pytest.mark.parametrize("fails", [1, 3, 5])
def test_what_stops_it_leaves_whole_batches_behind(
    service: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    monkeypatch.setattr(running, "MAX_BATCH_ITEMS", 2)
    monkeypatch.setattr("ledger.cli.importing.sending.PATIENCE_SECONDS", 0.0)

    def answers(_: str, __: str, body: Any) -> tuple[int, Any]:
        if any(item["content"] == fails * 2 for item in body["items"]):
            return 503, {"type": "/problems/unavailable", "detail": "Gone."}
        return 200, {"results": [CREATED for _ in body["items"]]}

    service.answer = answers
    kept = Kept(service, tmp_path)
    with pytest.raises(UnavailableError):
        kept.run([answer(line, str(line), line) for line in range(1, 13)])
    assert kept.progress.rows == 2 * (fails - 1), "batches behind the one that failed do not count"
    assert kept.after == [2 * (place + 1) for place in range(fails - 1)]
    assert json.dumps(kept.progress.written) == json.dumps({"contribution": 2 * (fails - 1)} if fails > 1 else {})


def test_who_is_interrupted_while_a_batch_is_counted_counts_no_other(
    service: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_BATCH_ITEMS", 2)
    service.judges(lambda *_: CREATED)
    kept = Kept(service, tmp_path)
    kept.interrupted_at = 4
    with pytest.raises(KeyboardInterrupt):
        kept.run([answer(line, str(line), line) for line in range(1, 13)])
    assert kept.after == [2]


@pytest.mark.parametrize("in_order", [True, False])
def test_where_only_so_many_answers_are_taken_the_files_order_is_the_logs(
    service: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_order: bool
) -> None:
    monkeypatch.setattr(running, "MAX_BATCH_ITEMS", 1)
    answered: list[str] = []

    def slow_at_first(_: str, item: dict[str, Any]) -> dict[str, Any]:
        time.sleep(0.3 if item["external_id"] == "x:0" else 0)
        answered.append(item["external_id"])
        return CREATED

    service.judges(slow_at_first)
    reads = [answer(line, str(line)) for line in range(3)]
    with Sender(service.url, "cl_key", CAMPAIGN) as sender:
        Run(sender, Progress(), Rejects(tmp_path / "r", 0), lambda *_: None, lambda _: None, in_order).over(
            batches(iter(reads), PREPARER)
        )
    assert (answered == ["x:0", "x:1", "x:2"]) == in_order


def test_which_campaigns_need_the_files_order() -> None:
    limited = {"limits": {"per_person": 1}, "pilot": None}, {"limits": None, "pilot": 3}
    assert all(needs_order(Campaign.model_construct(**each)) for each in limited)
    assert not needs_order(Campaign.model_construct(limits=None, pilot=None))
