import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.consensus.answers import MILLION, Answer
from ledger.consensus.bits import BIT, log2
from ledger.consensus.gold import GoldQuestions, GoldWeighted
from ledger.consensus.majority import MajorityVote
from ledger.consensus.methods import Outcome
from ledger.consensus.registry import find_method, method_names
from ledger.errors import FieldError
from tests.unit.consensus.label_sets import made_up, read, share_right, tenth


@given(st.integers(1, 10**30), st.integers(1, 10**30))
def test_logarithms_of_whole_numbers(numerator, denominator):
    exact = math.log2(numerator) - math.log2(denominator)
    assert -1.01 <= log2(numerator, denominator) - exact * BIT <= 0.01
    assert log2(denominator * 8, denominator) == 3 * BIT


@pytest.mark.parametrize("method", [MajorityVote(), GoldQuestions(), GoldWeighted(), GoldWeighted(2, 600_000)])
@given(made_up(), st.randoms())
def test_the_order_of_arrival_changes_nothing(method, case, shuffler: random.Random):
    answers, gold = case
    mixed = list(answers)
    shuffler.shuffle(mixed)
    backwards = dict(reversed(gold.items()))
    outcome = method.judge(answers, gold)
    assert outcome == method.judge(mixed, backwards)
    check_bounds(outcome)


def check_bounds(outcome: Outcome) -> None:
    for number in [*outcome.confidence.values(), *outcome.reliability.values()]:
        assert type(number) is int
        assert 0 <= number <= MILLION
    assert outcome.labels.keys() <= outcome.confidence.keys()


def rows(*lines: str) -> list[Answer]:
    return [Answer(f"c{n}", *line.split()) for n, line in enumerate(lines)]


def test_gold_questions_judge_only_themselves():
    outcome = GoldQuestions().judge(rows("g ann a", "g bob b", "h ann a", "t bob a"), {"g": "a", "h": "a", "x": "b"})
    assert outcome.labels == {"g": "a", "h": "a"}
    assert outcome.confidence == {"g": MILLION, "h": MILLION}
    assert outcome.reliability == {"ann": 750_000, "bob": 333_333}  # (2+1)/(2+2), (0+1)/(1+2)


def test_one_reliable_person_outvotes_two_who_fail_the_gold_questions():
    tests = [f"g{n} {who} {label}" for n in range(6) for who, label in (("ann", "a"), ("bob", "b"), ("cid", "b"))]
    given = rows(*tests, "t ann a", "t bob b", "t cid b", "u bob b", "u cid b")
    gold = {f"g{n}": "a" for n in range(6)}
    outcome = GoldWeighted().judge(given, gold)
    assert outcome.labels["t"] == "a"
    assert "u" not in outcome.labels  # nobody with any weight has answered
    assert outcome.confidence["u"] == 0
    # (right + prior * crowd) / (answered + prior), the crowd's own share smoothed: (6 + 1) / (18 + 2)
    assert outcome.reliability["ann"] == int((6 + 4 * Fraction(7, 20)) / 10 * MILLION)
    assert MajorityVote().judge(given, gold).labels["t"] == "b"


def test_equal_weights_tie_and_those_under_the_threshold_have_no_vote():
    given = rows("g ann a", "g bob a", "g cid b", "t ann a", "t bob b", "t cid b")
    assert GoldWeighted().judge(rows("g ann a", "g bob a", "t ann a", "t bob b"), {"g": "a"}).labels == {"g": "a"}
    assert "t" not in GoldWeighted(4, 600_000).judge(given, {"g": "a"}).labels  # cid is left out, the others tie
    assert GoldWeighted().judge(given, {"g": "a"}).confidence["t"] < MILLION


@pytest.mark.parametrize("name", ["rte", "temporal", "bluebirds"])
def test_a_tenth_of_gold_questions_beats_the_majority_on_the_other_tasks(name):
    answers, gold = read(name)
    known = tenth(gold)
    rest = {task: label for task, label in gold.items() if task not in known}
    plain = share_right(MajorityVote().judge(answers, known).labels, rest)
    weighted = share_right(GoldWeighted().judge(answers, known).labels, rest)
    assert weighted > plain + 0.02
    assert (name, round(plain, 3), round(weighted, 3)) in {
        ("rte", 0.854, 0.922),
        ("temporal", 0.928, 0.949),
        ("bluebirds", 0.732, 0.814),
    }


def test_methods_are_found_by_name_and_made_again_from_their_parameters():
    for name in ("majority", "gold", "gold_weighted"):
        assert name in method_names()
        method = find_method(name)
        assert find_method(method.name, method.parameters) == method
    assert find_method("gold_weighted", {"prior": "9"}).parameters == {"prior": "9", "least_reliability": "0"}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("best", {}),
        ("crowdkit:KOS", {}),
        ("crowdkit:", {}),
        ("dawidskene", {}),
        ("majority", {"prior": "1"}),
        ("gold", {"x": "1"}),
        ("gold_weighted", {"prior": "0"}),
        ("gold_weighted", {"prior": "-1"}),
        ("gold_weighted", {"prior": "1.5"}),
        ("gold_weighted", {"prior": "٣"}),
        ("gold_weighted", {"least_reliability": "1000001"}),
    ],
)
def test_unknown_names_and_wrong_parameters_are_refused(name, parameters):
    with pytest.raises(FieldError):
        find_method(name, parameters)
