"""Groups of people who give the same wrong answers far more often than their errors explain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ledger.consensus.answers import MILLION, Answer, Votes, votes_of
from ledger.consensus.bits import BIT, log2
from ledger.consensus.methods import Gold, single_best
from ledger.consensus.signals import LEAST_BITS, MAX_NAMED, Signal, in_order, strength

WINDOW: Final = 20
"""Who gave the same wrong answer is paired with so many next ones in the order of names: not every pair of a crowd."""
LEAST_SHARED: Final = 4


@dataclass(frozen=True, slots=True)
class _Errors:
    """wrong[contributor][task] = label; answered[contributor] = tasks; right[task]; of each task wrong and all votes.

    ``rate`` is the share of wrong votes in all; of (contributor, right label) ``habit`` is the person's share of errors
    on tasks with that right label, ``pull`` how many times more than others made on the same tasks; all in millionths.
    """

    wrong: Mapping[str, Mapping[str, str]]
    answered: Mapping[str, frozenset[str]]
    right: Mapping[str, str]
    counts: Mapping[str, tuple[int, int]]
    rate: int
    habit: Mapping[tuple[str, str], int]
    pull: Mapping[tuple[str, str], int]

    def difficulty(self, task: str, people: Sequence[str]) -> int:
        """The share of wrong votes without those of ``people``, in millionths; two imagined votes smooth it."""
        mistaken, voters = self.counts[task]
        mistaken -= sum(task in self.wrong.get(who, ()) for who in people)
        return (mistaken * MILLION + 2 * self.rate) // (voters - len(people) + 2)

    def chance(self, who: str, task: str, other: str) -> int:
        """The probability, in millionths, that ``who`` errs on a task that ``other`` answered too."""
        kind = (who, self.right[task])
        return min(MILLION, max(self.habit[kind], self.difficulty(task, (who, other)) * self.pull[kind] // MILLION))


@dataclass(frozen=True, slots=True, order=True)
class _Link:
    """``one`` repeated ``shared`` of the ``errors`` of ``other`` where ``expected`` (millionths) are due to chance."""

    bits: int
    one: str
    other: str
    shared: int
    errors: int
    expected: int


def collusion(answers: Iterable[Answer], gold: Gold | None = None) -> list[Signal]:
    """Groups linked by pairs that share more wrong answers than chance, task difficulty and their own errors explain.

    Wrong is what differs from the known answer, else from the task's single most frequent one (so, without gold,
    a group that captured a task's majority makes the honest ones look linked). Of the n errors that one person made on
    tasks that both answered, the other repeated x, label by label. If the two work independently the other errs on each
    with a probability that is at most the greater of two: that person's share of errors on tasks with this right label
    (two who always say yes are not linked by it), and the share of wrong votes that the rest gave on this task, times
    how much more than others that person errs on such tasks (hard tasks link nobody). With p the mean of these,
    P(>= x) <= 2^(-n D(x/n || p)), D being the relative entropy in bits (Chernoff; Hoeffding 1956 for unequal
    probabilities). The weaker of both directions counts, less log2 of the number of pairs that share any wrong answer
    (Bonferroni). From 10 bits and 4 shared errors on a pair is linked; linked pairs form groups. A ring of a third of a
    task's voters or more looks like a hard task and can go unseen.

    Among those who gave one wrong answer to a task each is paired with the ``WINDOW`` next by name: all pairs of up to
    21 people; of larger rings the neighbours, who link the ring. So there are at most 20 pairs a wrong answer, whatever
    the size of the crowd, and what is not paired makes a signal weaker, never stronger.
    """
    listed = list(answers)
    votes = votes_of(listed)
    errors = _errors(votes, gold or {})
    shared = _shared_errors(errors)
    correction = log2(len(shared), 1) if shared else 0
    links: dict[tuple[str, str], _Link] = {}
    for (one, other), count in shared.items():
        if count >= LEAST_SHARED:
            link = min(_link(errors, one, other, count, correction), _link(errors, other, one, count, correction))
            if link.bits >= LEAST_BITS * BIT:
                links[one, other] = link
    by_id = sorted(listed, key=lambda one: one.contribution, reverse=True)  # of several the first stays
    by_vote = {(answer.contributor, answer.task): answer.contribution for answer in by_id}
    return in_order(_signal(group, links, errors, by_vote) for group in _groups(links))


def _errors(votes: Votes, gold: Gold) -> _Errors:
    wrong: dict[str, dict[str, str]] = {}
    answered: dict[str, set[str]] = {}
    truth: dict[str, str] = {}
    counts: dict[str, tuple[int, int]] = {}
    for task, given in votes.items():
        right = gold[task] if task in gold else single_best(Counter(given.values()))
        if right is None or len(given) < 3:  # of two people nobody can be told to be the wrong one
            continue
        mistaken = {who: label for who, label in given.items() if label != right}
        truth[task], counts[task] = right, (len(mistaken), len(given))
        for who in given:
            answered.setdefault(who, set()).add(task)
        for who, label in mistaken.items():
            wrong.setdefault(who, {})[task] = label
    total = sum(voters for _, voters in counts.values())
    rate = sum(mistaken for mistaken, _ in counts.values()) * MILLION // max(1, total)
    habit: dict[tuple[str, str], int] = {}
    pull: dict[tuple[str, str], int] = {}
    tasks_of = {who: frozenset(tasks) for who, tasks in answered.items()}
    errors = _Errors(wrong, tasks_of, truth, counts, rate, habit, pull)
    for who, tasks in wrong.items():
        made, met = Counter(truth[task] for task in tasks), Counter(truth[task] for task in answered[who])
        expected: Counter[str] = Counter()
        for task in answered[who]:
            expected[truth[task]] += errors.difficulty(task, (who,))
        for label, due in expected.items():
            habit[who, label] = made[label] * MILLION // met[label]
            pull[who, label] = made[label] * MILLION * MILLION // max(1, due)
    return errors


def _shared_errors(errors: _Errors) -> Counter[tuple[str, str]]:
    """Pair -> number of tasks on which both gave the same wrong answer."""
    groups: dict[tuple[str, str], list[str]] = {}
    for who, tasks in errors.wrong.items():
        for task, label in tasks.items():
            groups.setdefault((task, label), []).append(who)
    return Counter(pair for people in groups.values() for pair in _neighbours(sorted(people)))


def _neighbours(people: Sequence[str]) -> Iterator[tuple[str, str]]:
    for place, one in enumerate(people):
        for other in islice(people, place + 1, place + 1 + WINDOW):
            yield one, other


def _link(errors: _Errors, one: str, other: str, shared: int, correction: int) -> _Link:
    """How surprising it is that ``one`` repeated so many errors of ``other``."""
    theirs = [task for task in errors.wrong[other] if task in errors.answered[one]]
    expected = max(1, sum(errors.chance(one, task, other) for task in theirs))
    made, missed = shared * MILLION, (len(theirs) - shared) * MILLION
    if made <= expected:
        return _Link(0, one, other, shared, len(theirs), expected)
    bits = shared * log2(made, expected)
    if missed:
        bits += (len(theirs) - shared) * log2(missed, len(theirs) * MILLION - expected)
    return _Link(bits - correction, one, other, shared, len(theirs), expected)


def _groups(links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The connected components of linked people, each sorted."""
    near: dict[str, set[str]] = {}
    for one, other in links:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    groups: list[list[str]] = []
    seen: set[str] = set()
    for start in sorted(near):
        if start in seen:
            continue
        group = [start]
        seen.add(start)
        for who in group:
            fresh = sorted(near[who] - seen)
            seen.update(fresh)
            group.extend(fresh)
        groups.append(sorted(group))
    return groups


def _signal(
    group: Sequence[str],
    links: Mapping[tuple[str, str], _Link],
    errors: _Errors,
    by_vote: Mapping[tuple[str, str], str],
) -> Signal:
    people = set(group)
    inside = [link for pair, link in links.items() if pair[0] in people]
    best = max(inside)
    evidence = (
        f"{len(inside)} pairs among {len(group)} people share more wrong answers than chance; in the clearest, "
        f"{best.one} repeated {best.shared} of {best.errors} errors of {best.other} where {best.expected // MILLION} "
        f"are expected: {best.bits // BIT} bits."
    )
    named = {
        by_vote[who, task]
        for link in inside
        for task, label in errors.wrong[link.one].items()
        if errors.wrong[link.other].get(task) == label
        for who in (link.one, link.other)
    }
    return Signal("collusion", tuple(group), strength(best.bits), evidence, tuple(sorted(named))[:MAX_NAMED])
