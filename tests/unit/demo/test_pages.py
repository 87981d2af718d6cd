"""The small examples that docs/campaigns counts out, counted again."""

from __future__ import annotations

from pathlib import Path

from ledger.book.policies import Entry, share_out
from ledger.consensus.answers import Answer
from ledger.consensus.gold import GoldWeighted
from ledger.demo.backers import split
from ledger.statements.campaigns import Pool

PAGES = Path(__file__).parents[3] / "docs" / "campaigns"


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text()


def test_ann_and_ben_against_cem() -> None:
    right = {"ann": 4, "ben": 2, "cem": 5}
    answers = [
        Answer(f"{who}-{number}", f"gold-{number}", who, "1" if number < count else "0")
        for who, count in right.items()
        for number in range(5)
    ]
    answers += [Answer(f"{who}-q", "q", who, "0" if who == "cem" else "1") for who in right]
    outcome = GoldWeighted().judge(answers, {f"gold-{number}": "1" for number in range(5)})
    assert outcome.labels["q"] == "0"
    assert f"{outcome.confidence['q'] / 10**6:.4f}".startswith("0.595")
    assert outcome.reliability == {
        who: odds[0] * 10**6 // sum(odds) for who, odds in {"ann": (116, 37), "ben": (82, 71), "cem": (133, 20)}.items()
    }
    assert "116:37, 82:71 and 133:20" in page("processing")
    assert "0.595" in page("processing")


def test_a_pool_of_a_hundred_units() -> None:
    scores = {"1": 1_000_000, "0.9": 900_000, "0.8": 800_000}
    entries = [Entry(place, text, text, score) for place, (text, score) in enumerate(scores.items())]
    shared = {entry.contribution: units for entry, units in share_out(Pool(total="100"), entries)}
    assert shared == {"1": 37, "0.9": 33, "0.8": 30}
    assert "| 0.8 | 29.629 | 29 | **30** |" in page("creation")


def test_what_backers_take_back() -> None:
    goal, awarded = 39 * 10**18, 241 * 10**17
    raised = goal * 5 // 4 + 7
    stakes = split(raised, (7, 5, 3, 2, 1))
    back = [stake * (raised - awarded) // raised for stake in stakes]
    rows = [f"| {stake} | {returned} |" for stake, returned in zip(stakes, back, strict=True)]
    assert all(row in page("funding") for row in rows)
    assert raised - awarded - sum(back) == 3
