"""Items of every kind for two platforms, drawn at random: references hit, miss, repeat and cross platforms.

The script looks at the facts of the log so far, so that what it draws often fits; what was drawn in the same group it
knows by the items.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from msgspec.structs import replace

from ledger.book import judging
from ledger.book.contributions import Contribution
from ledger.book.facts import Facts
from ledger.log.items import Item, LinkWallet, NoteAct, ObjectToLink, Record, Review, RevokeKey, Submit
from ledger.statements import sign_in
from ledger.statements.campaigns import Criterion, Judging, Limits, PieceRate, Requirement, Sealed
from ledger.statements.commitments import Opening
from ledger.statements.decisions import Method, OpenedReview
from ledger.statements.log import ClockTick
from ledger.statements.values import format_score, format_time
from tests.unit.log.samples import DAY_MS, ORIGIN, PLACE, START_MS, Maker
from tests.unit.log.wallets import Wallet

VERDICTS = ("accepted", "rejected", "needs_work")
SCORES = ("0", "0.25", "1")
CRITERIA = [Criterion(name="beauty", weight=2), Criterion(name="truth", weight=1)]


class Script:
    """Two platforms' items, drawn by number."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.facts = Facts()
        self.makers = [Maker("a"), Maker("b")]
        self.keys: list[tuple[str, str]] = []
        self._special = [(maker, [maker.id() for _ in range(4)]) for maker in self.makers]
        self._work: list[Submit] = []
        self._openings: dict[str, Opening] = {}
        self._said: dict[str, OpenedReview] = {}
        self._ids: dict[str, list[str]] = {"task": [], "result": [], "mandate": [], "appeal": [], "decision": []}

    def begin(self) -> list[Item]:
        """The platforms and their campaigns, one of a kind: plain, limited, judged by two, sealed, demanding."""
        first, second = self.makers
        items: list[Item] = [first.register(), second.register()]
        items += [first.open_campaign(place=PLACE, reviewer_rate="1", bonus_limit="5", appeal_window=60)]
        items += [second.open_campaign(appeal_window=DAY_MS // 1000, direct=True)]
        for maker, (limited, judged, sealed, demanding) in self._special:
            limits = Limits(participants=3, per_task=2, per_person=2)
            items += [maker.open_campaign(id=limited, limits=limits, pilot=4)]
            judges = Judging(judges=2, agree=1, criteria=CRITERIA if maker is first else None)
            items += [maker.open_campaign(id=judged, judging=judges, second_looks="1", appeal_window=DAY_MS // 1000)]
            times = (format_time(START_MS + DAY_MS // 2), format_time(START_MS + DAY_MS))
            items += [maker.open_campaign(id=sealed, sealed=Sealed(deadline=times[0], reveal_until=times[1]))]
            items += [maker.open_campaign(id=demanding, requires=Requirement(accepted=1, acceptance="0.5"))]
        return items

    def draw(self) -> Item:
        """One more item."""
        maker = self._random.choice(self.makers)
        often: list[Callable[[Maker], Item]] = [self._submit, self._submit, self._judge, self._judge, self._judge]
        rarer = [self._replace, self._about_work, self._about_work, self._content, self._content, self._other]
        return self._random.choice([*often, *rarer, self._wallet, self._campaign])(maker)

    def _submit(self, maker: Maker) -> Item:
        owner = self._random.choice(self.makers) if self._one_in_eight() else maker
        limited, judged, sealed, demanding = next(ids for each, ids in self._special if each is owner)
        campaign = self._random.choice([owner.campaign, limited, judged, sealed, demanding])
        who = f"w{self._random.randint(0, 6)}"
        item = maker.submit(
            who,
            campaign=campaign,
            task=self._task_of(campaign) if self._maybe() else None,
            content=self._maybe(),
            external_id=self._external(),
        )
        if campaign == sealed and not self._one_in_eight():
            item, opening = maker.sealed(who, campaign, self._maybe())
            self._openings[item.id] = opening
        self._work.append(item)
        return item

    def _replace(self, maker: Maker) -> Item:
        if not self._work:
            return self._submit(maker)
        there = [each for each in self._work if each.id in self.facts.contributions]
        old = self._random.choice(self._work if self._one_in_eight() or not there else there[-20:])
        fresh = maker.submit(old.contributor)
        item = replace(old, id=fresh.id, fresh_id=fresh.fresh_id, salt=fresh.salt, replaces=old.id, external_id=None)
        self._work.append(item)
        return item

    def _judge(self, maker: Maker) -> Item:
        """A review where judges decide, else the decision or appeal's end that is due."""
        work, owner, known = self._some_work(maker)
        if known is None:
            return self._decide(owner, work)
        opened = self.facts.campaigns[known.campaign].opened
        if opened.judging is not None and self._maybe():
            return self._review(owner, known, criteria=opened.judging.criteria is not None)
        appeal = known.appeal
        if appeal is not None and not appeal.resolved and self._maybe():
            standing = known.decision.id if known.decision else owner.id()
            return owner.resolve(appeal.id, standing, f"w{self._random.randint(0, 6)}")
        return self._decide(owner, work, known)

    def _review(self, owner: Maker, known: Contribution, *, criteria: bool) -> Review:
        scores = tuple(self._random.choice(SCORES) for _ in CRITERIA)
        verdict = self._random.choice(VERDICTS)
        item = owner.review(
            known.id,
            f"w{self._random.randint(0, 6)}",
            verdict=verdict,
            score=None if criteria else scores[0],
            scores=scores if criteria else None,
            second_look=known.decision is not None,
            external_id=self._external(),
        )
        score = format_score(judging.weighted_score(scores, CRITERIA)) if criteria else scores[0]
        given = list(scores) if criteria else None
        self._said[item.id] = OpenedReview(review=item.id, verdict=verdict, score=score, scores=given)
        return item

    def _decide(self, owner: Maker, work: str, known: Contribution | None = None) -> Item:
        members: dict[str, Any] = {
            "verdict": self._random.choice(VERDICTS),
            "score": self._random.choice(SCORES),
            "reviewer": self._random.choice([None, f"w{self._random.randint(0, 6)}"]),
            "external_id": self._external(),
        }
        if known is not None:
            members |= self._fitting(known)
        if self._one_in_eight():
            members |= {"inputs": {"answers": 3}, "inputs_salt": owner.bytes()}
        if self._one_in_eight() and members["verdict"] == "accepted":
            members["bonus"] = "2"
        item = owner.decide(work, **members)
        self._ids["decision"].append(item.id)
        return item

    def _fitting(self, known: Contribution) -> dict[str, Any]:
        """What the next decision on a contribution must say of the one that stands, its appeal and its reviews."""
        opened = self.facts.campaigns[known.campaign].opened
        members: dict[str, Any] = {"supersedes": known.decision.id if known.decision else None}
        if known.appeal is not None and not known.appeal.resolved:
            return members | {"appeal": known.appeal.id, "verdict": "accepted", "feedback": None}
        second = [each.id for each in known.reviews if each.second_look]
        given = second or [each.id for each in known.reviews]
        said = [self._said[each] for each in given if each in self._said]
        outcome = judging.second_look(said, opened) if second else judging.conclude(said, opened, again=True)
        if outcome is None:
            return members
        method = Method(type="human", name="second-look") if second else Method(type="human")
        members |= {"verdict": outcome[0], "score": format_score(outcome[1]), "reviews": tuple(said), "method": method}
        return members | {"reviewer": None}

    def _about_work(self, maker: Maker) -> Item:
        """What contributors do with what they sent."""
        work, owner, known = self._some_work(maker)
        opening = self._openings.get(work)
        if opening is not None and not self._one_in_eight():
            return owner.reveal(work, opening)
        if known is not None and known.decision is not None and not self._one_in_eight():
            item = owner.appeal(work, known.decision.id, external_id=self._external())
            self._ids["appeal"].append(item.id)
            return item
        if self._maybe():
            return owner.withdraw(work)
        who = known.contributor if known else owner.id()
        about, subject = self._random.choice(
            [("campaign", owner.campaign), ("task", self._pick("task")), ("decision", self._pick("decision"))]
        )
        campaign = known.campaign if known and not self._one_in_eight() else owner.campaign
        subject = campaign if about == "campaign" else subject
        return owner.feedback(who, campaign=campaign, about=about, subject=subject or owner.id())

    def _rated(self, owner: Maker) -> tuple[str, str | None]:
        rated = [("campaign", owner.campaign), ("task", self._pick("task")), ("decision", self._pick("decision"))]
        return self._random.choice(rated)

    def _content(self, maker: Maker) -> Item:
        """Results, erasure, mandates and what auditors open."""
        work, _, _ = self._some_work(maker)
        carried = [("contribution", work), ("task", self._pick("task")), ("result", self._pick("result"))]
        carried += [("feedback", self._pick("decision")), ("inputs", self._pick("decision"))]
        carried += [("appeal", self._pick("appeal")), ("feedback", self._pick("appeal"))]
        carried += [("feedback", each) for each in self._said]
        purpose, subject = self._random.choice(carried)
        match self._random.randint(0, 4):
            case 0:
                mandate = maker.mandate(campaign=None if self._maybe() else maker.campaign)
                self._ids["mandate"].append(mandate.id)
                return mandate
            case 1:
                mine = [each.id for each in self._work if each.campaign == maker.campaign][:3]
                result = maker.result(*mine, external_id=self._external())
                self._ids["result"].append(result.id)
                return result
            case 2:
                reason = self._random.choice(["wish", "law", "retention"])
                return maker.erase(purpose, subject or maker.id(), reason)
            case _:
                return maker.look(self._pick("mandate") or maker.id(), purpose, subject or maker.id())

    def _wallet(self, maker: Maker) -> Item:
        """A link of anybody the log knows, or an objection; the second of a group comes too late."""
        people = sorted(each for each, platform in self.facts.contributors.items() if platform == maker.platform)
        if not people:
            return self._submit(maker)
        who = self._random.choice(people[:2])
        latest = self.facts.links.get(who)
        if latest is not None and self._maybe():
            text = sign_in.objection(ORIGIN, who, latest.index)
            before = next((each for each in map(Wallet, (1, 2, 3)) if each.address == latest.previous), Wallet(4))
            return ObjectToLink(contributor=who, link=latest.index, signature=before.sign(text))
        return self._link(maker, who, latest.index if latest else None, latest.address if latest else None)

    def _link(self, maker: Maker, who: str, replaces: int | None, before: str | None) -> LinkWallet:
        wallet = Wallet(self._random.randint(1, 3))
        message = wallet.message(who, replaces)
        consent = None
        if before is not None and self._maybe():
            old = next(each for each in map(Wallet, (1, 2, 3)) if each.address == before)
            consent = old.sign(message)
        return maker.link(who, wallet.address, message, wallet.sign(message), consent=consent)

    def _campaign(self, maker: Maker) -> Item:
        """What a platform does with a campaign."""
        ids = next(ids for each, ids in self._special if each is maker)
        campaign = self._random.choice([maker.campaign, *ids])
        known = self.facts.campaigns.get(campaign)
        version = len(known.versions) + 1 if known else 2
        choices: list[Item] = [
            maker.pause(campaign=campaign),
            maker.resume(campaign=campaign),
            maker.amend(campaign=campaign, version=version, policy=PieceRate(amount="7"), budget="2000"),
            maker.amend(campaign=campaign, version=version, terms={"text": "Fairer pay."}),
            maker.notice(campaign=campaign, external_id=self._external()),
            maker.funded(campaign, self._random.randint(0, 3)),
        ]
        if self._one_in_eight() and self._one_in_eight():
            choices = [maker.close_campaign(campaign=campaign)]
        return self._random.choice(choices)

    def _other(self, maker: Maker) -> Item:
        ids = next(ids for each, ids in self._special if each is maker)
        campaign = self._random.choice([maker.campaign, *ids])
        task = maker.add_task(campaign=campaign, external_id=self._external())
        self._ids["task"].append(task.id)
        key = maker.add_key()
        self.keys.append((maker.platform, key.key.id))
        choices: list[Item] = [task, task, key, Record(statement=ClockTick(v=1, at=format_time(0)))]
        platform, known = self._random.choice(self.keys)
        choices.append(RevokeKey(platform=platform, key_id=known))
        choices.append(replace(maker.add_key(), platform=platform, rotates=known, overlap_ms=1000))
        choices.append(NoteAct(platform=platform, by=known, act="hook.made", subject=maker.id()))
        return self._random.choice(choices)

    def _some_work(self, maker: Maker) -> tuple[str, Maker, Contribution | None]:
        """A contribution's id, whose platform asks, and what is known of it."""
        if not self._work:
            return maker.id(), maker, None
        there = [each for each in self._work if self._is_latest(each.id)]
        work = self._random.choice(self._work if self._one_in_eight() or not there else there[-20:])
        owner = next(each for each in self.makers if each.platform == work.platform)
        return work.id, maker if self._one_in_eight() else owner, self.facts.contributions.get(work.id)

    def _is_latest(self, contribution: str) -> bool:
        known = self.facts.contributions.get(contribution)
        return known is not None and known.replaced_by is None and not known.withdrawn

    def _task_of(self, campaign: str) -> str | None:
        own = [task for task, where in self.facts.tasks.items() if where == campaign]
        return self._pick("task") if self._one_in_eight() else self._random.choice([*own, None])

    def _pick(self, kind: str) -> str | None:
        ids = self._ids[kind]
        return self._random.choice(ids) if ids else None

    def _external(self) -> str | None:
        return str(self._random.randint(0, 6)) if self._one_in_eight() else None

    def _maybe(self) -> bool:
        return self._random.random() < 0.5

    def _one_in_eight(self) -> bool:
        return self._random.randint(0, 7) == 0
