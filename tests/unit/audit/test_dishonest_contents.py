"""Contents that fit their commitments and are not honest all the same, and what stood when a result was published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger.consensus import decide, tally
from ledger.consensus.majority import MajorityVote
from ledger.statements import canonical
from ledger.statements.appeals import AppealResolved
from ledger.statements.decisions import DecisionMade, Method, ReviewGiven
from ledger.statements.feedback import FeedbackGiven
from ledger.statements.results import ResultMethod, ResultPublished
from ledger.tree.keys import LogSigner
from tests.unit.audit.test_decisions import PEOPLE, Labelled, errors, evidence, last, words
from tests.unit.book.story import judges, person


@pytest.fixture
def labelled(tmp_path: Path, signer: LogSigner) -> Labelled:
    return Labelled(tmp_path, signer)


# ---- commitments bound to their place ----


def test_a_review_that_was_copied_from_another_judge_is_found(labelled: Labelled) -> None:
    told = labelled.told
    labelled.campaign = told.campaign(paid=False, judging=judges(2, 2))
    entry = told.submit(labelled.campaign, 1)
    sealed = {"verdict": "accepted", "score": "0.7"}
    commitment = labelled.commit("feedback", "mine", sealed, contributor=person(8), subject=entry)
    opening = labelled.openings.pop(("feedback", "mine"))
    reviews = [told.review(entry, who, "accepted", "0.7", commitment=commitment) for who in (8, 9)]
    for review in reviews:
        labelled.openings["feedback", review.review] = opening
    told.decide(entry, "accepted", "0.7", reviews=reviews)
    assert told.rules() == []
    report = labelled.audit()
    assert errors(report) == [("openings", last(labelled, ReviewGiven))]
    assert "made for another contributor" in words(report)


@pytest.mark.parametrize(
    "sealed", [{"verdict": "accepted"}, {"verdict": "accepted", "score": "0.7", "scores": ["0.7"]}, "accepted"]
)
def test_a_review_leaves_no_score_to_choose(labelled: Labelled, sealed: Any) -> None:
    told = labelled.told
    labelled.campaign = told.campaign(paid=False, judging=judges(1, 1))
    entry = told.submit(labelled.campaign, 1)
    commitment = labelled.commit("feedback", "mine", sealed, contributor=person(8), subject=entry)
    review = told.review(entry, 8, "accepted", "0.7", commitment=commitment)
    labelled.openings["feedback", review.review] = labelled.openings.pop(("feedback", "mine"))
    told.decide(entry, "accepted", "0.7", reviews=[review])
    assert told.rules() == []
    assert errors(labelled.audit()) == [("reviews", last(labelled, DecisionMade))]


def test_contents_of_another_contribution_are_found(labelled: Labelled) -> None:
    """Feedback, grounds, reasons, words and inputs that were made for something else, or by somebody else."""
    told, one, other = labelled.told, labelled.answers[-1].contribution, labelled.answers[-2].contribution
    made = {
        name: labelled.commit(purpose, name, "weak", **place)
        for name, purpose, place in (
            ("said", "feedback", {"subject": other}),
            ("grounds", "appeal", {"contributor": person(2), "subject": other}),
            ("reason", "feedback", {"contributor": person(7), "subject": one}),
            ("rated", "feedback", {"contributor": person(2), "subject": other}),
            ("given", "inputs", {"subject": other}),
        )
    }
    method = Method(type="model", name="judge", version="1", inputs=made["given"])
    decision = told.decide(one, "rejected", "0", feedback=made["said"], method=method)
    appeal = told.appeal(one, decision, grounds=made["grounds"])
    resolved = {"appeal": appeal, "decision": decision, "reviewer": person(8), "reason": made["reason"]}
    told.say(AppealResolved(**told.head(), **resolved))
    rating = {"id": told.id(), "campaign": labelled.campaign, "contributor": person(2), "score": "0.5"}
    told.say(FeedbackGiven(**told.head(), **rating, about="campaign", subject=labelled.campaign, words=made["rated"]))
    assert told.rules() == []
    for name, purpose, subject in (
        ("said", "feedback", decision),
        ("grounds", "appeal", appeal),
        ("reason", "feedback", appeal),
        ("rated", "feedback", rating["id"]),
        ("given", "inputs", decision),
    ):
        labelled.openings[purpose, subject] = labelled.openings.pop((purpose, name))
    report = labelled.audit()
    end = len(told.entries)
    assert sorted(errors(report)) == [("openings", end - 4)] * 2 + [("openings", end - each) for each in (3, 2, 1)]


# ---- methods ----


@pytest.mark.parametrize("said", [{"version": "9.9"}, {"parameters": {"n_iter": "1"}}])
def test_a_method_that_was_not_run_as_the_decision_says_is_found(labelled: Labelled, said: dict[str, Any]) -> None:
    one = labelled.judged[2 * PEOPLE]
    labelled.decide(one.contribution, one.verdict, "0" if one.verdict == "rejected" else "0.666666", **said)
    report = labelled.audit()
    assert errors(report) == [("methods", len(labelled.told.entries) - 1)]
    assert "its inputs were made for" in words(report)


def test_answers_that_the_inputs_leave_out_are_said(labelled: Labelled) -> None:
    """Whoever chooses the answers chooses the majority."""
    chosen = [labelled.answers[-3], labelled.answers[-1]]  # one dog, one cat: the second cat is left out
    method = MajorityVote()
    labelled.document = decide.inputs_document(
        chosen, {chosen[0].task: "dog"}, method, threshold_millionths=0, least_votes=1, field="label"
    )
    labelled.decide(chosen[0].contribution, "accepted", "1")
    report = labelled.audit()
    (finding,) = report.findings
    assert (finding.check, finding.severity) == ("methods", "warning")
    assert "leave out 1 answers" in finding.detail


def test_later_and_withdrawn_answers_are_not_left_out(labelled: Labelled) -> None:
    task = labelled.answers[-1].task
    labelled.told.withdraw(labelled.told.submit(labelled.campaign, 6, task=task))
    labelled.told.submit(labelled.campaign, 7, task=task)
    assert labelled.audit().findings == []


def test_decisions_by_a_method_that_show_no_inputs_are_counted(labelled: Labelled) -> None:
    labelled.told.decide(labelled.answers[-1].contribution, method=Method(type="consensus", name="majority"))
    report = labelled.audit()
    assert "without inputs to run them again from: 1" in evidence(report, "methods")


def test_a_check_for_which_nothing_was_opened_is_not_passed(labelled: Labelled) -> None:
    labelled.openings.clear()
    report = labelled.audit()
    verdicts = {check.name: check.verdict for check in report.checks}
    assert [verdicts[name] for name in ("openings", "methods", "results")] == ["skipped"] * 3


# ---- what stood when a result was published ----


def ranking(labelled: Labelled, campaign: str, scores: dict[str, str]) -> None:
    """Publish a ranking that says these scores."""
    parts = [tally.Part(name, None, None, int(float(score) * 10**6)) for name, score in scores.items()]
    document = tally.document("ranking", parts)
    labelled.campaign, name = campaign, labelled.told.id()
    commitment = labelled.commit("result", name, document, subject=name)
    said = {"entries": canonical.digest([*scores]), "count": len(scores), "commitment": commitment}
    method = ResultMethod(name="ranking", version="1")
    labelled.told.say(ResultPublished(**labelled.told.head(), id=name, campaign=campaign, method=method, **said))


def contest(labelled: Labelled, **terms: Any) -> tuple[str, list[str]]:
    """Three entries: accepted, rejected and appealed without an answer, undecided beyond its deadline."""
    told = labelled.told
    campaign = told.campaign(paid=False, appeal_default="accepted", **terms)
    entries = [told.submit(campaign, who) for who in range(3)]
    told.decide(entries[0], "accepted", "0.8")
    told.appeal(entries[1], told.decide(entries[1], "rejected", "0.3"))
    return campaign, entries


def test_what_a_default_accepted_counts_as_the_book_counts_it(labelled: Labelled) -> None:
    campaign, (good, appealed, forgotten) = contest(labelled)
    labelled.told.tick(1001)
    ranking(labelled, campaign, {good: "0.8", appealed: "1", forgotten: "1"})
    assert labelled.told.rules() == []
    report = labelled.audit()
    assert report.findings == []
    assert "not compared: 0" in evidence(report, "results")


def test_what_a_default_accepted_is_not_left_out_nor_belittled(labelled: Labelled) -> None:
    campaign, (good, appealed, _) = contest(labelled)
    labelled.told.tick(1001)
    ranking(labelled, campaign, {good: "0.8"})
    ranking(labelled, campaign, {good: "0.8", appealed: "0.3"})
    report = labelled.audit()
    assert sorted(finding.severity for finding in report.findings) == ["error", "warning"]
    assert "leaves out 2 contributions" in words(report)
    assert f'"0.3" for contribution {appealed}; it should be "1"' in words(report)


def test_what_was_open_when_a_result_was_published_may_be_left_out(labelled: Labelled) -> None:
    told = labelled.told
    campaign, (good, appealed, forgotten) = contest(labelled)
    ranking(labelled, campaign, {good: "0.8"})
    told.appeal(good, next(each.id for each in told.entries if isinstance(each, DecisionMade) and each.score == "0.8"))
    ranking(labelled, campaign, {})
    told.tick(1001)
    assert labelled.audit().findings == []
    ranking(labelled, campaign, {good: "1", appealed: "1", forgotten: "1"})
    assert labelled.audit().findings == []
