import random
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.consensus.answers import Answer
from ledger.consensus.decide import decide, inputs_document, rerun, statement_method
from ledger.consensus.gold import GoldQuestions, GoldWeighted
from ledger.consensus.majority import MajorityVote
from ledger.errors import ConfigError, FieldError, FormatError
from ledger.statements import canonical, decisions
from tests.unit.consensus.label_sets import made_up, read, tenth

ROWS = ["t ann yes", "t bob yes", "t cid no", "u ann no", "u bob yes", "v ann no", "g ann a", "g bob b"]
ANSWERS = [Answer(f"c{n}", *row.split()) for n, row in enumerate(ROWS)]
GOLD = {"g": "a"}
METHODS = [MajorityVote(), GoldQuestions(), GoldWeighted()]


def verdicts(threshold=600_000, **more):
    outcome = MajorityVote().judge(ANSWERS, GOLD)
    judged = decide(ANSWERS, outcome, GOLD, threshold_millionths=threshold, **more)
    return {one.contribution: (one.verdict, one.score, one.confidence) for one in judged}


def test_verdicts_and_scores():
    assert verdicts() == {
        "c0": ("accepted", 666_666, 666_666),
        "c1": ("accepted", 666_666, 666_666),
        "c2": ("rejected", 0, 666_666),
        "c3": ("needs_review", 0, 500_000),  # u ties
        "c4": ("needs_review", 0, 500_000),
        "c5": ("needs_review", 0, 1_000_000),  # v has one vote, which is no consensus
        "c6": ("accepted", 1_000_000, 1_000_000),  # g is known, whatever the vote
        "c7": ("rejected", 0, 1_000_000),
    }
    assert verdicts(666_667)["c0"][0] == "needs_review"
    assert verdicts(666_666)["c0"][0] == "accepted"
    assert verdicts(least_votes=1)["c5"] == ("accepted", 1_000_000, 1_000_000)


@pytest.mark.parametrize("threshold", [-1, 1_000_001])
def test_thresholds_are_shares(threshold):
    with pytest.raises(FieldError):
        verdicts(threshold)


@pytest.mark.parametrize("method", METHODS)
@given(made_up(), st.randoms(), st.integers(0, 1_000_000))
def test_a_decision_is_run_again_from_its_document_alone(method, case, shuffler: random.Random, threshold):
    answers, gold = case
    mixed = list(answers)
    shuffler.shuffle(mixed)
    document = inputs_document(answers, gold, method, threshold_millionths=threshold, field="answer")
    data = canonical.encode(document)
    assert data == canonical.encode(
        inputs_document(mixed, gold, method, threshold_millionths=threshold, field="answer")
    )
    first = decide(answers, method.judge(answers, gold), gold, threshold_millionths=threshold)
    assert rerun(canonical.decode(data), mixed) == first


@pytest.mark.parametrize("method", METHODS)
@given(made_up(), st.data())
def test_what_was_erased_is_never_passed_and_what_is_passed_is_unchanged(method, case, data):
    answers, gold = case
    document = inputs_document(answers, gold, method, threshold_millionths=600_000)
    first = {one.contribution: one for one in rerun(document, answers)}
    erased = data.draw(st.sets(st.sampled_from([one.contribution for one in answers]))) if answers else set()
    kept = [one for one in answers if one.contribution not in erased]
    again = {one.contribution: one for one in rerun(document, kept)}
    assert again.keys() == first.keys()
    for contribution, judged in again.items():
        if contribution in erased:
            assert judged.verdict == "no_longer_verifiable"
        elif judged.verdict != "no_longer_verifiable":
            assert judged == first[contribution]
    spoilt = {one.task for one in answers if one.contribution in erased}
    for one in kept:
        if method.local and one.task not in spoilt:
            assert again[one.contribution] == first[one.contribution]
        if one.task in spoilt - gold.keys():
            assert again[one.contribution].verdict == "no_longer_verifiable"


def test_another_answer_than_the_recorded_one_gives_another_result_and_strangers_are_refused():
    document = inputs_document(ANSWERS, GOLD, MajorityVote(), threshold_millionths=600_000)
    turned = [replace(one, label="no") if one.contribution == "c0" else one for one in ANSWERS]
    assert rerun(document, turned) != rerun(document, ANSWERS)
    for stranger in (
        Answer("c9", "t", "ann", "yes"),
        replace(ANSWERS[0], task="u"),
        replace(ANSWERS[0], contributor="x"),
    ):
        with pytest.raises(FormatError, match=stranger.contribution):
            rerun(document, [stranger])
    with pytest.raises(FieldError, match="twice"):
        rerun(document, [ANSWERS[0], ANSWERS[0]])


def test_the_document_is_small_and_holds_no_answer_but_the_known_ones():
    answers, gold = read("rte")
    known = tenth(gold)
    document = inputs_document(answers, known | {"elsewhere": "x"}, GoldWeighted(), threshold_millionths=700_000)
    assert document["gold"] == known
    assert document["method"] == {
        "name": "gold_weighted",
        "version": "1",
        "parameters": {"prior": "4", "least_reliability": "0"},
    }
    assert document["contributions"][0] == ["c00000", "25", "w0"]
    assert len(document["contributions"]) == 8000


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"more": 1},
        {"threshold_millionths": -1},
        {"threshold_millionths": "1"},
        {"least_votes": 0},
        {"gold": []},
        {"contributions": [["c0", "t"]]},
        {"method": {"name": "majority", "version": "1"}},
    ],
)
def test_documents_of_another_shape_are_refused(change):
    document = inputs_document(ANSWERS, GOLD, MajorityVote(), threshold_millionths=0)
    with pytest.raises(FormatError, match="inputs"):
        rerun(document | change, ANSWERS)


def test_another_version_of_a_method_is_not_run():
    document = inputs_document(ANSWERS, GOLD, MajorityVote(), threshold_millionths=0)
    document["method"]["version"] = "2"
    with pytest.raises(ConfigError, match="majority 2"):
        rerun(document, ANSWERS)


def test_a_method_stands_in_a_statement():
    made = statement_method(GoldWeighted(), "ab" * 32)
    assert made.type == "consensus"
    assert msgspec.json.decode(msgspec.json.encode(made), type=decisions.Method) == made
    assert statement_method(MajorityVote(), "ab" * 32).parameters is None
    assert statement_method(GoldQuestions(), "ab" * 32).type == "gold"
