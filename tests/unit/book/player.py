"""Turns drawn steps into logs for the book and the slow reference: plausible ones, which break rules now and then."""

from msgspec import structs

from ledger.book.contributions import appeal_is_open, is_final
from ledger.book.rewards import compute
from ledger.statements import values
from ledger.statements.campaigns import (
    Criterion,
    Limits,
    PieceRate,
    Pool,
    Prizes,
    Requirement,
    Revisions,
    ScoreRate,
)
from ledger.statements.contributions import Signature
from ledger.statements.decisions import OpenedReview
from ledger.statements.settlements import SettlementActivated, SettlementVetoed
from tests.unit.book.reference_judging import conclusion
from tests.unit.book.story import CHAIN, DIGEST, POOL, SECOND, Story, judges, person, wallet

VERDICTS = ["accepted", "needs_work", "accepted", "rejected", "needs_work", "rejected"]
SCORES = ["1", "0.9", "0.5", "0.5", "0.333333", "0", "0.000001"]
STEPS = {
    "submit": 6,
    "replace": 4,
    "withdraw": 1,
    "reveal": 5,
    "review": 8,
    "decide": 6,
    "supersede": 3,
    "again": 4,
    "appeal": 4,
    "answer": 2,
    "resolve": 2,
    "amend": 2,
    "pause": 1,
    "resume": 2,
    "close": 1,
    "link": 3,
    "object": 2,
    "wait": 6,
    "fund": 4,
    "chain": 1,
    "settle": 7,
    "end": 6,
}
NAMES = [name for name, weight in STEPS.items() for _ in range(weight)]


def in_time(story, seconds):
    return {"closing": story.time(seconds), "resolution": 40}


def processing(story):
    return story.campaign(
        policy=ScoreRate(max_amount="1000"),
        budget="2500",
        appeal=30,
        decision=60,
        bonus_limit="70",
        reviewer_rate="35",
        appeal_default="accepted",
        second_looks="0.7",
        resolution=40,
    )


def rating(story):
    limits = Limits(participants=3, per_person=2, per_task=2)
    rules = {"limits": limits, "pilot": 3, "revisions": None}
    return story.campaign(budget="35", appeal=30, decision=50, default="rejected", **rules, **in_time(story, 700))


def funded(story):
    goal = {"goal": "40", "funding_deadline": story.time(300)}
    revisions = Revisions(window=50, rounds=1)
    return story.campaign(
        budget="100", appeal=20, decision=30, revisions=revisions, reviewer_rate="3", **goal, **in_time(story, 700)
    )


def contest(story):
    criteria = [Criterion(name="form", weight=1), Criterion(name="sense", weight=2)]
    return story.campaign(
        policy=Prizes(amounts=["50", "25", "9"], min_score="0.2"),
        budget="120",
        appeal=20,
        decision=60,
        default="rejected",
        judging=judges(2, 1, criteria),
        sealed=story.sealed(60, 40),
        reviewer_rate="2",
        **in_time(story, 400),
    )


def creation(story):
    rules = {"bonus_limit": "5", "revisions": Revisions(window=40, rounds=2), "appeal_default": "accepted"}
    return story.campaign(
        policy=Pool(total="101"), budget="110", appeal=20, decision=40, **rules, **in_time(story, 400)
    )


def redundant(story):
    rules = {"judging": judges(3, 2), "second_looks": "1", "reviewer_rate": "4", "bonus_limit": "6"}
    return story.campaign(policy=PieceRate(amount="10"), appeal=30, decision=80, default="rejected", **rules)


def points(story):
    return story.campaign(
        paid=False, appeal=10, decision=20, requires=Requirement(accepted=1, acceptance="0.5"), **in_time(story, 900)
    )


KINDS = [processing, rating, funded, contest, creation, redundant, points]
AMENDMENTS = [
    {"policy": ScoreRate(max_amount="600")},
    {"policy": PieceRate(amount="12")},
    {"policy": PieceRate(amount="7"), "terms": DIGEST},
    {"budget": "130"},
    {"policy": Pool(total="120"), "budget": "130"},
    {"policy": Pool(total="99")},
    {"policy": Prizes(amounts=["50", "30", "9", "4"], min_score="0.1")},
    {"policy": Prizes(amounts=["50", "20"], min_score="0.1")},
    {"reviewer_rate": "1"},
    {},
]


class Player:
    """Plays steps, (name, number) each, in the campaigns of ``kinds``."""

    def __init__(self, kinds):
        self.story = story = Story()
        self.campaigns = [kind(story) for kind in kinds]
        self.tasks = {campaign: story.task(campaign) for campaign in self.campaigns}
        self.opened, self.made, self.funded = {}, [], dict.fromkeys(self.campaigns, 0)

    def play(self, steps):
        for name, number in steps:
            self.step(name, number)
        self.story.tick(1)
        return self.story

    def step(self, name, number):
        getattr(self, name)(number)

    # ---- whom and what a step is about ----

    @property
    def facts(self):
        return self.story.book.facts

    def campaign(self, number):
        return self.campaigns[number % len(self.campaigns)]

    def pick(self, number, wanted):
        """A contribution that is as wanted, the newest first; one in eight is any."""
        works = list(self.facts.contributions.values())
        able = [work for work in works if wanted(work)] if number % 8 else works
        return able[-1 - number % min(len(able), 4)] if able else None

    def is_open(self, work):
        final = is_final(work, self.facts.campaigns[work.campaign], self.story.now_ms)
        return work.replaced_by is None and not final

    def undecided(self, work):
        return self.is_open(work) and work.decision is None

    def score(self, number):
        return SCORES[number % len(SCORES)]

    # ---- steps ----

    def wait(self, number):
        self.story.tick(number % 10 * 4)

    def submit(self, number):
        campaign = self.campaign(number)
        more = {"task": self.tasks[campaign]} if number % 3 else {}
        if number % 7 == 0:  # the book takes a signature as given; who checks it is the audit
            more["signature"] = Signature(address=wallet(number % 4).address.lower(), value="0x" + 128 * "0" + "1b")
        self.story.submit(campaign, number // 3 % 5, **more)

    def replace(self, number):
        work = self.pick(number, self.is_asked if number % 3 else self.undecided)
        if work:
            task = {"task": work.task} if work.task else {}
            self.story.submit(work.campaign, self.number_of(work.contributor), replaces=work.id, **task)

    def is_asked(self, work):
        return self.is_open(work) and work.decision is not None and work.decision.verdict == "needs_work"

    def number_of(self, who):
        return next(number for number in range(40) if person(number) == who)

    def withdraw(self, number):
        if work := self.pick(number, self.undecided):
            self.story.withdraw(work.id)

    def reveal(self, number):
        sealed = lambda work: self.undecided(work) and not work.revealed and self.is_sealed(work)  # noqa: E731
        if work := self.pick(number, sealed):
            self.story.reveal(work.id)

    def is_sealed(self, work):
        return self.facts.campaigns[work.campaign].sealed_ms is not None

    def review(self, number):
        second = number % 3 == 2
        wanted = self.is_rejected if second else self.is_judged
        if work := self.pick(number, wanted):
            judging = self.facts.campaigns[work.campaign].opened.judging
            scores = [self.score(number), self.score(number + 1)] if judging and judging.criteria else None
            score = self.score(number)
            if scores:
                whole = values.score_millionths(scores[0]) + 2 * values.score_millionths(scores[1])
                score = values.format_score(whole // 3)
            verdict = "accepted" if second and number % 4 else VERDICTS[number % len(VERDICTS)]
            said = self.story.review(work.id, 10 + number % 7, verdict, score, scores, second_look=second)
            self.opened.setdefault((work.id, second), []).append(said)

    def is_judged(self, work):
        judged = self.facts.campaigns[work.campaign].opened.judging is not None
        return judged and self.undecided(work) and (work.revealed or not self.is_sealed(work))

    def is_rejected(self, work):
        return self.is_open(work) and work.decision is not None and work.decision.verdict == "rejected"

    def reviews_of(self, work, second) -> list[OpenedReview]:
        known = {review.id for review in work.reviews}
        return [each for each in self.opened.get((work.id, second), []) if each.review in known]

    def decide(self, number):
        if work := self.pick(number, self.undecided):
            judging = self.facts.campaigns[work.campaign].opened.judging
            reviews = self.reviews_of(work, False)
            follows = conclusion(reviews, judging, False, number % 5 > 0) if judging and reviews else None
            if follows:
                self.story.decide(work.id, follows[0], values.format_score(follows[1]), reviews=reviews)
            elif judging is None or number % 4 == 0:
                self.story.decide(work.id, VERDICTS[number % len(VERDICTS)], self.score(number), **self.extras(number))

    def extras(self, number):
        """A reviewer, a bonus: now and then."""
        by = {"reviewer": person(10 + number % 7)} if number % 2 else {}
        return by | ({"bonus": str(number % 9 * 10)} if number % 5 == 0 else {})

    def supersede(self, number):
        work = self.pick(number, lambda work: self.is_open(work) and work.decision is not None)
        if work is None or work.decision is None:
            return
        reviews, other = self.reviews_of(work, True), {"supersedes": work.decision.id}
        if reviews:
            score = reviews[-1].score
            self.story.decide(work.id, score=score, method=SECOND, reviews=reviews, **other)
        else:
            self.story.decide(work.id, VERDICTS[number % 6], self.score(number), **other, **self.extras(number))

    def again(self, number):
        """Supersede what was final."""
        work = self.pick(number, lambda work: not self.is_open(work) and work.decision and not work.replaced_by)
        if work and work.decision:
            other = self.extras(number) | {"supersedes": work.decision.id}
            self.story.decide(work.id, VERDICTS[(number + 2) % 6], self.score(number), **other)

    def appeal(self, number):
        if (work := self.pick(number, lambda work: self.is_open(work) and work.decision and not work.appeal)) and (
            work.decision is not None
        ):
            self.story.appeal(work.id, work.decision.id)

    def answer(self, number):
        work = self.pick(number, lambda work: self.is_open(work) and appeal_is_open(work))
        if work and work.decision and work.appeal:
            other = {"appeal": work.appeal.id, "supersedes": work.decision.id, "reviewer": person(10 + number % 7)}
            verdict = VERDICTS[number % 5]
            bonus = {"bonus": "5"} if number % 5 == 2 and verdict == "accepted" else {}
            self.story.decide(work.id, verdict, self.score(number), **other, **bonus)
            if number % 3:
                self.story.resolve(work.appeal.id, work.decision.id, 10 + number % 7)

    def resolve(self, number):
        work = self.pick(number, lambda work: self.is_open(work) and appeal_is_open(work))
        if work and work.decision and work.appeal:
            self.story.resolve(work.appeal.id, work.decision.id, 10 + number % 7)

    def amend(self, number):
        campaign = self.campaign(number)
        version = len(self.facts.campaigns[campaign].versions) + 1 + (number % 9 == 0)
        self.story.amend(campaign, version, **AMENDMENTS[number % len(AMENDMENTS)])

    def pause(self, number):
        self.story.pause(self.campaign(number))

    def resume(self, number):
        self.story.resume(self.campaign(number))

    def close(self, number):
        if number % 3 == 0:
            self.story.close(self.campaign(number // 3))

    def link(self, number):
        who = number % 5 if number % 4 else 10 + number % 7
        latest = self.facts.links.get(person(who))
        consent = wallet(number % 4) if number % 3 == 0 else None
        if latest and latest.previous and number % 6 < 5:
            consent = None
        replaces = latest.index if latest else None
        self.story.link(who, wallet(number // 5 % 4), consent, replaces=replaces)

    def object(self, number):
        links = list(self.facts.links.items())
        if links:
            who, link = links[-1 - number % min(len(links), 3)]
            account = next(
                (wallet(n) for n in range(4) if wallet(n).address.lower() == link.previous), wallet(number % 4)
            )
            self.story.object(self.number_of(who), account, link.index)

    def fund(self, number):
        campaign = self.campaign(number)
        self.funded[campaign] += number % 7 * 12
        self.record(campaign, number)

    def chain(self, number):
        """Money went back to the backers, or the campaign was closed on the chain."""
        campaign = self.campaign(number)
        self.record(campaign, number, returned=min(self.funded[campaign], 20), closed=number % 3 == 0)

    def record(self, campaign, number, **other):
        opened = self.facts.campaigns[campaign].opened
        reached = opened.goal is None or self.funded[campaign] >= int(opened.goal)
        block = len(self.story.entries) - (20 if number % 10 == 0 else 0)
        self.story.fund(campaign, self.funded[campaign], goal_reached=reached, block=max(block, 0), **other)

    def settle(self, number):
        """Record what followed from the log at its size now or a little earlier, at once or a little later."""
        book = self.story.book
        pool = book.pools.get((CHAIN, POOL))
        made = compute(book, pool, book.size - number % 4) if pool and not pool.pending() else None
        if made is None:
            return
        self.story.wait(number % 3 * 11)
        said = made.statement(self.story.time(0))
        if number % 9 == 0:
            wrong = [{"total": str(made.total + 1)}, {"size": book.size + 1}, {"parent": made.parent + 1}]
            self.story.say(structs.replace(said, **wrong[number // 9 % 3]))
        else:
            self.story.say(said)
            self.made.append(made)

    def end(self, number):
        if not self.made:
            return
        if number % 17 == 0:
            self.story.veto(self.made[number % len(self.made)])
        elif number % 20 == 1:
            kind = SettlementActivated if number % 40 == 1 else SettlementVetoed
            self.story.end(self.made[-1], kind, number=self.made[-1].number + 1, proposal="0x" + 64 * "e")
        elif self.story.book.pending(CHAIN, POOL):
            (self.story.veto if number % 6 == 0 else self.story.end)(self.made[-1])
