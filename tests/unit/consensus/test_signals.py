import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.consensus import signals
from ledger.consensus.answers import MILLION, Answer
from ledger.consensus.collusion import WINDOW, collusion
from ledger.consensus.signals import (
    Content,
    Signal,
    always_agrees,
    burst,
    random_answers,
    same_content,
    shared_wallet,
)
from tests.unit.consensus.label_sets import SETS, made_up, read

ON_ANSWERS = [burst, random_answers, collusion, always_agrees]


@pytest.mark.parametrize("signal", ON_ANSWERS)
@given(made_up(), st.randoms())
def test_order_of_arrival_changes_nothing(signal, case, shuffler: random.Random):
    answers = [replace(one, contribution=f"{n}-{one.contribution}") for n in range(6) for one in case[0]]
    mixed = list(answers)
    shuffler.shuffle(mixed)
    found = signal(answers)
    assert found == signal(mixed)
    check(found)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from([39, 40]))), st.randoms())
def test_order_changes_nothing_in_groups_either(rows, shuffler: random.Random):
    contents = [Content(f"c{n:02}", who, digest, length) for n, (who, digest, length) in enumerate(rows)]
    mixed = list(contents)
    shuffler.shuffle(mixed)
    assert same_content(contents) == same_content(mixed)
    pairs = [(one.contributor, one.digest) for one in contents]
    assert shared_wallet(pairs) == shared_wallet([(one.contributor, one.digest) for one in mixed])
    check(same_content(contents))
    expected = {
        digest
        for digest in "xyz"
        if len({one.contributor for one in contents if one.digest == digest and one.length == 40}) > 1
    }
    assert len(same_content(contents)) == len(expected)


def check(found: list[Signal]) -> None:
    assert [one.strength for one in found] == sorted((one.strength for one in found), reverse=True)
    for one in found:
        assert 0 <= one.strength <= MILLION
        assert one.subjects == tuple(sorted(set(one.subjects)))
        assert one.contributions == tuple(sorted(set(one.contributions)))
        assert one.evidence.endswith(".")


def test_same_content_and_shared_wallets():
    contents = [Content("c1", "ann", "x", 900), Content("c2", "bob", "x", 900), Content("c3", "ann", "x", 900)]
    [signal] = same_content([*contents, Content("c4", "cid", "y", 900), Content("c5", "dan", "z", 3)])
    assert (signal.kind, signal.subjects, signal.contributions) == ("same_content", ("ann", "bob"), ("c1", "c2", "c3"))
    assert signal.strength == 500_000
    assert signal.evidence == "2 contributors sent the same 900 bytes, 3 times in all."
    assert same_content([contents[0], contents[2]]) == []  # one person may repeat
    [wallet] = shared_wallet([("ann", "0x1"), ("bob", "0x1"), ("ann", "0x1"), ("cid", "0x2"), ("ann", "0x3")])
    assert (wallet.subjects, wallet.strength, wallet.contributions) == (("ann", "bob"), 500_000, ())


def paced(who: str, gaps: list[int]) -> list[Answer]:
    at, found = 1_000_000, []
    for n, gap in enumerate(gaps):
        at += gap
        found.append(Answer(f"{who}{n:03}", f"t{n}", who, "a", at))
    return found


def test_a_burst_is_fast_beside_the_pace_of_the_campaign():
    people = [one for who in ("ann", "bob", "cid") for one in paced(who, [30_000] * 40)]
    hasty = paced("eve", [30_000] * 20 + [500] * 15)
    brisk = paced("fay", [10_000] * 40)
    [signal] = burst([*people, *hasty, *brisk])
    assert signal.subjects == ("eve",)
    assert {"eve034", "eve020"} < set(signal.contributions)
    assert "eve010" not in signal.contributions
    assert signal.strength == (270_000 - 4_500) * MILLION // 270_000
    assert burst([replace(one, at_ms=0) for one in [*people, *hasty]]) == []
    assert burst([replace(one, at_ms=7) for one in [*people, *hasty]]) == []  # imported at once
    assert burst(paced("eve", [1] * 9)) == []


def planted(name: str, seed: int) -> tuple[list[Answer], dict[str, str]]:
    """A real set, and in it three who guess, a ring of four with one answer sheet, three who work well."""
    answers, gold = read(name)
    rng = random.Random(seed)
    labels = sorted({one.label for one in answers})
    tasks = sorted(gold)
    sheet = {task: label if rng.random() < 0.65 else rng.choice(labels) for task, label in gold.items()}
    more = []

    def work(who, chosen, label):
        more.extend(Answer(f"{who}-{task}", task, who, label(task)) for task in chosen)

    common = rng.sample(tasks, min(len(tasks), 200))
    for n in range(3):
        work(f"guess{n}", rng.sample(tasks, len(common)), lambda task: rng.choice(labels))
        work(f"good{n}", rng.sample(tasks, 90), lambda task: gold[task] if rng.random() < 0.9 else rng.choice(labels))
    for n in range(4):
        work(f"ring{n}", common, lambda task: sheet[task] if rng.random() < 0.97 else gold[task])
    return [*answers, *more], gold


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SETS)
def test_planted_guessers_are_found_and_real_people_who_work_are_not(name, seed):
    answers, gold = planted(name, seed)
    accuracy = {
        who: [one.label == gold[one.task] for one in answers if one.contributor == who]
        for who in {one.contributor for one in answers}
    }
    for known in ({}, gold):
        found = {one.subjects[0] for one in random_answers(answers, known)}
        if name != "bluebirds":  # 108 tasks and a crowd that is right on two thirds do not give ten bits each time
            assert {"guess0", "guess1", "guess2"} <= found
        real = {who for who in found if not who.startswith(("guess", "ring"))}
        assert not {who for who in real if who.startswith("good")}
        assert all(sum(accuracy[who]) / len(accuracy[who]) < 0.6 for who in real)
        assert len(real) <= 6


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SETS)
def test_planted_rings_are_found_and_real_people_are_not_drowned(name, seed):
    answers, gold = planted(name, seed)
    for known in ({}, gold):
        found = collusion(answers, known)
        ring = [one for one in found if one.subjects[0].startswith("ring")]
        assert [one.subjects for one in ring] == [("ring0", "ring1", "ring2", "ring3")]
        assert all(named.startswith("ring") for named in ring[0].contributions)
        others = {who for one in found for who in one.subjects} - set(ring[0].subjects)
        assert others == set()


@pytest.mark.parametrize("name", SETS)
def test_what_the_real_sets_show(name):
    """The counts that docs/consensus.md states."""
    answers, gold = read(name)
    flagged = [len(random_answers(answers, known)) for known in ({}, gold)]
    assert [collusion(answers, known) for known in ({}, gold)] == [[], []]
    assert (name, flagged) in {"rte": [5, 5], "temporal": [5, 4], "bluebirds": [6, 6]}.items()


def test_two_who_always_say_the_same_word_are_not_a_ring():
    answers, gold = read("temporal")
    stubborn = [Answer(f"{who}-{task}", task, who, "after") for who in ("s0", "s1", "s2") for task in gold]
    assert collusion([*answers, *stubborn]) == []
    assert {"s0", "s1", "s2"} <= {one.subjects[0] for one in random_answers([*answers, *stubborn])}


def test_a_ring_larger_than_the_window_is_still_one_ring():
    rng = random.Random(1)
    tasks = [f"t{n:03}" for n in range(200)]
    ring = [f"ring{n:02}" for n in range(2 * WINDOW)]
    wrong = set(rng.sample(tasks, 40))
    answers = [Answer(f"{who}-{t}", t, who, "b" if t in wrong else "a") for t in tasks for who in ring]
    answers += [
        Answer(f"{who}-{t}", t, f"p{who}", "a" if rng.random() < 0.95 else "b") for t in tasks for who in range(160)
    ]
    [signal] = collusion(answers)
    assert set(signal.subjects) == set(ring)


@pytest.mark.long
def test_a_crowd_of_a_hundred_thousand_answers_in_seconds():
    rng = random.Random(3)
    answers = [
        Answer(f"c{n}", f"t{n // 10}", f"p{rng.randrange(20_000)}", rng.choice("aaaab"), 1 + n) for n in range(100_000)
    ]
    for signal in ON_ANSWERS:
        assert len(signal(answers)) < 20


def reviews(who: str, verdicts: str, at_ms: int, contributions: int = 60) -> list[Answer]:
    return [
        Answer(f"{who}-{n}", f"c{n % contributions}", who, "accepted" if verdict == "+" else "rejected", at_ms)
        for n, verdict in enumerate(verdicts)
    ]


def test_reviewers_who_accept_everything():
    honest = [one for n, who in enumerate(("ann", "bob", "cid")) for one in reviews(who, "+++-" * 15, 10 + n)]
    lax = reviews("eve", "+" * 60, 5)
    [signal] = always_agrees([*honest, *lax])
    assert (signal.kind, signal.subjects) == ("always_agrees", ("eve",))
    assert signal.evidence.startswith("Accepted every one of 60 contributions; the others accept 135 of 180")
    assert always_agrees([*honest, *lax[:19]]) == []  # too few to say
    assert always_agrees(lax) == []  # nobody to compare with
    kind = [one for who in ("ann", "bob", "cid") for one in reviews(who, "+" * 60, 9)]
    assert always_agrees([*kind, *lax]) == []  # the work is good


def test_reviewers_who_copy_the_first_review():
    rng = random.Random(2)
    leader = reviews("ann", "".join(rng.choice("+-") for _ in range(60)), 1)
    others = [one for who in ("bob", "cid") for one in reviews(who, "".join(rng.choice("++-") for _ in range(60)), 50)]
    copy = [replace(one, contribution=f"eve-{n}", contributor="eve", at_ms=40) for n, one in enumerate(leader)]
    [signal] = always_agrees([*leader, *others, *copy])
    assert signal.subjects == ("eve",)
    assert "first review all 60 times" in signal.evidence
    at_once = [replace(one, at_ms=1) for one in copy]
    assert always_agrees([*leader, *others, *at_once]) == []


def test_a_signal_names_a_bounded_number_of_contributions(monkeypatch):
    monkeypatch.setattr(signals, "MAX_NAMED", 2)
    contents = [Content(f"c{n}", f"p{n}", "x", 100) for n in range(5)]
    assert same_content(contents)[0].contributions == ("c0", "c1")
    assert "5 contributors" in same_content(contents)[0].evidence
