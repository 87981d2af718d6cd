"""The fold and the settlements on random logs, against a slow second reading of the design."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book.rewards import compute
from ledger.statements.values import format_time
from tests.unit.book.reference import Reference
from tests.unit.book.story import CHAIN, POOL, Story, score_rate, settle, wallet

NAMES = ["submit", "submit", "replace", "decide", "decide", "supersede", "link", "wait", "wait", "fund", "settle"]
STEP = st.tuples(st.sampled_from([*NAMES, "settle", "end", "end", "close", "chain-close"]), st.integers(0, 9))
VERDICTS = ["accepted", "accepted", "needs_work", "rejected"]


class Player:
    """Turns steps into a log that breaks rules now and then and whose money often falls short."""

    def __init__(self):
        self.story = story = Story()
        late = format_time(story.now_ms + 900_000)
        self.campaigns = [
            story.campaign(policy=score_rate(1000), budget="2500", appeal=100, decision=200),
            story.campaign(budget="35", appeal=60, decision=90, default="rejected", closing=late),
            story.campaign(budget="100", goal="40", funding_deadline=late, appeal=30, decision=30),
        ]
        self.work, self.decided, self.made, self.funded = [], [], [], [0, 0, 0]

    def play(self, steps):
        for block, (name, number) in enumerate(steps):
            self.step(name, number, block)
        self.story.tick(1)
        return self.story

    def step(self, name, number, block):
        story, campaign = self.story, self.campaigns[number % 3]
        match name:
            case "submit":
                self.work.append((story.submit(campaign, number % 4), campaign, number % 4))
            case "replace" if self.work:
                old, campaign, who = self.work[number % len(self.work)]
                self.work.append((story.submit(campaign, who, replaces=old), campaign, who))
            case "decide" if self.work:
                chosen = self.work[-1 - number % min(len(self.work), 4)][0]
                self.decided.append((chosen, story.decide(chosen, VERDICTS[number % 4], f"0.{number or 1}")))
            case "supersede" if self.decided:
                chosen, decision = self.decided[number % len(self.decided)]
                self.decided.append((chosen, story.decide(chosen, VERDICTS[number % 2], supersedes=decision)))
            case "link":
                story.link(number % 4, wallet(number % 3))
            case "wait":
                story.tick(number * 20)
            case "fund":
                self.funded[number % 3] += 9 * number
                self.fund(number, block, closed=False)
            case "chain-close" if number > 6:
                self.fund(number, block, closed=True)
            case "close" if number > 4:
                story.close(campaign)
            case "settle" if settle(story.book, CHAIN, POOL):
                self.made.append(story.settle())
            case "end" if self.made and story.book.pending(CHAIN, POOL):
                (story.veto if number > 6 else story.end)(self.made[-1])

    def fund(self, number, block, closed):
        funded = self.funded[number % 3]
        reached = number % 3 != 2 or funded >= 40
        self.story.fund(self.campaigns[number % 3], funded, goal_reached=reached, block=block, closed=closed)


@settings(max_examples=120, deadline=None)
@given(st.lists(STEP, min_size=30, max_size=90), st.data())
def test_the_book_says_what_the_design_says(steps, data):
    story = Player().play(steps)
    book = story.book
    reference = Reference(story.entries)
    assert [finding.index for finding in book.findings] == reference.refused
    for campaign, state in book.campaigns.items():
        queue = [(award.contributor, award.units) for award in state.awards]
        assert queue == [(each.who, each.units) for each in reference.queue if each.campaign == campaign]
    size = data.draw(st.integers(2, book.size))
    for each in {size, book.size}:
        check_settlement(book, Reference(story.entries[:each]), each)


def check_settlement(book, reference, size):
    expected = reference.settlement()
    made = compute(book, book.pools[CHAIN, POOL], size)
    if expected is None:
        assert made is None
        return
    assert (made.number, made.parent, made.total) == (expected["number"], expected["parent"], expected["total"])
    assert [(line.onchain_id, line.total, line.final) for line in made.campaigns] == expected["lines"]
    assert dict(made.accounts) == expected["accounts"]
    assert made.proposal == expected["hash"]


def test_the_random_logs_reach_what_matters():
    """The strategy is no use if its logs never settle: this one is what a good draw looks like."""
    steps = [("submit", 0), ("link", 0), ("decide", 0), ("fund", 3), ("wait", 9), ("settle", 0), ("end", 0)]
    story = Player().play([*steps, ("submit", 0), ("decide", 0), ("wait", 9), ("fund", 3), ("settle", 0)])
    assert story.rules() == []
    assert [each.total for each in story.book.pools[CHAIN, POOL].recorded.values()] == [27, 54]
