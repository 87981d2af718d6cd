import sys
import types
from dataclasses import dataclass, field

import pytest

from ledger.consensus.answers import Judged
from ledger.consensus.judges import MAX_ITEMS, Item, judge_items, load_judge, statement_method
from ledger.errors import ConfigError, FormatError, TooLargeError


@dataclass
class Longest:
    """Accepts what is long enough."""

    name: str = "longest"
    version: str = "2"
    parameters: dict[str, str] = field(default_factory=lambda: {"least": "3"})

    def judge(self, items):
        least = int(self.parameters["least"])
        return [
            Judged(item.contribution, "accepted" if len(item.content) >= least else "rejected", 0, 0, "by length")
            for item in reversed(items)
        ]


ITEMS = [Item("c1", None, "long enough"), Item("c2", {"question": "?"}, "no")]


@pytest.fixture
def acme(monkeypatch):
    module = types.ModuleType("acme_quality")
    module.make = lambda parameters: Longest(parameters=parameters)
    module.broken = lambda parameters: 1 // 0
    module.nothing = lambda parameters: None
    module.shouting = lambda parameters: Longest(name="LOUD")
    module.wordy = lambda parameters: Longest(parameters={"least": "3" * 501})
    module.mute = lambda parameters: types.SimpleNamespace(name="a", version="1", parameters={}, judge=None)
    monkeypatch.setitem(sys.modules, "acme_quality", module)


def test_a_python_judge_is_loaded_and_named(acme):
    judge = load_judge("acme_quality:make", {"least": "2"})
    assert [one.verdict for one in judge_items(judge, ITEMS)] == ["accepted", "accepted"]
    assert [one.contribution for one in judge_items(judge, ITEMS)] == ["c1", "c2"]
    made = statement_method(judge, "ab" * 32)
    assert (made.type, made.name, made.version, made.parameters) == ("model", "longest", "2", {"least": "2"})


@pytest.mark.parametrize("name", ["broken", "nothing", "shouting", "wordy", "mute", "missing"])
def test_what_is_no_judge_is_a_wrong_setting(acme, name):
    with pytest.raises(ConfigError):
        load_judge(f"acme_quality:{name}")


@pytest.mark.parametrize(
    "spec", ["", "make", "acme:", ":make", "acme quality:make", "no_such_module_here:make", "a:b:c"]
)
def test_names_that_lead_nowhere(spec):
    with pytest.raises(ConfigError):
        load_judge(spec)


def fine(contribution, verdict="accepted", score=1, confidence=1, reason=""):
    return Judged(contribution, verdict, score, confidence, reason)


@pytest.mark.parametrize(
    "given",
    [
        [fine("c1")],
        [fine("c1"), fine("c2"), fine("c2")],
        [fine("c1"), fine("c2"), fine("c3")],
        [fine("c1"), fine("c2", verdict="no_longer_verifiable")],
        [fine("c1"), fine("c2", verdict="perhaps")],
        [fine("c1"), fine("c2", score=1_000_001)],
        [fine("c1"), fine("c2", score=-1)],
        [fine("c1"), fine("c2", score=0.5)],
        [fine("c1"), fine("c2", confidence=True)],
        [fine("c1"), fine("c2", reason="x" * 2001)],
        [fine("c1"), ("c2", "accepted")],
    ],
)
def test_verdicts_are_checked_like_any_input(given):
    judge = Longest()
    judge.judge = lambda items: given
    with pytest.raises(FormatError, match="longest"):
        judge_items(judge, ITEMS)


def test_too_many_items():
    with pytest.raises(TooLargeError):
        judge_items(Longest(), ITEMS * MAX_ITEMS)
