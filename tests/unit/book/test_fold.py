from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book.fold import Book
from ledger.book.rewards import compute
from ledger.statements import kinds
from tests.unit.book.story import CHAIN, POOL, Story, person, score_rate, settle, wallet


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
    from ledger.statements.values import format_time

    campaign = story.campaign(goal="50", funding_deadline=format_time(story.now_ms + 10**6))
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
    assert first.accounts == ((wallet(1).address.lower(), 10),)
    assert first.campaigns[0].total == 20  # the money of the one without a wallet is reserved
    story.end(first)
    story.link(1, wallet(7))
    story.link(2, wallet(2))
    story.decide(story.submit(campaign, 1))
    story.tick(101)
    second = story.settle()
    assert dict(second.accounts) == {account(1): 10, account(7): 10, account(2): 10}
    story.end(second)
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
    import msgspec

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


STEP = st.tuples(
    st.sampled_from(["submit", "decide", "supersede", "link", "wait", "fund", "settle", "activate", "veto", "close"]),
    st.integers(0, 5),
    st.integers(0, 120),
)


def play(steps):
    """A log from random steps, breaking rules now and then."""
    story = Story()
    campaigns = [story.campaign(policy=score_rate(1000), budget="2500", decision=400), story.campaign(budget="60")]
    contributions, decisions, settlements, funded = [], [], [], 0
    for block, (step, pick, number) in enumerate(steps):
        campaign = campaigns[pick % 2]
        if step == "submit":
            contributions.append(story.submit(campaign, pick))
        elif step == "decide" and contributions:
            chosen = contributions[number % len(contributions)]
            score = f"0.{number}".rstrip("0") if number else "1"
            decisions.append((chosen, story.decide(chosen, ["accepted", "rejected", "needs_work"][pick % 3], score)))
        elif step == "supersede" and decisions:
            chosen, decision = decisions[number % len(decisions)]
            story.decide(chosen, supersedes=decision)
        elif step == "link":
            story.link(pick, wallet(number % 4))
        elif step == "wait":
            story.tick(number)
        elif step == "fund":
            funded += number * 10
            story.fund(campaign, funded, block=block)
        elif step == "settle" and story.book.pools:
            if settle(story.book, CHAIN, POOL):
                settlements.append(story.settle())
        elif step in ("activate", "veto") and settlements:
            (story.end if step == "activate" else story.veto)(settlements[number % len(settlements)])
        elif step == "close" and number > 100:
            story.close(campaign)
    return story


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=60), st.data())
def test_a_fold_is_total_repeatable_and_knows_its_past(steps, data):
    story = play(steps)
    cut = data.draw(st.integers(0, len(story.entries)))
    prefix, whole = Book(), Book()
    for index, statement in enumerate(story.entries):
        whole.fold_bytes(kinds.encode(statement), index)
        if index < cut:
            prefix.fold(statement, index)
    assert whole == story.book
    for key, pool in prefix.pools.items():
        assert compute(prefix, pool, cut) == compute(whole, whole.pools[key], cut)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=80))
def test_money_is_conserved(steps):
    story = play(steps)
    book = story.book
    for pool in book.pools.values():
        settlements = [end.settlement for end in pool.ended if end.verdict == "activated" and end.settlement]
        for before, after in pairwise(settlements):
            assert dict(after.accounts).keys() >= dict(before.accounts).keys()
            assert all(dict(after.accounts)[who] >= units for who, units in before.accounts)
        for settlement in settlements:
            published = settlement.published
            assert settlement.total == sum(published.assigned.values())
            for campaign, paid in published.paid.items():
                assert sum(paid.values()) <= int(book.facts.campaigns[campaign].opened.budget)
                for who, units in paid.items():
                    earned = sum(a.units for a in book.campaigns[campaign].awards if a.contributor == who)
                    assert published.assigned.get((campaign, who), 0) <= units <= earned
