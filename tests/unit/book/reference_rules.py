"""What each statement does in the slow reference; False where it breaks a rule."""

from ledger.statements import campaigns
from ledger.statements.values import score_millionths
from tests.unit.book.reference_judging import conclusion, drawn_for_second_look
from tests.unit.book.reference_records import Call, Objection, Ruling, Work


class Rules:
    """A part of ``Reference``."""

    def open_call(self, index, at, said):
        self.calls[said.id] = Call(index, said)
        return True

    def amend(self, index, at, said):
        call = self.calls[said.campaign]
        now = call.version(index)
        budget = int(now["budget"] if said.budget is None else said.budget)
        wanted = said.policy or now["policy"]
        kind, old = type(wanted).__name__, now["policy"]
        rates = {"PieceRate", "ScoreRate"}
        if kind in rates or type(old).__name__ in rates:
            fair = {kind, type(old).__name__} <= rates
        elif kind != type(old).__name__:
            fair = False
        elif kind == "Pool":
            fair = int(old.total) <= int(wanted.total) <= budget
        else:
            pairs = [*map(int, wanted.amounts), *[-1] * len(old.amounts)]
            fair = all(mine >= int(theirs) for mine, theirs in zip(pairs, old.amounts, strict=False))
            fair = fair and sum(map(int, wanted.amounts)) <= budget
            fair = fair and score_millionths(wanted.min_score) <= score_millionths(old.min_score)
        said_something = any([said.brief, said.terms, said.policy, said.budget, said.reviewer_rate])
        next_one = said.version == now["number"] + 1
        if self.is_over(call) or not (fair and said_something and next_one and budget >= int(now["budget"])):
            return False
        call.amended.append((index, said))
        return True

    def pause(self, index, at, said):
        call = self.calls[said.campaign]
        if call.closed or call.paused:
            return False
        call.paused = True
        return True

    def resume(self, index, at, said):
        call = self.calls[said.campaign]
        piloting = call.opened.pilot is not None and not call.resumed
        if call.closed or not (call.paused or piloting):
            return False
        call.paused, call.resumed = False, True
        return True

    def close(self, index, at, said):
        call = self.calls[said.campaign]
        if call.closed:
            return False
        call.closed = True
        return True

    def fund(self, index, at, said):
        call = self.calls[said.campaign]
        if call.opened.onchain is None or (call.funds is not None and call.funds.block > said.block):
            return False
        call.funds = said
        return True

    def submit(self, index, at, said):
        call = self.calls[said.campaign]
        old = self.works.get(said.replaces) if said.replaces else None
        allowed = [call.version(index)["terms"]]
        if old is not None:
            allowed.append(call.version(old.first.index)["terms"])
        if said.terms not in allowed:
            return False
        if not (self.may_replace(at, said, old, call) if said.replaces else self.may_enter(said, call)):
            return False
        self.works[said.id] = Work(index, at, said, old)
        self.people.add(said.contributor)
        if old is not None:
            old.replaced = True
            self.pay_judges(old, index)
        return True

    def may_enter(self, said, call):
        opened = call.opened
        first = [
            work for work in self.works.values() if work.said.campaign == said.campaign and work.said.replaces is None
        ]
        if self.is_over(call) or call.paused:
            return False
        if opened.pilot is not None and not call.resumed and len(first) >= opened.pilot:
            return False
        kept = [work for work in self.works.values() if work.said.campaign == said.campaign and not work.gone]
        people = {work.said.contributor for work in first}
        limits = opened.limits or campaigns.Limits()
        too_many = [
            limits.participants and said.contributor not in people and len(people) >= limits.participants,
            limits.per_person and sum(w.said.contributor == said.contributor for w in kept) >= limits.per_person,
            limits.per_task and said.task and sum(w.said.task == said.task for w in kept) >= limits.per_task,
        ]
        return not any(too_many) and self.has_reputation(said.contributor, opened.requires)

    def has_reputation(self, who, wanted):
        if wanted is None:
            return True
        verdicts = [
            work.standing.said.verdict
            for work in self.works.values()
            if work.said.contributor == who and work.standing and work.standing.said.verdict != "needs_work"
        ]
        good = verdicts.count("accepted")
        return good >= wanted.accepted and good * 10**6 >= score_millionths(wanted.acceptance) * len(verdicts)

    def may_replace(self, at, said, old, call):
        if old is None or old.gone or old.versions >= 50:
            return False
        mine, theirs = said, old.said
        if (mine.campaign, mine.contributor, mine.task) != (theirs.campaign, theirs.contributor, theirs.task):
            return False
        if theirs.signature and (not mine.signature or mine.signature.address != theirs.signature.address):
            return False
        standing = old.standing
        if standing is None:
            return not (old.reviews or old.final or self.is_over(call) or call.paused)
        if standing.said.verdict != "needs_work" or old.appeal is not None:
            return False
        return at <= min(standing.at + call.asking, call.last_submission)

    def reveal(self, index, at, said):
        work = self.works[said.contribution]
        window = self.calls[work.said.campaign].sealed
        if window is None or not window[0] < at <= window[1] or work.gone or work.opened_at is not None:
            return False
        work.opened_at = index
        return True

    def withdraw(self, index, at, said):
        work = self.works[said.contribution]
        if work.gone or work.rulings or work.reviews or work.final or work.said.signature:
            return False
        work.withdrawn = True
        return True

    def decidable(self, work, reviewer):
        sealed = self.calls[work.said.campaign].sealed
        return not work.gone and not (sealed and work.opened_at is None) and reviewer != work.said.contributor

    def review(self, index, at, said):
        work = self.works[said.contribution]
        opened = self.calls[work.said.campaign].opened
        if not self.decidable(work, said.reviewer) or work.has_judged(said.reviewer) or work.final:
            return False
        standing = work.standing
        if said.second_look:
            fits = standing is not None and standing.way == "first" and standing.said.verdict == "rejected"
            fits = fits and work.appeal is None and not any(each.second_look for each in work.reviews)
            if not fits or not drawn_for_second_look(standing.said.id, opened.second_looks):
                return False
        elif opened.judging is None or standing is not None or len(work.reviews) >= opened.judging.judges:
            return False
        work.reviews.append(said)
        self.judged(work, said.reviewer, index)
        return True

    def judged(self, work, person, index):
        if person is not None:
            work.judged.append((person, index, False))
            self.people.add(person)

    def decide(self, index, at, said):
        work = self.works[said.contribution]
        call = self.calls[work.said.campaign]
        if said.id in self.used or not self.decidable(work, said.reviewer):
            return False
        way = self.way(at, said, work, call)
        if way is None or not self.verdict_fits(at, said, work, call, way):
            return False
        if not self.reviews_fit(at, said, work, call, way):
            return False
        self.used.add(said.id)
        work.rulings.append(Ruling(index, at, said, way))
        self.judged(work, said.reviewer, index)
        if way == "again":
            work.final, work.appeal = False, None
            for award in self.queue:
                if award.contribution == work.said.id and award.source != "reviewer_rate" and award.void is None:
                    award.void = index
        return True

    def way(self, at, said, work, call):
        """In which of the ways that there are this decision comes; None if in none."""
        standing, appeal = work.standing, work.appeal
        if said.supersedes != (standing.said.id if standing else None):
            return None
        if appeal is not None and not appeal.resolved:
            if work.final:
                return None  # what the unanswered appeal came to by default is final for good
            other = said.reviewer is not None and not work.has_judged(said.reviewer)
            fits = said.appeal == appeal.said.id and other and said.verdict != "needs_work"
            if standing.said.verdict == "accepted":
                gave, gives = ((float(each.score), int(each.bonus or 0)) for each in (standing.said, said))
                fits = fits and said.verdict == "accepted" and gives[0] >= gave[0] and gives[1] >= gave[1]
            return "answer" if fits and standing.said.id == appeal.said.decision else None
        if said.appeal is not None:
            return None
        if standing is None:
            return None if work.final else "first"
        if work.final:
            return "again" if self.may_reopen(work, call) else None
        return "second" if standing.way == "first" and not work.reopened else None

    def may_reopen(self, work, call):
        return not work.reopened and not self.is_over(call) and work.standing.said.verdict != "needs_work"

    def may_ask(self, at, work, call, way):
        asks = call.opened.revisions
        asked, each = 0, work.before
        while each is not None:
            asked += bool(each.rulings)
            each = each.before
        in_time = at + call.asking <= call.last_submission
        return asks is not None and asked < asks.rounds and in_time and way != "again" and not work.reopened

    def verdict_fits(self, at, said, work, call, way):
        if said.verdict != "accepted" and said.feedback is None:
            return False
        if said.bonus is not None:
            limit = call.opened.bonus_limit
            if limit is None or int(said.bonus) > int(limit) or said.verdict != "accepted":
                return False
        return said.verdict != "needs_work" or self.may_ask(at, work, call, way)

    def reviews_fit(self, at, said, work, call, way):
        judges = call.opened.judging
        second = said.method.name == "second-look"
        if second or (judges is not None and way == "first"):
            given = sorted(each.id for each in work.reviews if each.second_look == second)
            if not given or given != sorted(each.review for each in said.reviews or []):
                return False
            may_ask = self.may_ask(at, work, call, way)
            return conclusion(said.reviews, judges, second, may_ask) == (said.verdict, score_millionths(said.score))
        return said.reviews is None and (judges is None or way in ("answer", "again"))

    def appealed(self, index, at, said):
        work = self.works[said.contribution]
        standing = work.standing
        if standing is None or work.gone or work.final or work.appeal or said.decision != standing.said.id:
            return False
        if at > standing.at + self.calls[work.said.campaign].opened.appeal_window * 1000:
            return False
        work.appeal = self.appeals[said.id] = Objection(index, at, said)
        return True

    def resolve(self, index, at, said):
        appeal = self.appeals.get(said.appeal)
        work = self.works[appeal.said.contribution] if appeal else None
        if appeal is None or work.appeal is not appeal or appeal.resolved or work.final:
            return False
        standing = work.standing
        if said.decision != standing.said.id or said.reviewer == work.said.contributor:
            return False
        kept = standing.said.id == appeal.said.decision
        if work.has_judged(said.reviewer) if kept else standing.said.reviewer != said.reviewer:
            return False
        appeal.resolved = True
        if kept:
            self.judged(work, said.reviewer, index)
        self.finish(work, index)
        return True
