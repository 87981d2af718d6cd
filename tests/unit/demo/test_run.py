from typing import get_args

import pytest

from ledger.cli import demo
from ledger.demo.answers import Answer
from ledger.demo.cheating import Turned
from ledger.demo.judging import Judgement
from ledger.demo.planting import Planted, named_award
from ledger.demo.run import SCENES
from ledger.demo.scenes.processing import link_early_and_late
from ledger.demo.summary import Summary, tokens
from ledger.errors import ProofError


def judgements(*accepted: bool) -> list[Judgement]:
    return [Judgement(Answer(row, "q", f"w{row:02}", "a", "a"), good, "gold") for row, good in enumerate(accepted)]


def test_who_earned_nothing_is_never_left_for_the_second_settlement() -> None:
    early, late = link_early_and_late(judgements(True, True, True, False, False))
    assert (early, late) == (["w00", "w01", "w03", "w04"], ["w02"])
    assert link_early_and_late(judgements(True)) == (["w00"], [])
    assert link_early_and_late(judgements(False, False)) == (["w00", "w01"], [])


def test_every_type_of_campaign_has_a_scene_and_real_answers() -> None:
    assert set(SCENES) == set(get_args(demo.Campaign)) == set(demo.DATA)
    for name, scene in SCENES.items():
        assert scene(demo.DATA[name], 12).name == name


def test_a_run_in_which_nothing_is_accepted_can_be_good() -> None:
    summary = Summary("processing", audit="pass", turned=Turned(3, "fail", 3, [0, 4]), contributors=2)
    assert summary.problems() == []
    summary.awarded_total = 1
    assert len(summary.problems()) == 3


@pytest.mark.parametrize(
    "planted",
    [
        Planted("pending", "pool", 2, 1, ""),
        Planted("vetoed", "none", 2, 1, ""),
        Planted("vetoed", "pool", 2, 0, ""),
    ],
)
def test_a_wrong_award_that_is_not_named_is_a_problem(planted: Planted) -> None:
    summary = Summary("creation", audit="pass", awarded_total=1, paid_total=1, early_activation="x", early_claim="x")
    summary.planted = Planted("vetoed", "pool", 2, 1, "")
    assert summary.problems() == []
    summary.planted = planted
    assert len(summary.problems()) == 1


def test_the_award_of_another_campaign_is_not_the_planted_one() -> None:
    awards = [
        {"campaign": "a", "account": None, "rule": "pool"},
        {"campaign": "b", "account": "0x1", "rule": "none"},
        {"campaign": "b", "account": None, "rule": "budget"},
    ]
    assert named_award(awards, "b")["rule"] == "budget"
    with pytest.raises(ProofError):
        named_award(awards, "c")


def test_amounts_are_shown_exactly() -> None:
    assert [tokens(units) for units in (0, 1, 5 * 10**17, 1234 * 10**18)] == [
        "0",
        "0.000000000000000001",
        "0.5",
        "1,234",
    ]
