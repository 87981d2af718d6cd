"""Planning of reviews, decisions by judges, appeals, sealed entries, feedback, results and mandates."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from ledger.errors import FieldError, NotFoundError, RuleError
from ledger.log.items import Item, ObjectToLink, Record
from ledger.log.plan import Planned, Repeated
from ledger.log.requests import prepare
from ledger.statements import canonical, sign_in
from ledger.statements.appeals import AppealResolved
from ledger.statements.campaigns import CampaignAmended, Criterion, Judging, Sealed
from ledger.statements.commitments import Opening, Place, commit, verify_opening
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, OpenedReview, ReviewGiven
from ledger.statements.kinds import parse
from ledger.statements.log import LogOpened
from ledger.statements.results import ResultPublished
from ledger.statements.values import format_time
from tests.unit.log.memory import MemoryLog, outcomes
from tests.unit.log.samples import DAY_MS, ORIGIN, START_MS, Maker
from tests.unit.log.wallets import Wallet

CRITERIA = [Criterion(name="beauty", weight=2), Criterion(name="truth", weight=1)]


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def other() -> Maker:
    """Another platform."""
    return Maker("other")


@pytest.fixture
def log(maker: Maker, other: Maker) -> MemoryLog:
    """A log with two platforms, a campaign of each."""
    log = MemoryLog()
    opened = LogOpened(v=1, at=format_time(0), origin=ORIGIN, key="key", wallet_delay=3)
    registered = [each.register() for each in (maker, other)]
    made = log.write(Record(statement=opened), *registered, maker.open_campaign(), other.open_campaign())
    assert outcomes(made) == ["Planned"] * 5
    return log


def planned(log: MemoryLog, item: Item, **at: Any) -> Planned:
    (outcome,) = log.write(item, **at).outcomes
    assert isinstance(outcome, Planned), outcome
    return outcome


def refused(log: MemoryLog, item: Item, **at: Any) -> Exception:
    before = len(log.entries)
    (outcome,) = log.write(item, **at).outcomes
    assert isinstance(outcome, Exception), outcome
    assert len(log.entries) == before
    return outcome


def rule(log: MemoryLog, item: Item, **at: Any) -> str:
    error = refused(log, item, **at)
    assert isinstance(error, RuleError), error
    return error.rule


def test_an_amendment_says_only_what_changes(log: MemoryLog, maker: Maker) -> None:
    statement = parse(planned(log, maker.amend(terms={"text": "Fairer."}, budget="2000")).statement)
    assert isinstance(statement, CampaignAmended)
    assert statement.terms == canonical.digest({"text": "Fairer."})
    assert (statement.brief, statement.policy, statement.budget) == (None, None, "2000")
    submitted = parse(planned(log, maker.submit("ann")).statement)
    assert isinstance(submitted, ContributionSubmitted)
    assert submitted.terms == statement.terms  # who says nothing accepts the terms of the day
    old = maker.submit("ann", terms=canonical.digest({"text": "Fair pay."}))
    assert rule(log, old) == "terms-accepted"


def test_a_pause_ends_where_it_is_resumed(log: MemoryLog, maker: Maker) -> None:
    made = log.write(maker.pause(), maker.submit("ann"), maker.resume(), maker.submit("ann"), maker.pause())
    assert outcomes(made) == ["Planned", "RuleError", "Planned", "Planned", "Planned"]
    assert [how for how, _ in made.rows.changed] == ["pause", "resume", "pause"]


def test_a_review_commits_to_what_it_says(log: MemoryLog, maker: Maker) -> None:
    judging = Judging(judges=2, agree=2, criteria=CRITERIA)
    judged = maker.open_campaign(id=maker.id(), judging=judging)
    work = maker.submit("ann", campaign=judged.id)
    log.write(judged, work)
    review = maker.review(work.id, "rev", score=None, scores=("0.5", "1"), words="Fine lines.")
    outcome = planned(log, review)
    statement = parse(outcome.statement)
    assert isinstance(statement, ReviewGiven)
    assert outcome.opening is not None
    said = {"verdict": "accepted", "score": "0.666666", "scores": ["0.5", "1"], "words": "Fine lines."}
    assert verify_opening(outcome.opening, statement.commitment) == said
    for wrong in (
        maker.review(work.id, "eve"),
        maker.review(work.id, "eve", score=None, scores=("1",)),
        maker.review(work.id, "eve", score="1", scores=("1", "1")),
    ):
        assert isinstance(refused(log, wrong), FieldError)
    plain = maker.submit("ann")
    planned(log, plain)
    assert isinstance(refused(log, maker.review(plain.id, "eve", scores=("1", "1"))), FieldError)


def test_a_decision_opens_reviews_as_they_were_given(log: MemoryLog, maker: Maker) -> None:
    judged = maker.open_campaign(id=maker.id(), judging=Judging(judges=1, agree=1))
    work = maker.submit("ann", campaign=judged.id)
    review = maker.review(work.id, "rev", verdict="rejected", score="0.25")
    log.write(judged, work, review)
    lie = OpenedReview(review=review.id, verdict="accepted", score="1")
    assert isinstance(refused(log, maker.decide(work.id, reviews=(lie,))), FieldError)
    truth = OpenedReview(review=review.id, verdict="rejected", score="0.25")
    planned(log, maker.decide(work.id, reviews=(truth,), verdict="rejected", score="0.25"))


def test_inputs_are_committed_to_in_the_method(log: MemoryLog, maker: Maker) -> None:
    work = maker.submit("ann")
    planned(log, work)
    salt = maker.bytes()
    item = maker.decide(work.id, inputs={"answers": 3}, inputs_salt=salt, feedback="Good.")
    made = log.write(item)
    (outcome,) = made.outcomes
    assert isinstance(outcome, Planned)
    statement = parse(outcome.statement)
    assert isinstance(statement, DecisionMade)
    place = Place("inputs", ORIGIN, maker.campaign, subject=work.id)
    assert statement.method.inputs == commit(place, {"answers": 3}, salt).commitment
    assert outcome.opening is not None
    assert outcome.opening.content() == "Good."
    assert {(kind, subject) for kind, subject in log.loaded.openings if subject == item.id} == {
        ("feedback", item.id),
        ("inputs", item.id),
    }
    with pytest.raises(FieldError):
        prepare(replace(item, inputs_salt=None))


def test_an_appeal_is_answered_and_resolved_in_one_group(log: MemoryLog, maker: Maker) -> None:
    work = maker.submit("ann")
    rejected = maker.decide(work.id, verdict="rejected", reviewer="rev")
    appeal = maker.appeal(work.id, rejected.id)
    log.write(work, rejected, appeal)
    assert rule(log, maker.resolve(appeal.id, rejected.id, "rev")) == "judged-by-another"
    answer = maker.decide(work.id, reviewer="second", supersedes=rejected.id, appeal=appeal.id)
    made = log.write(answer, maker.resolve(appeal.id, answer.id, "second"))
    assert outcomes(made) == ["Planned", "Planned"]
    (end,) = (parse(outcome.statement) for outcome in made.outcomes[1:] if isinstance(outcome, Planned))
    assert isinstance(end, AppealResolved)
    assert (end.decision, made.rows.changed[0].how) == (answer.id, "resolve")


def sealed_campaign(maker: Maker) -> Any:
    times = Sealed(deadline=format_time(START_MS + DAY_MS // 2), reveal_until=format_time(START_MS + DAY_MS))
    return maker.open_campaign(id=maker.id(), sealed=times)


def test_a_sealed_entry_is_kept_by_its_author_alone(log: MemoryLog, maker: Maker) -> None:
    sealed = sealed_campaign(maker)
    item, opening = maker.sealed("ann", sealed.id)
    planned(log, sealed)
    made = log.write(item)
    (outcome,) = made.outcomes
    assert isinstance(outcome, Planned)
    assert outcome.opening is None
    assert not log.loaded.openings
    with_content = refused(log, maker.submit("bob", campaign=sealed.id, content="open"))
    assert isinstance(with_content, FieldError)
    assert with_content.field == "content"
    assert isinstance(refused(log, replace(item, campaign=maker.campaign, id=maker.id())), FieldError)
    assert isinstance(refused(log, replace(item, contributor_id=None, id=maker.id())), FieldError)
    with pytest.raises(FieldError):
        prepare(replace(item, content="secret"))
    with pytest.raises(FieldError):
        prepare(replace(item, commitment="A" * 64))
    later = START_MS + DAY_MS // 2 + 1
    assert rule(log, maker.reveal(item.id, opening), now_ms=later - 1) == "reveal-in-time"
    shown = planned(log, maker.reveal(item.id, opening), now_ms=later)
    assert shown.opening == opening
    again = log.write(maker.reveal(item.id, opening), now_ms=later)
    assert again.outcomes == [Repeated(item.id, shown.index, "contribution")]


def test_only_the_right_opening_reveals(log: MemoryLog, maker: Maker) -> None:
    sealed = sealed_campaign(maker)
    item, opening = maker.sealed("ann", sealed.id)
    no_json = Opening(opening.salt, b"not JSON")
    bad = maker.submit("eve", campaign=sealed.id, content=None)
    bad = replace(bad, commitment=no_json.commitment, contributor_id=bad.fresh_id)
    copied = maker.submit("bob", campaign=sealed.id, content=None)
    copied = replace(copied, commitment=item.commitment, contributor_id=copied.fresh_id)
    log.write(sealed, item, copied, bad)
    later = START_MS + DAY_MS // 2 + 1
    wrong = [
        Opening(maker.bytes(), opening.preimage),
        Opening(opening.salt, opening.preimage.replace(b"secret", b"public")),
    ]
    for each in wrong:
        error = refused(log, maker.reveal(item.id, each), now_ms=later)
        assert isinstance(error, FieldError)
        assert "does not match" in error.detail
    assert isinstance(refused(log, maker.reveal(bad.id, no_json), now_ms=later), FieldError)
    stolen = refused(log, maker.reveal(copied.id, opening), now_ms=later)
    assert isinstance(stolen, FieldError)
    assert "another log, campaign, task or contributor" in stolen.detail
    planned(log, maker.reveal(item.id, opening), now_ms=later)


def test_feedback_is_for_who_took_part(log: MemoryLog, maker: Maker) -> None:
    work = maker.submit("ann")
    planned(log, work)
    outcome = planned(log, maker.feedback(work.fresh_id))
    assert outcome.opening is not None
    assert outcome.opening.content() == "Clear task."
    assert rule(log, maker.feedback(work.fresh_id)) == "rates-once"
    reviewer = maker.decide(work.id, reviewer="rev")
    planned(log, reviewer)
    assert rule(log, maker.feedback(reviewer.fresh_id)) == "took-part"
    wordless = maker.feedback(work.fresh_id, about="decision", subject=reviewer.id, words=None)
    assert planned(log, wordless).opening is None


def test_a_result_names_its_entries_in_the_order_of_the_log(log: MemoryLog, maker: Maker, other: Maker) -> None:
    works = [maker.submit("ann"), maker.submit("bob"), other.submit("eve")]
    log.write(*works)
    item = maker.result(works[1].id, works[0].id)
    statement = parse(planned(log, item).statement)
    assert isinstance(statement, ResultPublished)
    assert statement.entries == canonical.digest([works[0].id, works[1].id])
    assert statement.count == 2
    assert isinstance(refused(log, maker.result(works[0].id, works[0].id)), FieldError)
    assert isinstance(refused(log, maker.result(works[2].id)), NotFoundError)


def test_an_auditor_opens_what_the_mandate_covers(log: MemoryLog, maker: Maker, other: Maker) -> None:
    extra = maker.open_campaign(id=maker.id())
    works = [maker.submit("ann"), maker.submit("ann", campaign=extra.id), other.submit("eve")]
    whole, part = maker.mandate(), maker.mandate(campaign=extra.id)
    log.write(extra, *works, whole, part)
    assert planned(log, maker.look(whole.id, "contribution", works[0].id)).opening is not None
    assert planned(log, maker.look(part.id, "contribution", works[1].id)).opening is not None
    for mandate, subject in ((part.id, works[0].id), (whole.id, works[2].id), (maker.id(), works[0].id)):
        assert isinstance(refused(log, maker.look(mandate, "contribution", subject)), NotFoundError)
    late = START_MS + 10 * DAY_MS + 1
    assert rule(log, maker.look(whole.id, "contribution", works[0].id), now_ms=late, confirmed_ms=late) == (
        "mandate-in-time"
    )


def test_the_wallet_in_force_objects_or_consents(log: MemoryLog, maker: Maker) -> None:
    work = maker.submit("ann")
    planned(log, work)
    who, old, new = work.fresh_id, Wallet(1), Wallet(2)
    first = planned(log, maker.link(who, old.address, old.message(who, None), old.sign(old.message(who, None))))
    later = START_MS + 4_000
    message = new.message(who, first.index)
    second = planned(log, maker.link(who, new.address, message, new.sign(message)), now_ms=later)
    text = sign_in.objection(ORIGIN, who, second.index)
    stranger = ObjectToLink(contributor=who, link=second.index, signature=new.sign(text))
    assert rule(log, stranger, now_ms=later) == "link-signed"
    objection = replace(stranger, signature=old.sign(text))
    made = log.write(objection, now_ms=later)
    assert made.rows.changed == [("object", (who, second.index, second.index + 1))]
    assert log.write(objection, now_ms=later).outcomes == [Repeated(who, second.index + 1, "")]
    assert len(log.entries) == second.index + 2
    third = Wallet(3).message(who, second.index)
    agreed = maker.link(who, Wallet(3).address, third, Wallet(3).sign(third), consent=old.sign(third))
    last = planned(log, agreed, now_ms=later)
    assert not log.loaded.facts.links[who].may_object
    too_late = ObjectToLink(
        contributor=who, link=last.index, signature=old.sign(sign_in.objection(ORIGIN, who, last.index))
    )
    assert rule(log, too_late, now_ms=later) == "objects-once"
