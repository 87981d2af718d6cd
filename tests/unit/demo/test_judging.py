"""Processing's judgement on the real answers, counted again in floating point and without the project's code."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from ledger.client.deciding import Piece, Work
from ledger.demo import judging
from ledger.demo.answers import Answer, read_answers
from ledger.wire import Campaign

DATA = Path(__file__).parents[2] / "data" / "snow2008-rte.csv"


def judged(answers: list[Answer], gold: dict[str, str]) -> list[judging.Judgement]:
    by_id = {str(answer.row): answer for answer in answers}
    pieces = [
        Piece(str(answer.row), answer.row, answer.task, answer.worker, 0, {"label": answer.label}) for answer in answers
    ]
    planned = judging.plan(Work(Campaign.model_construct(), tuple(pieces)), gold)
    return list(judging.judgements(planned, by_id, gold).values())


def by_hand(answers: list[Answer], gold: dict[str, str]) -> dict[int, tuple[bool, bool]]:
    """Row -> (accepted, by a person)."""
    right: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for answer in answers:
        if answer.task in gold:
            met[answer.worker] += 1
            right[answer.worker] += answer.label == gold[answer.task]
    crowd = (1 + right.total()) / (2 + met.total())
    weight = {}
    for worker in {answer.worker for answer in answers}:
        r = (right[worker] + 4 * crowd) / (met[worker] + 4)
        weight[worker] = max(0.0, math.log2(r / (1 - r)))
    groups = defaultdict(list)
    for answer in answers:
        groups[answer.task].append(answer)
    found = {}
    for task, group in groups.items():
        votes: defaultdict[str, float] = defaultdict(float)
        for answer in group:
            votes[answer.label] += weight[answer.worker]
        best = max(votes, key=lambda label: votes[label])
        sure = votes[best] / sum(votes.values())
        for answer in group:
            if task in gold:
                found[answer.row] = (answer.label == gold[task], False)
            elif sure < 0.6:
                found[answer.row] = (answer.label == answer.truth, True)
            else:
                found[answer.row] = (answer.label == best, False)
    return found


@pytest.mark.parametrize("seed", [8_000, 1])
def test_the_real_answers_are_judged_as_counted_by_hand(seed: int) -> None:
    answers = read_answers(DATA)
    gold = judging.choose_gold(answers, seed)
    assert len(gold) == 80
    expected = by_hand(answers, gold)
    found = judged(answers, gold)
    assert {each.answer.row: (each.accepted, each.by == "person") for each in found} == expected
    assert sum(each.by == "gold" for each in found) == sum(answer.task in gold for answer in answers)


def test_gold_pays_for_more_right_answers_than_the_plain_majority_with_less_work_for_people() -> None:
    answers = read_answers(DATA)
    ours = judging.paid_right(judged(answers, judging.choose_gold(answers, 8_000)))
    plain = judging.majority_paid_right(answers)
    assert (plain.paid, plain.right, plain.by_person) == (5997, 5665, 650)
    assert (ours.paid, ours.right, ours.by_person) == (5917, 5720, 530)
    assert (ours.percent, plain.percent) == ("96.67", "94.46")


def test_so_it_is_over_the_questions_that_are_not_gold() -> None:
    answers = read_answers(DATA)
    gold = judging.choose_gold(answers, 8_000)
    ours = judging.paid_right(each for each in judged(answers, gold) if each.answer.task not in gold)
    plain = judging.majority_paid_right([answer for answer in answers if answer.task not in gold])
    assert (ours.percent, plain.percent) == ("96.30", "94.38")


def test_gold_is_drawn_by_the_seed_alone() -> None:
    answers = read_answers(DATA)
    shuffled = random.Random(3).sample(answers, len(answers))
    assert judging.choose_gold(answers, 5) == judging.choose_gold(shuffled, 5) != judging.choose_gold(answers, 6)


def test_without_gold_answers_nobody_can_be_shown_to_be_wrong() -> None:
    answers = [Answer(1, "q", "a", "yes", None), Answer(2, "q", "b", "no", None)]
    assert judging.choose_gold(answers, 1) == {}
    assert [(each.accepted, each.by) for each in judged(answers, {})] == [(True, "person"), (True, "person")]


def test_one_question_of_its_own_is_gold() -> None:
    answers = [Answer(1, "q", "a", "yes", "yes"), Answer(2, "q", "b", "no", "yes")]
    gold = judging.choose_gold(answers, 1)
    assert gold == {"q": "yes"}
    assert [(each.accepted, each.by) for each in judged(answers, gold)] == [(True, "gold"), (False, "gold")]


def test_experts_have_met_enough_gold_questions_and_were_right_on_nine_of_ten() -> None:
    gold = {str(task): "1" for task in range(10)}
    answers = [Answer(0, str(task), "good", "1" if task else "0", "1") for task in range(10)]
    answers += [Answer(0, str(task), "worse", "1" if task > 1 else "0", "1") for task in range(10)]
    answers += [Answer(0, str(task), "few", "1", "1") for task in range(judging.EXPERT_ANSWERS - 1)]
    assert judging.experts(answers, gold) == ["good"]


def test_nothing_paid_is_no_division_by_zero() -> None:
    assert judging.paid_right([]).percent == "0.00"
