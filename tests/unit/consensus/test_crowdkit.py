import importlib
import random
import sys
import time

import pytest

from ledger.consensus import crowdkit_methods
from ledger.consensus.answers import MILLION, Answer, votes_of
from ledger.consensus.decide import decide, inputs_document, rerun, statement_method
from ledger.consensus.majority import MajorityVote
from ledger.consensus.registry import find_method, method_names
from ledger.errors import ConfigError, FieldError, TooLargeError
from ledger.statements import canonical
from tests.unit.consensus.label_sets import SETS, read, share_right, tenth

NAMES = [name for name in method_names() if name.startswith("crowdkit:")]


def test_without_the_extra_the_remedy_is_to_install_it(monkeypatch):
    for module in ("crowdkit", "crowdkit.aggregation"):
        monkeypatch.setitem(sys.modules, module, None)
    assert "crowdkit:DawidSkene" in method_names()
    with pytest.raises(ConfigError, match="make consensus"):
        find_method("crowdkit:DawidSkene")


@pytest.fixture(scope="module")
def aggregation():
    """crowd-kit itself; 'make test-long' installs it."""
    return pytest.importorskip("crowdkit.aggregation")


@pytest.fixture(scope="module")
def frame(aggregation):
    """Answers as crowd-kit takes them, sorted by label and person.

    MACE needs people to come first in the order of their names, so they are numbered in the order of the rows: its
    parameters would go to other people otherwise.
    """
    pandas = importlib.import_module("pandas")

    def made(answers):
        rows = sorted((one.label, one.contributor, one.task) for one in answers)
        number = {who: f"{n:03}" for n, who in enumerate(dict.fromkeys(who for _, who, _ in rows))}
        return pandas.DataFrame(
            [(task, number[who], label) for label, who, task in rows], columns=["task", "worker", "label"]
        )

    return made


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("data", SETS)
@pytest.mark.parametrize("name", NAMES)
def test_accuracy_is_that_of_crowd_kit_called_directly(name, data, aggregation, frame):
    answers, gold = read(data)
    outcome = find_method(name).judge(answers, {})
    chances = getattr(aggregation, name.removeprefix("crowdkit:"))().fit_predict_proba(frame(answers))
    theirs = chances.idxmax(axis="columns").to_dict()
    ties = set(gold) - outcome.labels.keys()
    assert all(theirs[task] == label for task, label in outcome.labels.items())
    assert all(chances.loc[task].max() - chances.loc[task].median() < 1e-6 for task in ties)
    decided = {task: gold[task] for task in outcome.labels}
    assert share_right(outcome.labels, decided) == share_right(theirs, decided)
    assert ties == set() or name == "crowdkit:MajorityVote"
    for task, label in outcome.labels.items():
        assert abs(outcome.confidence[task] - chances.loc[task, label] * MILLION) < 1


@pytest.mark.long
@pytest.mark.parametrize("data", SETS)
def test_our_majority_is_that_of_crowd_kit(data, aggregation):
    answers, _ = read(data)
    ours, theirs = MajorityVote().judge(answers, {}), find_method("crowdkit:MajorityVote").judge(answers, {})
    assert ours.labels == theirs.labels
    assert all(abs(ours.confidence[task] - number) <= 1 for task, number in theirs.confidence.items())


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_known_answers_go_into_dawid_skene(aggregation, frame):
    answers, gold = read("bluebirds")
    known = tenth(gold)
    outcome = find_method("crowdkit:DawidSkene").judge(answers, known | {"25": "unheard of", "nowhere": "1"})
    pandas = importlib.import_module("pandas")
    theirs = aggregation.DawidSkene().fit_predict(frame(answers), true_labels=pandas.Series(known)).to_dict()
    assert outcome.labels == theirs
    assert all(outcome.confidence[task] == MILLION for task in known)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_order_names_and_strange_labels_change_nothing(name, aggregation):
    answers, gold = read("bluebirds")
    names = {"0": "label", "1": "task"}
    some = [Answer(one.contribution, one.task, one.contributor, names[one.label]) for one in answers]
    mixed = list(some)
    random.Random(5).shuffle(mixed)
    method = find_method(name)
    assert method.judge(some, {}) == method.judge(mixed, {})
    plain = method.judge(answers, {})
    assert method.judge(some, {}).confidence == plain.confidence
    document = inputs_document(some, gold, method, threshold_millionths=700_000)
    first = decide(some, method.judge(some, gold), gold, threshold_millionths=700_000)
    assert rerun(canonical.decode(canonical.encode(document)), mixed) == first
    without = rerun(document, some[1:])
    assert {one.verdict for one in without if one.contribution == some[0].contribution} == {"no_longer_verifiable"}
    assert statement_method(method, "ab" * 32).version == importlib.import_module("crowdkit").__version__


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_small_and_odd_sets(name, aggregation):
    method = find_method(name)
    assert method.judge([], {}).labels == {}
    alike = [Answer(str(n), "t", who, "yes") for n, who in enumerate("abc")]
    assert method.judge(alike, {}).labels == {"t": "yes"}
    contrary = [Answer("1", "t", "ann", "yes"), Answer("2", "t", "ann", "no")]
    assert method.judge(contrary, {}).labels == {}
    tied = [Answer("1", "t", "ann", "yes"), Answer("2", "t", "bob", "no")]
    if name not in ("crowdkit:MACE", "crowdkit:Wawa", "crowdkit:ZeroBasedSkill"):  # they break ties inside
        assert method.judge(tied, {}).labels == {}
    assert method.judge(tied, {}) == method.judge(tied[::-1], {})


@pytest.mark.long
def test_parameters_and_limits(aggregation, monkeypatch):
    assert find_method("crowdkit:MACE", {"n_iter": "5"}).parameters == {
        "n_iter": "5",
        "n_restarts": "1",
        "random_state": "0",
    }
    for wrong in ({"n_iter": "0"}, {"tol": "1"}):
        with pytest.raises(FieldError):
            find_method("crowdkit.glad", wrong)
    monkeypatch.setattr(crowdkit_methods, "MAX_CELLS", 3)
    with pytest.raises(TooLargeError):
        find_method("crowdkit:Wawa").judge([Answer("1", "t", "a", "x"), Answer("2", "t", "b", "y")], {})


@pytest.mark.long
def test_the_table_of_the_docs(aggregation, capsys):
    """Prints the table of docs/consensus.md and holds the page to it."""
    page = (SETS["rte"].parents[2] / "docs" / "consensus.md").read_text()
    lines = []
    for name in [name for name in method_names() if name != "gold"]:
        cells = []
        for data in SETS:
            answers, gold = read(data)
            known = tenth(gold)
            rest = {task: label for task, label in gold.items() if task not in known}
            given = known if name in ("gold_weighted", "crowdkit:DawidSkene") else {}
            start = time.perf_counter()
            labels = find_method(name).judge(answers, given).labels
            seconds = time.perf_counter() - start
            undecided = len(votes_of(answers)) - len(labels)
            cells.append(f"{share_right(labels, rest):.3f}" + (f" ({undecided} tied)" if undecided else ""))
            with capsys.disabled():
                print(f"\n{name} on {data}: {seconds:.2f} s", end="")
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert [line for line in lines if line not in page] == []
