import msgspec
import pytest

from ledger.book.rewards import compute
from ledger.errors import RuleError
from ledger.statements.campaigns import PieceRate, Prizes, Revisions
from tests.unit.book.story import CHAIN, POOL, judges, person, score_rate, settle, wallet


def awards(story, campaign):
    return [(award.contributor, award.units) for award in story.book.campaigns[campaign].awards]


def test_an_award_is_final_only_after_its_window(story):
    campaign = story.campaign(appeal=100)
    story.decide(story.submit(campaign, 1))
    story.tick(100)
    assert awards(story, campaign) == []  # at == deadline is still in time
    story.tick(0.001)
    assert awards(story, campaign) == [(person(1), 10)]
    assert story.rules() == []


def test_rejected_work_earns_nothing_and_scores_count(story):
    campaign = story.campaign(policy=score_rate(1000))
    story.decide(story.submit(campaign, 1), "rejected", "0.9")
    story.decide(story.submit(campaign, 2), "accepted", "0.5")
    story.decide(story.submit(campaign, 3), "needs_work", "0.5")
    story.tick(101)
    assert awards(story, campaign) == [(person(2), 500)]


def test_silence_takes_the_declared_default(story):
    kind, harsh = story.campaign(default="accepted", decision=50), story.campaign(default="rejected", decision=50)
    first, second = story.submit(kind, 1), story.submit(harsh, 1)
    story.wait(50.001)
    story.decide(first, "rejected")
    story.decide(second, "accepted")
    assert story.rules() == ["decided-in-time", "decided-in-time"]
    assert awards(story, kind) == [(person(1), 10)]
    assert awards(story, harsh) == []


def test_a_decision_is_superseded_once_and_only_before_it_is_final(story):
    campaign = story.campaign(policy=score_rate(100), appeal=100)
    contribution = story.submit(campaign, 1)
    first = story.decide(contribution, "rejected", "0")
    story.decide(contribution, "accepted", "1")
    story.wait(60)
    second = story.decide(contribution, "accepted", "0.5", supersedes=first)
    story.decide(contribution, "rejected", "0", supersedes=second)
    story.tick(60)  # the first decision's window has passed, the second's has not
    assert awards(story, campaign) == []
    story.tick(41)
    assert awards(story, campaign) == [(person(1), 50)]
    late = story.submit(campaign, 2)
    done = story.decide(late)
    story.close(campaign)
    story.wait(101)
    story.decide(late, "rejected", supersedes=done)
    assert story.rules() == ["supersedes-standing", "superseded-once", "not-final"]


def test_only_the_last_version_earns(story):
    campaign = story.campaign()
    first = story.submit(campaign, 1)
    second = story.submit(campaign, 1, replaces=first)
    story.submit(campaign, 1, replaces=first)
    story.submit(campaign, 2, replaces=second)
    story.decide(first)
    story.decide(second)
    story.submit(campaign, 1, replaces=second)
    story.tick(101)
    assert awards(story, campaign) == [(person(1), 10)]
    assert story.rules() == ["replaces-latest", "replaces-own", "decides-latest", "replaces-undecided"]


def test_statements_about_nothing_have_no_effect(story):
    campaign = story.campaign()
    other = story.campaign()
    task = story.task(other)
    story.submit(story.id(), 1)
    story.decide(story.id())
    story.submit(campaign, 1, task=task)
    story.submit(campaign, 1, terms=64 * "2")
    mine = story.submit(campaign, 1)
    story.decide(mine, reviewer=person(1))
    assert story.rules() == ["campaign-known", "contribution-known", "task-known", "terms-accepted", "no-self-review"]


def test_nothing_enters_a_closed_campaign_but_its_work_is_decided_and_paid(story):
    campaign = story.campaign()
    open_ = story.submit(campaign, 1)
    story.close(campaign)
    story.submit(campaign, 2)
    story.decide(open_)
    story.tick(101)
    assert story.rules() == ["campaign-open"]
    assert awards(story, campaign) == [(person(1), 10)]
    assert story.book.campaigns[campaign].final_entry == len(story.entries) - 1


def test_time_goes_forward_only(story):
    story.tick(10)
    story.now_ms -= 1
    story.tick()
    assert story.rules() == ["time-order"]


def test_a_wallet_is_in_force_after_the_delay_and_one_message_works_once(story):
    campaign = story.campaign()
    story.submit(campaign, 1)
    story.link(1, wallet(1))
    story.tick(10)
    assert story.book.wallet_at(person(1), len(story.entries)) is None
    story.tick(1)
    assert story.book.wallet_at(person(1), len(story.entries)) == wallet(1).address.lower()
    again = story.entries[story.links[1]]
    story.say(again.__class__(**{name: getattr(again, name) for name in again.__struct_fields__} | story.head()))
    story.link(2, wallet(2))
    story.link(1, wallet(2), log="other.example/log")
    assert story.rules() == ["link-replaces-latest", "contributor-known", "link-names"]


def test_settlement_pays_up_to_budget_and_funds_in_the_order_of_finality(story):
    campaign = story.campaign(budget="25")
    for who in (1, 2, 3):
        story.decide(story.submit(campaign, who))
        story.link(who, wallet(who))
    story.tick(101)
    assert compute(story.book, story.book.pools[CHAIN, POOL], story.book.size) is None  # no funds are recorded
    story.fund(campaign, 12)
    first = story.settle()
    assert dict(first.accounts) == {wallet(1).address.lower(): 10, wallet(2).address.lower(): 2}
    story.end(first)
    story.fund(campaign, 100, block=2)
    second = story.settle()
    assert (second.number, second.parent, second.total) == (2, 1, 25)
    assert second.campaigns[0].total == 25
    story.end(second)
    assert story.rules() == []


def test_no_goal_reached_nothing_paid(story):
    campaign = story.campaign(goal="50", funding_deadline=story.time(1000))
    story.decide(story.submit(campaign, 1))
    story.tick(101)
    story.fund(campaign, 49, goal_reached=False)
    assert compute(story.book, story.book.pools[CHAIN, POOL], story.book.size) is None
    story.fund(campaign, 50, goal_reached=True, block=2)
    assert story.settle().campaigns[0].total == 10


def test_pay_waits_for_the_wallet_and_goes_once_to_the_one_in_force(story):
    campaign = story.campaign()
    story.fund(campaign, 1000)
    story.decide(story.submit(campaign, 1))
    story.decide(story.submit(campaign, 2))
    story.link(1, wallet(1))
    story.tick(101)
    first = story.settle()
    assert first.accounts == {wallet(1).address.lower(): 10}
    assert first.campaigns[0].total == 20  # the money of the one without a wallet is reserved
    story.end(first)
    story.link(1, wallet(7))
    story.link(2, wallet(2))
    story.decide(story.submit(campaign, 1))
    story.tick(101)
    second = story.settle()
    assert second.accounts == {account(7): 10, account(2): 10}  # what it changes
    story.end(second)
    assert story.book.pools[CHAIN, POOL].accounts == {account(1): 10, account(7): 10, account(2): 10}
    assert story.rules() == []


def account(number):
    return wallet(number).address.lower()


def test_a_vetoed_settlement_publishes_nothing_and_its_number_is_used(story):
    campaign = story.campaign()
    story.fund(campaign, 1000)
    story.decide(story.submit(campaign, 1))
    story.link(1, wallet(1))
    story.tick(101)
    story.veto(story.settle())
    again = story.settle()
    assert (again.number, again.parent, again.total) == (2, 0, 10)


def test_a_wrong_settlement_is_a_finding_and_an_unknown_activation_halts_the_pool(story):
    campaign = story.campaign()
    story.fund(campaign, 1000)
    story.decide(story.submit(campaign, 1))
    story.link(1, wallet(1))
    story.tick(101)
    right = settle(story.book, CHAIN, POOL)
    story.say(msgspec.structs.replace(right.statement(story.head()["at"]), total="11"))
    story.say(msgspec.structs.replace(right.statement(story.head()["at"]), size=story.book.size + 1))
    story.end(right, proposal="0x" + 64 * "f")
    assert story.rules() == ["settlement-computed", "settlement-size", "settlement-known"]
    assert settle(story.book, CHAIN, POOL) is None


def test_nothing_is_computed_on_entries_that_are_not_folded_and_nothing_is_kept_of_the_try(story):
    campaign = story.campaign()
    story.fund(campaign, 1000)
    story.decide(story.submit(campaign, 1))
    pool = story.book.pools[CHAIN, POOL]
    with pytest.raises(RuleError, match="entries, not the first"):
        compute(story.book, pool, story.book.size + 1)
    story.tick(101)
    assert compute(story.book, pool, story.book.size).campaigns[0].total == 10


def test_final_when_closed_decided_and_paid(story):
    campaign = story.campaign()
    story.fund(campaign, 1000)
    story.decide(story.submit(campaign, 1))
    story.close(campaign)
    story.tick(101)
    settlement = story.settle()
    assert [(line.total, line.final) for line in settlement.campaigns] == [(10, True)]
    story.end(settlement)
    assert compute(story.book, story.book.pools[CHAIN, POOL], story.book.size) is None


def test_who_asked_for_a_new_version_is_paid_when_it_comes(story):
    campaign = story.campaign(reviewer_rate="3")
    first = story.submit(campaign, 1)
    story.decide(first, "needs_work", reviewer=person(7))
    second = story.submit(campaign, 1, replaces=first)
    assert awards(story, campaign) == [(person(7), 3)]
    story.decide(second, reviewer=person(7))
    story.tick(101)
    assert awards(story, campaign) == [(person(7), 3), (person(1), 10), (person(7), 3)]
    assert story.rules() == []


def test_judges_who_ask_for_a_version_that_cannot_come_reject(story):
    campaign = story.campaign(judging=judges(1, 1), sealed=story.sealed(50, 20), default="accepted")
    work = story.submit(campaign, 1)
    story.wait(51)
    story.reveal(work)
    given = story.review(work, 2, "needs_work", "0.5")
    story.decide(work, "needs_work", "0.5", reviews=[given])
    story.decide(work, "rejected", "0.5", reviews=[given])
    assert story.rules() == ["deadlines-fit"]


def test_what_was_paid_for_a_reopened_contribution_is_worked_off(story):
    campaign = story.campaign()
    story.fund(campaign, 100)
    work = story.submit(campaign, 1)
    decision = story.decide(work)
    story.tick(101)
    story.end(story.settle())
    story.decide(work, "rejected", supersedes=decision)
    story.tick(101)
    assert settle(story.book, CHAIN, POOL) is None
    story.decide(story.submit(campaign, 1))
    story.decide(story.submit(campaign, 1))
    story.tick(101)
    assert story.settle().campaigns[0].total == 20
    assert story.rules() == []


def test_a_contribution_keeps_the_pay_under_which_it_came(story):
    campaign = story.campaign(policy=score_rate(100))
    early, versions = story.submit(campaign, 1), story.submit(campaign, 2)
    story.amend(campaign, policy=score_rate(40))
    late, versions = story.submit(campaign, 3), story.submit(campaign, 2, replaces=versions)
    story.amend(campaign, 3, policy=PieceRate(amount="60"))
    for work in (early, versions, late, story.submit(campaign, 4)):
        story.decide(work, score="0.5")
    story.tick(101)
    assert awards(story, campaign) == [(person(1), 50), (person(2), 50), (person(3), 20), (person(4), 60)]


def test_appeals_that_nobody_answers_take_their_default(story):
    kind, harsh = (
        story.campaign(policy=score_rate(10), resolution=40, appeal_default=each) for each in ("accepted", "stands")
    )
    for campaign in (kind, harsh):
        work = story.submit(campaign, 1)
        story.appeal(work, story.decide(work, "rejected", "0"))
    story.tick(40)
    assert awards(story, kind) == []
    story.tick(1)
    assert awards(story, kind) == [(person(1), 10)]
    assert awards(story, harsh) == []
    assert story.rules() == []


def test_an_objection_doubles_the_delay_and_consent_forgoes_it(story):
    story.submit(story.campaign(), 1)
    story.link(1, wallet(1))
    story.tick(11)
    story.link(1, wallet(2))
    story.object(1, wallet(1))
    story.tick(11)
    assert story.book.wallet_at(person(1), story.book.size) == account(1)
    story.tick(10)
    assert story.book.wallet_at(person(1), story.book.size) == account(2)
    story.link(1, wallet(3), consent=wallet(2))
    story.object(1, wallet(2))
    story.tick(11)
    assert story.book.wallet_at(person(1), story.book.size) == account(3)
    assert story.rules() == ["objects-once"]


def test_sealed_entries_that_are_not_opened_win_nothing(story):
    prizes = Prizes(amounts=["50", "20"], min_score="0.1")
    campaign = story.campaign(policy=prizes, budget="70", sealed=story.sealed(50, 20), closing=story.time(2000))
    opened, shut, silent = (story.submit(campaign, who) for who in (1, 2, 3))
    story.wait(51)
    story.reveal(opened)
    story.reveal(silent)
    story.decide(opened, score="0.5")
    story.tick(20)
    story.decide(shut)
    assert awards(story, campaign) == []
    story.tick(1100)
    assert awards(story, campaign) == [(person(3), 50), (person(1), 20)]  # silence accepted it with the full score
    assert story.rules() == ["revealed"]


def test_a_new_version_may_come_after_the_appeal_window_where_its_own_is_longer(story):
    campaign = story.campaign(appeal=20, revisions=Revisions(window=50, rounds=1))
    asked, silent = story.submit(campaign, 1), story.submit(campaign, 2)
    for work in (asked, silent):
        story.decide(work, "needs_work")
    story.tick(50)
    story.decide(story.submit(campaign, 1, replaces=asked))
    story.close(campaign)
    story.tick(0.001)
    assert story.book.campaigns[campaign].final_entry is None
    story.tick(20)
    assert awards(story, campaign) == [(person(1), 10)]
    assert story.book.campaigns[campaign].final_entry == len(story.entries) - 1
    assert story.rules() == []


def test_a_new_rate_for_reviewers_holds_for_what_is_submitted_from_then_on(story):
    campaign = story.campaign(reviewer_rate="3", judging=judges(1, 1))
    before = story.submit(campaign, 1)
    story.amend(campaign, reviewer_rate="5")
    for work in (before, story.submit(campaign, 2)):
        story.decide(work, reviews=[story.review(work, 7)])
    story.tick(101)
    assert awards(story, campaign) == [(person(1), 10), (person(7), 3), (person(2), 10), (person(7), 5)]
    assert story.rules() == []
