"""The demo as a user types it, on some of the real answers; every figure is counted again from the files."""

from __future__ import annotations

import csv
import json
import math
import random
import subprocess
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cli.served import run_here

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
TOKEN = 10**18
QUESTIONS = {"solving": 24, "processing": 40, "funding": 6, "creation": 60, "rating": 12}
IN_SUITE, IN_LONG = ("processing",), ("solving", "rating", "funding", "creation")
"""The scenarios of tests/integration play a campaign of every type in every suite."""
_AT_ONCE = 3
"""Most of a demo's time is waiting for delays."""


class Runs:
    """The last line of every campaign's run, played when asked for. Each must be good and leave nothing behind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._results: dict[str, dict[str, Any]] = {}

    def __getitem__(self, campaign: str) -> dict[str, Any]:
        if campaign not in self._results:
            group = IN_SUITE if campaign in IN_SUITE else IN_LONG
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                self._results |= zip(group, pool.map(self._run, group), strict=True)
            assert not list(self._folder.iterdir())
        return self._results[campaign]

    def _run(self, campaign: str) -> dict[str, Any]:
        options = ["--campaign", campaign, "--questions", str(QUESTIONS[campaign]), "--json"]
        command = [sys.executable, "-m", "ledger.cli", "demo", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self._folder)
        assert done.returncode == 0, f"{campaign}: {done.stdout}{done.stderr}"
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """All runs."""
    return Runs(tmp_path_factory.mktemp("demo"))


def marked(campaign: str, *others: str) -> Any:
    """A parameter, in the long tests where its campaign is."""
    return pytest.param(campaign, *others, marks=[pytest.mark.long] if campaign in IN_LONG else [])


def rows_of(name: str, questions: int | None = None) -> list[dict[str, str]]:
    """The rows of a file with labels, of the first questions."""
    with (DATA / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = list(dict.fromkeys(row["task"] for row in rows))[:questions]
    return [row for row in rows if row["task"] in set(chosen)]


def birds(questions: int) -> list[dict[str, str]]:
    """The labels of so many pictures, both birds in turn."""
    rows = rows_of("labels/bluebirds.csv")
    truth = {row["task"]: row["truth"] for row in rows}
    kinds = [[task for task in truth if truth[task] == kind] for kind in ("0", "1")]
    turns = [task for pair in zip_longest(*kinds) for task in pair if task is not None]
    return [row for row in rows if row["task"] in set(turns[:questions])]


@pytest.mark.parametrize("campaign", [marked(campaign) for campaign in QUESTIONS])
def test_everything_awarded_is_paid_and_audited(runs: Runs, campaign: str) -> None:
    result = runs[campaign]
    assert result["campaign"] == campaign
    assert result["audit"] == "pass"
    assert result["awarded_total"] == result["paid_total"]
    assert result["anchored_size"] == result["entries"] > result["contributions"] + result["decisions"]
    assert result["receipts_verified"] > 0
    assert "DelayNotOver" in result["early_activation"]
    assert "InvalidProof" in result["early_claim"]
    assert result["gas"].keys() == {"anchor", "propose", "claim"}
    assert all(gas["total"] >= gas["per_item"] > 0 for gas in result["gas"].values())
    assert sum(result["phases"].values()) <= result["seconds"]


@pytest.mark.parametrize(
    ("campaign", "rule"),
    [
        marked("rating", "rejected"),
        marked("solving", "prizes"),
        marked("creation", "pool"),
        marked("funding", "rejected"),
    ],
)
def test_a_wrong_award_is_named_with_its_rule(runs: Runs, campaign: str, rule: str) -> None:
    planted = runs[campaign]["planted"]
    assert (planted["end"], planted["rule"]) == ("vetoed", rule)
    assert planted["awarded"] == runs[campaign]["awarded_total"]
    assert int(planted["claimed"]) > int(planted["awarded"])


def judged_by_hand(rows: list[dict[str, str]]) -> tuple[Counter[str], int]:
    """Accepted answers by person, and how many answers a person judged, by the rule that the pages tell."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["task"]].append(row)
    gold = set(random.Random(8_000).sample(sorted(groups), max(1, len(groups) // 10)))
    right: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for row in rows:
        if row["task"] in gold:
            met[row["worker"]] += 1
            right[row["worker"]] += row["label"] == row["truth"]
    crowd = (1 + right.total()) / (2 + met.total())
    accepted: Counter[str] = Counter()
    by_person = 0
    for task, group in groups.items():
        weights: defaultdict[str, float] = defaultdict(float)
        for row in group:
            reliability = (right[row["worker"]] + 4 * crowd) / (met[row["worker"]] + 4)
            weights[row["label"]] += max(0.0, math.log2(reliability / (1 - reliability)))
        best = max(weights, key=lambda label: weights[label])
        doubtful = task not in gold and weights[best] < 0.6 * sum(weights.values())
        by_person += len(group) if doubtful else 0
        for row in group:
            expected = row["truth"] if doubtful or task in gold else best
            accepted[row["worker"]] += row["label"] == expected
    return accepted, by_person


def test_processing(runs: Runs) -> None:
    result, rows = runs["processing"], rows_of("snow2008-rte.csv", QUESTIONS["processing"])
    accepted, by_person = judged_by_hand(rows)
    people = {row["worker"] for row in rows}
    assert (result["contributions"], result["decisions"], result["contributors"]) == (len(rows), len(rows), len(people))
    assert (result["accepted"], result["by_person"], result["gold_questions"]) == (accepted.total(), by_person, 4)
    assert result["claims"] == sum(1 for number in accepted.values() if number)
    rate = TOKEN // 20
    assert int(result["awarded_total"]) == rate * accepted.total() + int(result["bonus_total"])
    ours, plain = result["paid_right"], result["majority_paid_right"]
    assert int(ours["paid"]) == rate * accepted.total()
    votes: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        votes[row["task"]].append(row["label"])
    tops = {task: Counter(given).most_common() for task, given in votes.items()}
    tied = {task for task, top in tops.items() if len(top) > 1 and top[0][1] == top[1][1]}
    paid = [row for row in rows if row["label"] == (row["truth"] if row["task"] in tied else tops[row["task"]][0][0])]
    assert int(plain["paid"]) == rate * len(paid)
    assert int(plain["right"]) == rate * sum(row["label"] == row["truth"] for row in paid)
    assert result["run_again"] == 20
    assert result["tampered_audit"] == "fail"
    old, new = result["tampered_range"]
    assert old <= result["tampered_entry"] < new


@pytest.mark.long
def test_rating(runs: Runs) -> None:
    result = runs["rating"]
    found = json.loads((DATA / "surveys" / "frackfinder-oh-2014-task_run.json").read_text())
    chosen = set(sorted({each["task_id"] for each in found})[: QUESTIONS["rating"]])
    first: dict[tuple[Any, ...], str] = {}
    for each in sorted(found, key=lambda one: (one["finish_time"], one["id"])):
        if each["task_id"] in chosen:
            first.setdefault((each["task_id"], each["user_id"], each["user_ip"]), each["info"]["selection"])
    assert result["tally"] == Counter(first.values())
    assert result["accepted"] == len(first) == result["contributions"] - result["invalid"]
    assert result["invalid"] > 0
    assert int(result["awarded_total"]) == TOKEN // 10 * len(first)


@pytest.mark.long
def test_solving(runs: Runs) -> None:
    result = runs["solving"]
    assert (result["sealed"], result["revealed"], result["decisions"]) == (39, 38, 38)
    assert result["anchored_before_deadline"]
    assert result["readable_before_deadline"] == 0
    assert result["not_revealed"] not in result["prizes"]
    appeal = result["appeal"]
    assert float(appeal["score_before"]) < float(appeal["score_after"])
    rows = birds(QUESTIONS["solving"])
    mine = [row for row in rows if row["worker"] == appeal["entrant"]]
    shares = [
        sum(row["label"] == bird for row in mine if row["truth"] == bird) / sum(row["truth"] == bird for row in mine)
        for bird in ("0", "1")
    ]
    assert math.isclose(float(appeal["score_after"]), (2 * shares[0] + 2 * shares[1] + 1) / 5, abs_tol=2e-6)
    won = {name: int(units) for name, units in result["prizes"].items()}
    assert next(iter(won)) == appeal["entrant"]
    assert sum(won.values()) <= 1_000 * TOKEN
    assert int(result["judges_paid"]) == (38 * 3 + 1) * TOKEN // 2
    assert int(result["awarded_total"]) == sum(won.values()) + int(result["judges_paid"])


@pytest.mark.long
def test_creation(runs: Runs) -> None:
    result, rows = runs["creation"], rows_of("labels/snow2008-temporal.csv", QUESTIONS["creation"])
    by_person = defaultdict(list)
    for row in rows:
        by_person[row["worker"]].append(row["label"] == row["truth"])
    parts = [given[begin : begin + 10] for given in by_person.values() for begin in range(0, len(given), 10)]
    accepted = [part for part in parts if sum(part) * 10 >= 7 * len(part)]
    assert (result["contributions"], result["accepted"]) == (len(parts), len(accepted))
    assert int(result["awarded_total"]) == 1_000 * TOKEN
    assert 0 < result["data_set"]["questions"] <= QUESTIONS["creation"]
    assert float(result["data_set"]["right"]) > 0.8


@pytest.mark.long
def test_funding(runs: Runs) -> None:
    result, rows = runs["funding"], birds(QUESTIONS["funding"])
    right = sum(row["label"] == row["truth"] for row in rows)
    assert (result["contributions"], result["accepted"]) == (len(rows), right)
    assert int(result["awarded_total"]) == TOKEN // 10 * right
    raised, goal = int(result["raised"]), int(result["goal"])
    assert raised > goal == TOKEN // 10 * len(rows) > int(result["raised_missed"])
    assert int(result["unspent"]) == raised - int(result["awarded_total"])
    assert int(result["returned"]) + int(result["dust"]) == int(result["unspent"])
    assert 0 <= int(result["dust"]) < 5
    assert result["refunded"] == result["raised_missed"]
    assert "WrongTotal" in result["pay_without_goal"]
    assert "NotRefundable" in result["early_refund"]


@pytest.mark.parametrize(
    ("campaign", "text", "words"),
    [
        ("processing", "task,worker,label\nq1,a,yes\nq1,b\n", "line 3"),
        ("solving", "task,worker,label\nq1,a,yes\n", "line 2"),
        ("rating", "task,worker,label\n", "PYBOSSA"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    campaign: str,
    text: str,
    words: str,
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(text)
    ended = run_here(capsys, monkeypatch, "demo", "--campaign", campaign, "--data", bad)
    assert (ended.code, words in ended.err) == (2, True), ended.err
