from ledger.demo.answers import Answer, judge
from ledger.demo.run import link_early_and_late
from ledger.demo.summary import Summary


def answers(*labels: str) -> list[Answer]:
    return [Answer(row, "q", f"w{row:02}", label, "a") for row, label in enumerate(labels)]


def test_who_earned_nothing_is_never_left_for_the_second_settlement() -> None:
    early, late = link_early_and_late(judge(answers("a", "a", "a", "b", "b")))
    assert (early, late) == (["w00", "w01", "w03", "w04"], ["w02"])
    assert link_early_and_late(judge(answers("a"))) == (["w00"], [])
    assert link_early_and_late(judge(answers("b", "c"))) == (["w00", "w01"], [])


def test_a_run_in_which_nothing_is_accepted_can_be_good() -> None:
    summary = Summary(
        audit="pass", tampered_audit="fail", turned_entry=3, tampered_entry=3, tampered_range=[0, 4], contributors=2
    )
    assert summary.problems() == []
    summary.accepted = 1
    assert len(summary.problems()) == 2
