"""What users type and write for ``crowdledger decide``, and what is planned from it."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cli.decide import parameters, share, units
from ledger.cli.known_answers import read_gold, read_tasks
from ledger.client.deciding import Piece, Plan, Work, pay_of, plan_by_method
from ledger.consensus.registry import find_method
from ledger.errors import ConfigError, FormatError
from ledger.statements.values import format_score, score_millionths
from ledger.wire import Campaign

PEOPLE, TASKS = 6, 5


@given(st.integers(0, 1_000_000))
def test_a_share_is_read_as_statements_write_it(millionths: int) -> None:
    assert share(format_score(millionths), "--threshold") == millionths


@given(st.text(max_size=10))
def test_what_is_no_share_is_refused(text: str) -> None:
    try:
        found = share(text, "--threshold")
    except ConfigError:
        return
    assert found == round(float(text) * 1_000_000)


@pytest.mark.parametrize("text", ["", ".", "1.0000001", "1.1", "-0", "+1", "٠.5", "1e-1", "0x1"])
def test_these_are_no_shares(text: str) -> None:
    with pytest.raises(ConfigError, match="--threshold"):
        share(text, "--threshold")


@pytest.mark.parametrize("text", ["", "0", "-5", "1.5", str(2**120), "1" * 5000, "٥"])
def test_these_are_no_amounts(text: str) -> None:
    with pytest.raises(ConfigError, match="no amount"):
        units(text)
    assert units(str(2**120 - 1)) == 2**120 - 1


def test_parameters() -> None:
    assert parameters(["prior=4", "rule=a=b", "empty="]) == {"prior": "4", "rule": "a=b", "empty": ""}
    for wrong in (["prior"], ["=4"], ["a=1", "a=2"]):
        with pytest.raises(ConfigError, match="NAME=VALUE"):
            parameters(wrong)


_NAME = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=8)


@given(st.dictionaries(_NAME, _NAME, min_size=1, max_size=8))
def test_known_answers_as_a_table_and_as_json(tmp_path_factory: pytest.TempPathFactory, gold: dict[str, str]) -> None:
    file = tmp_path_factory.getbasetemp() / "gold"

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    rows = "".join(f"{quoted(task)},{quoted(label)}\r\n" for task, label in gold.items())
    file.write_bytes(("\ufeffTask,Label\r\n" + rows).encode())
    assert read_gold(file) == gold
    file.write_text(json.dumps(gold))
    assert read_gold(file) == gold
    assert read_tasks(file) == gold


def test_labels_of_json_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "gold").write_text('{"a": 1, "b": {"y": 1, "x": null}}')
    assert read_gold(tmp_path / "gold") == {"a": "1", "b": '{"x":null,"y":1}'}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "line 1: the header is ''"),
        ("task,truth\na,b\n", "line 1: the header"),
        ("task,label\n", "no known answer"),
        ("task,label\na\n", "line 2: it needs"),
        ("task,label\n\na,b\nc, \n", "line 4: it needs"),
        ("task,label\na,b\na,c\n", "line 3: the task 'a' has another answer"),
        ('task,label\na,"b\n', "line 2"),
        ("{1: 2}", "no JSON object"),
        ("\xff", "not UTF-8"),
    ],
)
def test_a_table_that_is_not_right(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "gold.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(FormatError, match=named):
        read_gold(tmp_path / "gold.csv")


@given(st.binary(max_size=60))
def test_bytes_never_make_it_fall_over(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any"
    file.write_bytes(data)
    for read in (read_gold, read_tasks):
        with contextlib.suppress(FormatError):
            assert cast(Any, read)(file)


# ---- plans ----

_LABELS = st.lists(st.sampled_from("ab?"), min_size=PEOPLE * TASKS, max_size=PEOPLE * TASKS)


def work_of(labels: list[str], policy: dict[str, str] | None = None) -> Work:
    """Every person's answer to every task; ``?`` is one that was erased."""
    said = {"name": "piece_rate", "amount": "7"} if policy is None else policy
    campaign = Campaign.model_construct(policy=said, bonus_limit=None)
    pieces = tuple(
        Piece(f"c{n:02}", n, f"t{n % TASKS}", f"p{n // TASKS}", 0, None if label == "?" else {"is": label})
        for n, label in enumerate(labels)
    )
    return Work(campaign, pieces)


def planned(work: Work, threshold: int = 600_000, gold: dict[str, str] | None = None) -> Plan:
    return plan_by_method(
        work, find_method("majority"), gold or {}, threshold_millionths=threshold, least_votes=2, field="is"
    )


@given(_LABELS.filter(lambda labels: labels.count("?") < PEOPLE * TASKS), st.integers(0, PEOPLE * TASKS))
def test_what_was_decided_keeps_its_vote_and_its_decision(labels: list[str], cut: int) -> None:
    whole = planned(work_of(labels))
    assert sorted([*(one.contribution for one in whole.rulings), *whole.doubtful]) == sorted(
        piece.id for piece in work_of(labels).pieces
    )
    work = work_of(labels)
    decided = {one.contribution for one in whole.rulings if int(one.contribution[1:]) < cut}
    pieces = tuple(
        replace(piece, decision="d", verdict="accepted") if piece.id in decided else piece for piece in work.pieces
    )
    rest = planned(Work(work.campaign, pieces))
    assert rest.document == whole.document
    assert rest.doubtful == whole.doubtful
    assert rest.rulings == tuple(one for one in whole.rulings if one.contribution not in decided)


@given(_LABELS.filter(lambda labels: labels.count("?") < PEOPLE * TASKS), st.integers(0, 1_000_000))
def test_verdicts_scores_and_words_belong_together(labels: list[str], threshold: int) -> None:
    work = work_of(labels)
    plan = planned(work, threshold, {"t0": "a"})
    content = {piece.id: piece.content for piece in work.pieces}
    for one in plan.rulings:
        said = content[one.contribution]
        assert isinstance(said, dict)
        task = int(one.contribution[1:]) % TASKS
        counts = Counter(label for n, label in enumerate(labels) if n % TASKS == task and label != "?")
        if task == 0:
            assert (one.verdict == "accepted") == (said["is"] == "a")
            assert "the known answer" in one.why
        else:
            sure = max(counts.values()) * 1_000_000 // counts.total()
            assert sure >= threshold
            assert one.score == (sure if one.verdict == "accepted" else 0)
            assert one.why.startswith(f"{counts[str(said['is'])]} of {counts.total()} people")
            assert f"a confidence of {format_score(sure)}." in one.why
    erased = {piece.id for piece in work.pieces if piece.content is None}
    assert erased <= plan.doubtful.keys()


@given(_LABELS.filter(lambda labels: labels.count("?") < PEOPLE * TASKS), st.integers(0, 10**30))
def test_the_pay_of_a_plan(labels: list[str], amount: int) -> None:
    plan = planned(work_of(labels), 0)
    scores = [one.score for one in plan.rulings if one.verdict == "accepted"]
    assert pay_of(work_of(labels), plan) == 7 * len(scores)
    by_score = work_of(labels, {"name": "score_rate", "max_amount": str(amount)})
    assert pay_of(by_score, plan) == sum(amount * score // score_millionths("1") for score in scores)
    assert pay_of(work_of(labels, {"name": "pool", "total": "5"}), plan) is None
