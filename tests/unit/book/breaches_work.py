"""Stories that break rules of contributions, reviews, decisions and appeals."""

import msgspec

from ledger.statements.campaigns import Criterion, Limits, Requirement, Revisions
from ledger.statements.contributions import Signature
from ledger.statements.decisions import OpenedReview
from ledger.statements.sign_in import withdrawal
from tests.unit.book.breaches import breaks
from tests.unit.book.story import ORIGIN, SECOND, judges, person, score_rate, signed, wallet

# ---- contributions ----


@breaks("id-unused", "terms-accepted", "task-known", "campaign-known", "contribution-known")
def contributions_that_name_nothing(story):
    campaign, other = story.campaign(), story.campaign()
    mine = story.submit(campaign, 1)
    story.submit(campaign, 1, id=mine)
    story.submit(campaign, 1, terms=64 * "2")
    story.submit(campaign, 1, task=story.task(other))
    story.submit(story.id(), 1)
    story.decide(story.id())


@breaks("contributor-of-platform", "contributor-of-platform", "contributor-of-platform", "contributor-of-platform")
def people_of_another_platform(story):
    mine = story.campaign()
    story.submit(mine, 1)
    story.platform = story.register()
    theirs = story.campaign(judging=judges(1, 1))
    story.submit(theirs, 1)
    work = story.submit(theirs, 2)
    story.review(work, 1)
    given = story.review(work, 3)
    decision = story.decide(work, reviews=[given], reviewer=person(3))
    appeal = story.appeal(work, decision)
    story.resolve(appeal, decision, 1)
    story.decide(work, appeal=appeal, supersedes=decision, reviewer=person(1))


@breaks("campaign-running", "campaign-running", "campaign-running", "pilot-over")
def too_early(story):
    campaign = story.campaign(pilot=1)
    work = story.submit(campaign, 1)
    story.pause(campaign)
    story.pause(campaign)
    story.submit(campaign, 2)
    story.submit(campaign, 1, replaces=work)
    story.resume(campaign)
    story.submit(campaign, 2)
    other = story.campaign(pilot=1)
    story.submit(other, 1)
    story.submit(other, 1)


@breaks("limit-participants", "limit-per-person", "limit-per-task")
def beyond_the_limits(story):
    campaign = story.campaign(limits=Limits(participants=2, per_person=3, per_task=2))
    task = story.task(campaign)
    one = story.submit(campaign, 1, task=task)
    story.submit(campaign, 2, task=task)
    story.submit(campaign, 3)
    story.submit(campaign, 1, task=task, replaces=one)
    story.submit(campaign, 1)
    story.submit(campaign, 1)
    story.submit(campaign, 1)
    gone = story.submit(campaign, 2)
    story.withdraw(gone)
    story.submit(campaign, 2)
    story.submit(campaign, 2, task=task)


@breaks("reputation", "reputation")
def without_the_reputation(story):
    campaign = story.campaign(requires=Requirement(accepted=1, acceptance="0.5"))
    other = story.campaign()
    story.submit(campaign, 1)
    story.decide(story.submit(other, 1))
    story.submit(campaign, 1)
    story.decide(story.submit(other, 1), "rejected")
    story.submit(campaign, 1)  # one of two is enough
    story.decide(story.submit(other, 1), "rejected")
    story.submit(campaign, 1)


@breaks("replaces-own", "replaces-own", "replaces-latest", "decides-latest", "replaces-undecided", "appeals-latest")
def replacements_of_what_cannot_be_replaced(story):
    campaign = story.campaign(judging=judges(2, 1))
    one = story.submit(campaign, 1)
    story.submit(campaign, 2, replaces=one)
    story.submit(campaign, 1, replaces=one, task=story.task(campaign))
    two = story.submit(campaign, 1, replaces=one)
    story.submit(campaign, 1, replaces=one)
    story.review(one, 5)
    given = story.review(two, 5, "needs_work")
    story.submit(campaign, 1, replaces=two)  # it is being reviewed
    given = [given, story.review(two, 6, "needs_work")]
    decision = story.decide(two, "needs_work", "1", reviews=given)
    story.submit(campaign, 1, replaces=two)
    story.appeal(two, decision)


@breaks("replaces-undecided", "replaces-undecided", "revision-in-time", "replaces-undecided", "replaces-undecided")
def replacements_that_come_too_late(story):
    campaign = story.campaign(decision=50, revisions=Revisions(window=20, rounds=1), appeal=30)
    gone = story.submit(campaign, 1)
    story.withdraw(gone)
    story.submit(campaign, 1, replaces=gone)
    accepted, asked, appealed, silent = (story.submit(campaign, 1) for _ in range(4))
    story.decide(accepted)
    story.submit(campaign, 1, replaces=accepted)
    story.decide(asked, "needs_work")
    story.appeal(appealed, story.decide(appealed, "needs_work"))
    story.wait(21)
    story.submit(campaign, 1, replaces=asked)
    story.submit(campaign, 1, replaces=appealed)
    story.wait(30)
    story.submit(campaign, 1, replaces=silent)


@breaks("versions-bounded")
def one_version_too_many(story):
    campaign = story.campaign()
    work = story.submit(campaign, 1)
    for _ in range(50):
        work = story.submit(campaign, 1, replaces=work)


@breaks("is-sealed", "reveal-in-time", "revealed", "reveal-once", "reveals-latest", "reveals-latest", "reveal-in-time")
def reveals(story):
    story.reveal(story.submit(story.campaign(), 1))
    campaign = story.campaign(sealed=story.sealed(50, 20))
    one, two, gone, late = (story.submit(campaign, who) for who in (1, 2, 3, 4))
    story.withdraw(gone)
    story.submit(campaign, 2, replaces=two)
    story.wait(50)
    story.reveal(one)
    story.wait(0.001)
    story.decide(one)
    story.reveal(one)
    story.reveal(one)
    story.reveal(two)
    story.reveal(gone)
    story.wait(20)
    story.reveal(late)


@breaks("withdraw-once", "withdraws-latest", "withdraws-undecided", "withdraws-undecided", "decides-latest")
def withdrawals(story):
    campaign = story.campaign(judging=judges(2, 2))
    gone, old, reviewed, late = (story.submit(campaign, 1) for _ in range(4))
    story.withdraw(gone)
    story.withdraw(gone)
    story.submit(campaign, 1, replaces=old)
    story.withdraw(old)
    story.review(reviewed, 2)
    story.withdraw(reviewed)
    story.wait(1001)
    story.withdraw(late)
    story.review(gone, 2)


@breaks("signed-by-author", "signed-by-author", "signed-by-author")
def signed_work_in_somebody_elses_name(story):
    mine, other = wallet(1), wallet(2)
    campaign = story.campaign()
    work = story.submit(campaign, 1, signature=Signature(address=mine.address.lower(), value="0x" + "0" * 128 + "1b"))
    story.submit(campaign, 1, replaces=work)
    story.withdraw(work)
    text = withdrawal(ORIGIN, work)
    forged = Signature(address=mine.address.lower(), value=signed(other, text))
    story.withdraw(work, signature=forged)
    story.withdraw(work, signature=Signature(address=mine.address.lower(), value=signed(mine, text)))


# ---- reviews and decisions ----


@breaks("supersedes-standing", "id-unused", "supersedes-standing", "superseded-once", "no-self-review")
def decisions_one_after_the_other(story):
    campaign = story.campaign()
    work = story.submit(campaign, 1)
    story.decide(work, supersedes=story.id())
    first = story.decide(work)
    story.decide(work, id=first, supersedes=first)
    story.decide(work)
    second = story.decide(work, "rejected", supersedes=first)
    story.decide(work, supersedes=second)
    story.decide(story.submit(campaign, 1), reviewer=person(1))


@breaks("decided-in-time", "not-final", "superseded-once", "not-final", "not-final")
def decisions_too_late(story):
    campaign = story.campaign(decision=50, appeal=30, revisions=Revisions(window=30, rounds=1))
    silent = story.submit(campaign, 1)
    story.wait(50.001)
    story.decide(silent)
    asked, again, closed = (story.submit(campaign, 2) for _ in range(3))
    decided = [story.decide(asked, "needs_work"), story.decide(again), story.decide(closed)]
    story.wait(30.001)
    story.decide(asked, supersedes=decided[0])
    reopened = story.decide(again, "rejected", supersedes=decided[1])
    story.decide(again, supersedes=reopened)
    story.wait(30.001)
    story.decide(again, supersedes=reopened)
    story.close(campaign)
    story.decide(closed, "rejected", supersedes=decided[2])


@breaks(
    "feedback-given", "bonus-limit", "has-revisions", "bonus-limit", "bonus-limit", "rounds-bounded", "deadlines-fit"
)
def verdicts_that_cannot_be(story):
    plain = story.campaign(revisions=None)
    work = story.submit(plain, 1)
    story.decide(work, "rejected", feedback=None)
    story.decide(work, bonus="1")
    story.decide(work, "needs_work")
    rich = story.campaign(bonus_limit="5", revisions=Revisions(window=10, rounds=1))
    work = story.submit(rich, 1)
    story.decide(work, bonus="6")
    story.decide(work, "rejected", bonus="5")
    story.decide(work, "needs_work")
    story.decide(story.submit(rich, 1, replaces=work), "needs_work")
    short = story.campaign(closing=story.time(1705), appeal=100, revisions=Revisions(window=10, rounds=1))
    story.decide(story.submit(short, 1), "needs_work")


@breaks("deadlines-fit")
def what_was_final_asks_for_no_new_version(story):
    work = story.submit(story.campaign(), 1)
    decision = story.decide(work)
    story.wait(101)
    story.decide(work, "needs_work", supersedes=decision)


@breaks("has-judges", "reviews-all", "reviews-all", "reviews-enough", "follows-from-reviews", "has-judges")
def decisions_that_do_not_follow(story):
    campaign, plain = story.campaign(judging=judges(3, 2)), story.campaign()
    one = story.submit(plain, 1)
    story.review(one, 2)
    story.decide(story.submit(campaign, 1))
    work = story.submit(campaign, 1)
    given = [story.review(work, 2, score="0.5")]
    story.decide(work, reviews=[*given, OpenedReview(review=story.id(), verdict="accepted", score="1")])
    story.decide(work, reviews=given, score="0.5")
    given.append(story.review(work, 3, score="0.7"))
    story.decide(work, reviews=given, score="1")
    decision = story.decide(work, reviews=given, score="0.6")
    story.decide(work, "rejected", supersedes=decision)


@breaks("has-judges")
def reviews_where_nobody_judges(story):
    given = OpenedReview(review=story.id(), verdict="accepted", score="1")
    story.decide(story.submit(story.campaign(), 1), reviews=[given])


@breaks("reviews-enough", "reviews-enough")
def reviews_that_are_not_sound(story):
    criteria = [Criterion(name="form", weight=1), Criterion(name="sense", weight=3)]
    campaign = story.campaign(judging=judges(1, 1, criteria))
    work = story.submit(campaign, 1)
    given = story.review(work, 2, score="0.75", scores=["0", "1"])
    story.decide(work, score="0.75", reviews=[msgspec.structs.replace(given, scores=["1", "0"])])
    story.decide(work, score="0.75", reviews=[msgspec.structs.replace(given, scores=["0.75"])])
    story.decide(work, score="0.75", reviews=[given])


@breaks("reviews-enough", "reviews-enough")
def a_second_look_that_is_not_sound(story):
    criteria = [Criterion(name="form", weight=1), Criterion(name="sense", weight=3)]
    campaign = story.campaign(judging=judges(1, 1, criteria), second_looks="1")
    work = story.submit(campaign, 1)
    first = story.review(work, 2, "rejected", score="0", scores=["0", "0"])
    rejection = story.decide(work, "rejected", score="0", reviews=[first])
    given = story.review(work, 3, score="0.75", scores=["0", "1"], second_look=True)
    second = {"method": SECOND, "supersedes": rejection}
    story.decide(work, score="1", reviews=[msgspec.structs.replace(given, score="1")], **second)
    story.decide(work, score="0.75", reviews=[msgspec.structs.replace(given, scores=None)], **second)
    story.decide(work, score="0.75", reviews=[given], **second)


@breaks("id-unused", "judges-once", "no-self-review", "judges-bounded", "decided-in-time", "decided-in-time")
def reviews_too_many_or_too_late(story):
    campaign = story.campaign(judging=judges(2, 1), decision=50)
    work, late = story.submit(campaign, 1), story.submit(campaign, 1)
    given = [story.review(work, 2)]
    story.review(work, 3, id=given[0].review)
    story.review(work, 2)
    story.review(work, 1)
    given.append(story.review(work, 3))
    story.review(work, 4)
    story.decide(work, reviews=given)
    story.review(work, 4)
    story.wait(51)
    story.review(late, 2)


@breaks("second-look-chosen", "second-look-chosen", "judges-once", "judges-bounded", "reviews-all")
def second_looks(story):
    story_of = story.campaign(second_looks="1")
    never = story.campaign(second_looks="0")
    accepted, unlucky, work = story.submit(story_of, 1), story.submit(never, 1), story.submit(story_of, 1)
    story.decide(accepted)
    story.review(accepted, 2, second_look=True)
    story.decide(unlucky, "rejected")
    story.review(unlucky, 2, second_look=True)
    rejection = story.decide(work, "rejected", reviewer=person(3))
    story.review(work, 3, second_look=True)
    given = story.review(work, 2, second_look=True, score="0.5")
    story.review(work, 4, second_look=True)
    story.decide(work, score="0.5", method=SECOND, supersedes=rejection)
    story.decide(work, score="0.5", method=SECOND, supersedes=rejection, reviews=[given])


# ---- appeals ----


@breaks("contribution-known", "appeals-standing", "appeals-standing", "id-unused", "appeals-once", "appeal-in-time")
def appeals_that_come_to_nothing(story):
    campaign = story.campaign()
    undecided, work, late = (story.submit(campaign, 1) for _ in range(3))
    decision, other = story.decide(work), story.decide(late)
    story.appeal(story.id(), decision)
    story.appeal(undecided, decision)
    story.appeal(work, other)
    appeal = story.appeal(work, decision)
    story.appeal(late, other, id=appeal)
    story.appeal(work, decision)
    story.wait(100.001)
    story.appeal(late, other)


@breaks("appeal-open", "appeal-open", "judged-by-another", "judged-by-another", "appeal-decides", "superseded-once")
def answers(story):
    work = story.submit(story.campaign(), 1)
    first = story.decide(work, reviewer=person(2))
    story.decide(work, appeal=story.id(), supersedes=first)
    second = story.decide(work, "rejected", supersedes=first, reviewer=person(3))
    appeal = story.appeal(work, second)
    story.decide(work, supersedes=second)
    story.decide(work, supersedes=second, appeal=appeal)
    story.decide(work, supersedes=second, appeal=appeal, reviewer=person(2))  # whose decision was superseded
    story.decide(work, "needs_work", supersedes=second, appeal=appeal, reviewer=person(4))
    third = story.decide(work, supersedes=second, appeal=appeal, reviewer=person(4))
    story.decide(work, supersedes=third, appeal=appeal, reviewer=person(5))


@breaks("appeal-decides", "appeal-decides", "appeal-decides")
def an_answer_that_takes_away(story):
    """Else who regrets an acceptance would appeal in the contributor's name, and leave them no appeal of their own."""
    work = story.submit(story.campaign(policy=score_rate(10), bonus_limit="5"), 1)
    decision = story.decide(work, score="0.5", bonus="3", reviewer=person(2))
    appeal = story.appeal(work, decision)
    answer = {"supersedes": decision, "appeal": appeal, "reviewer": person(4)}
    story.decide(work, "rejected", "0", **answer)
    story.decide(work, score="0.4", bonus="3", **answer)
    story.decide(work, score="0.6", **answer)
    story.decide(work, score="0.6", bonus="3", **answer)


@breaks("appeal-known", "appeals-standing", "no-self-review", "judged-by-another", "appeal-open", "resolved-in-time")
def resolutions(story):
    campaign = story.campaign(resolution=40)
    work, late = story.submit(campaign, 1), story.submit(campaign, 1)
    decision, other = story.decide(work, reviewer=person(2)), story.decide(late)
    story.resolve(story.id(), decision, 3)
    appeal, silent = story.appeal(work, decision), story.appeal(late, other)
    story.resolve(appeal, other, 3)
    story.resolve(appeal, decision, 1)
    story.resolve(appeal, decision, 2)
    story.resolve(appeal, decision, 3)
    story.resolve(appeal, decision, 4)
    story.wait(40.001)
    story.resolve(silent, other, 3)


@breaks("resolved-in-time", "appeal-open")
def an_unanswered_appeal_is_final_for_good(story):
    work = story.submit(story.campaign(resolution=40, appeal_default="accepted"), 1)
    decision = story.decide(work, "rejected")
    appeal = story.appeal(work, decision)
    story.wait(40.001)
    story.decide(work, "rejected", supersedes=decision, appeal=appeal, reviewer=person(2))
    story.decide(work, "rejected", supersedes=decision)


@breaks("judged-by-another")
def who_resolved_an_appeal_has_judged(story):
    campaign = story.campaign()
    work = story.submit(campaign, 1)
    decision = story.decide(work)
    story.resolve(story.appeal(work, decision), decision, 2)
    again = story.decide(work, "rejected", supersedes=decision)
    story.resolve(story.appeal(work, again), again, 2)
