"""Signs of fraud: evidence with its counts, on which a person decides. Never a verdict, and never an input to one.

Each function is deterministic, blind to the order of arrival and sorts what it finds by strength, strongest first.
Statistics give their evidence in bits: ten bits are odds of a thousand to one against the innocent explanation. That
the explanation is the innocent one is for a person to weigh: people who learned from one wrong page also agree.
``collusion`` stands in a module of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import Final, Literal

from ledger.consensus.answers import MILLION, Answer, votes_of
from ledger.consensus.bits import BIT, log2
from ledger.consensus.methods import Gold

Kind = Literal["same_content", "burst", "shared_wallet", "collusion", "random_answers", "always_agrees"]

LEAST_BITS: Final = 10
"""Evidence below odds of about a thousand to one is no signal."""
FULL_BITS: Final = 60
"""From here on the strength is 1."""
LEAST_CONTENT_BYTES: Final = 40
"""Shorter contents are alike by chance; where answers are few and short ``collusion`` looks instead."""
BURST_ANSWERS: Final = 10
BURST_SPEED: Final = 10
LEAST_TRIALS: Final = 20
MAX_NAMED: Final = 1000
"""At most so many contributions are named in one signal; the counts in its evidence are whole."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Why somebody should look: whom and which contributions it is about, how strong (millionths), in plain words."""

    kind: Kind
    subjects: tuple[str, ...]
    strength: int
    evidence: str
    contributions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """The digest and length in bytes of what one contribution holds."""

    contribution: str
    contributor: str
    digest: str
    length: int


def same_content(contents: Iterable[Content], least_bytes: int = LEAST_CONTENT_BYTES) -> list[Signal]:
    """The same long content from several contributors; n of them give a strength of (n - 1) / n. Time O(n log n)."""
    groups: dict[str, list[Content]] = {}
    for content in contents:
        if content.length >= least_bytes:
            groups.setdefault(content.digest, []).append(content)
    found = []
    for group in groups.values():
        people = {content.contributor for content in group}
        if len(people) > 1:
            evidence = f"{len(people)} contributors sent the same {group[0].length} bytes, {len(group)} times in all."
            found.append(_signal("same_content", people, _share(people), evidence, (c.contribution for c in group)))
    return in_order(found)


def shared_wallet(wallets: Iterable[tuple[str, str]]) -> list[Signal]:
    """Several contributors who are paid to one address, from (contributor, address). Strength and time as above."""
    groups: dict[str, set[str]] = {}
    for contributor, address in wallets:
        groups.setdefault(address, set()).add(contributor)
    return in_order(
        _signal("shared_wallet", people, _share(people), f"{len(people)} contributors are paid to {address}.", ())
        for address, people in groups.items()
        if len(people) > 1
    )


def burst(answers: Iterable[Answer]) -> list[Signal]:
    """Contributors who sent ``BURST_ANSWERS`` in a row ``BURST_SPEED`` times faster than people do here.

    The pace of a contributor is the median time between two of their answers; that of the campaign is the median of
    those. Where it is 0 (answers were imported at once) and for answers without a time nothing can be said. Strength
    is the share of the expected time that was saved in the fastest row. Time O(n log n).
    """
    by_person: dict[str, list[Answer]] = {}
    for answer in answers:
        if answer.at_ms > 0:
            by_person.setdefault(answer.contributor, []).append(answer)
    rows = {who: sorted(given, key=_moment) for who, given in by_person.items()}
    paces = [
        median_low(after.at_ms - before.at_ms for before, after in pairwise(row))
        for row in rows.values()
        if len(row) > 1
    ]
    usual = median_low(paces) * (BURST_ANSWERS - 1) if paces else 0
    found = []
    for who, row in rows.items():
        spans = [(row[n + BURST_ANSWERS - 1].at_ms - row[n].at_ms, n) for n in range(len(row) - BURST_ANSWERS + 1)]
        fast = [n for span, n in spans if span * BURST_SPEED < usual]
        if fast:
            fastest = min(spans)[0]
            hasty = {one.contribution for n in fast for one in row[n : n + BURST_ANSWERS]}
            evidence = (
                f"{len(hasty)} of {len(row)} answers came in rows of {BURST_ANSWERS} within {usual // BURST_SPEED} ms; "
                f"the fastest took {fastest} ms where people here take {usual} ms."
            )
            found.append(_signal("burst", [who], (usual - fastest) * MILLION // usual, evidence, hasty))
    return in_order(found)


def random_answers(answers: Iterable[Answer], gold: Gold | None = None) -> list[Signal]:
    """Contributors whose agreement is better explained by guessing than by working like the others.

    An answer is compared with the known one, else with the single leader among the other people's votes. Guessing
    means to give one's own labels as often, in any order: it agrees as chance has it. The statistic is the likelihood
    ratio of that against the whole crowd's rate of agreement, in bits; from ``LEAST_TRIALS`` comparisons on. Time O(n).
    """
    compared = _compared(list(answers), gold or {})
    agreed = sum(label == other for pairs in compared.values() for _, label, other in pairs)
    total = sum(len(pairs) for pairs in compared.values())
    found = []
    for who, pairs in compared.items():
        trials = len(pairs)
        if trials < LEAST_TRIALS:
            continue
        right = sum(label == other for _, label, other in pairs)
        chance = _by_chance(pairs)
        if chance == 0 or agreed * trials * trials <= chance * total or agreed == total:
            continue  # nothing to agree with, or the crowd does no better than this person's guesses
        bits = right * log2(chance * total, trials * trials * agreed)
        bits += (trials - right) * log2((trials * trials - chance) * total, trials * trials * (total - agreed))
        if bits >= LEAST_BITS * BIT:
            evidence = (
                f"{right} of {trials} answers agree with the others; guessing gives {chance // trials}, "
                f"the crowd's rate {agreed * trials // total}: {bits // BIT} bits for guessing."
            )
            found.append(_signal("random_answers", [who], strength(bits), evidence, (one for one, _, _ in pairs)))
    return in_order(found)


def always_agrees(reviews: Iterable[Answer]) -> list[Signal]:
    """Reviewers who accept everything, or never differ from whoever reviewed the same before them.

    A review is an ``Answer``: ``task`` the contribution it is about, ``contributor`` the reviewer, ``label`` the
    verdict. If the other reviewers accept (or agree with the first) at the rate q, n times in a row has the chance q to
    the n; the statistic is its inverse in bits, from ``LEAST_TRIALS`` reviews on. Reviews at one moment are not before
    each other. A reviewer without anybody to be compared with gives no signal. Time O(n log n).
    """
    listed = sorted(reviews, key=_moment)
    accepts: dict[str, list[tuple[str, bool]]] = {}
    follows: dict[str, list[tuple[str, bool]]] = {}
    first: dict[str, Answer] = {}
    for review in listed:
        accepts.setdefault(review.contributor, []).append((review.contribution, review.label == "accepted"))
        leader = first.setdefault(review.task, review)
        if leader.at_ms < review.at_ms and leader.contributor != review.contributor:
            follows.setdefault(review.contributor, []).append((review.contribution, review.label == leader.label))
    accepting = _never_failing(accepts, "Accepted every one of {n} contributions; the others accept {yes} of {all}")
    following = _never_failing(follows, "Agreed with the first review all {n} times; the others in {yes} of {all}")
    return in_order([*accepting, *following])


def _never_failing(trials: Mapping[str, list[tuple[str, bool]]], words: str) -> Iterable[Signal]:
    everything = sum(len(row) for row in trials.values())
    successes = sum(good for row in trials.values() for _, good in row)
    for who, row in trials.items():
        others, good = everything - len(row), successes - sum(one for _, one in row)
        if len(row) < LEAST_TRIALS or others < LEAST_TRIALS or not all(one for _, one in row):
            continue
        bits = len(row) * log2(others + 2, good + 1)  # Laplace: others who never failed do not make failing impossible
        if bits >= LEAST_BITS * BIT:
            evidence = words.format(n=len(row), yes=good, all=others) + f": {bits // BIT} bits."
            yield _signal("always_agrees", [who], strength(bits), evidence, (c for c, _ in row))


def _compared(answers: list[Answer], gold: Gold) -> dict[str, list[tuple[str, str, str]]]:
    """Contributor -> (contribution, own label, known label or that of the single leader among the others)."""
    votes = votes_of(answers)
    tallies: dict[str, dict[str, int]] = {}
    for task, given in votes.items():
        tally = tallies.setdefault(task, {})
        for label in given.values():
            tally[label] = tally.get(label, 0) + 1
    found: dict[str, list[tuple[str, str, str]]] = {}
    leaders = {task: _three_best(tally) for task, tally in tallies.items()}
    for answer in sorted(answers, key=lambda one: one.contribution):
        if votes[answer.task].pop(answer.contributor, None) is None:
            continue  # no vote, or counted already
        known = gold.get(answer.task)
        other = _leader_without(leaders[answer.task], answer.label) if known is None else known
        if other is not None:
            found.setdefault(answer.contributor, []).append((answer.contribution, answer.label, other))
    return dict(sorted(found.items()))


def _three_best(tally: Mapping[str, int]) -> list[tuple[int, str]]:
    return sorted(((count, label) for label, count in tally.items()), reverse=True)[:3]


def _leader_without(best: list[tuple[int, str]], own: str) -> str | None:
    """The single leader once one vote for ``own`` is taken away; the three best labels are enough to know."""
    rest = sorted(((count - (label == own), label) for count, label in best), reverse=True)
    if rest[0][0] == 0 or (len(rest) > 1 and rest[0][0] == rest[1][0]):
        return None
    return rest[0][1]


def _by_chance(pairs: list[tuple[str, str, str]]) -> int:
    """Trials squared times the chance that own and other label agree when the own ones come in any order."""
    own: dict[str, int] = {}
    others: dict[str, int] = {}
    for _, label, other in pairs:
        own[label] = own.get(label, 0) + 1
        others[other] = others.get(other, 0) + 1
    return sum(count * others.get(label, 0) for label, count in own.items())


def strength(bits: int) -> int:
    """Millionths of ``FULL_BITS``; ``bits`` in units of ``BIT``."""
    return min(MILLION, bits * MILLION // (FULL_BITS * BIT))


def in_order(signals: Iterable[Signal]) -> list[Signal]:
    """Strongest first, then by subjects: the same list whatever the order of the input."""
    return sorted(signals, key=lambda one: (-one.strength, one.subjects, one.evidence, one.contributions))


def _share(people: set[str]) -> int:
    return (len(people) - 1) * MILLION // len(people)


def _moment(answer: Answer) -> tuple[int, str]:
    return answer.at_ms, answer.contribution


def _signal(kind: Kind, subjects: Iterable[str], strength: int, evidence: str, contributions: Iterable[str]) -> Signal:
    return Signal(kind, tuple(sorted(subjects)), strength, evidence, tuple(sorted(contributions))[:MAX_NAMED])
