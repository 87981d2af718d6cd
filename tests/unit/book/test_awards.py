"""How far a queue is paid: no unit is lost or invented, whatever becomes void in between."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ledger.book.awards import Award, Paid, Void, pay

WHO = st.sampled_from("abcd")
QUEUE = st.lists(st.tuples(WHO, st.integers(1, 50)), max_size=30).map(
    lambda lines: [Award(entry, str(entry), who, units, "piece_rate") for entry, (who, units) in enumerate(lines)]
)
ROUNDS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 400), st.integers(0, 9)), min_size=1, max_size=12)


def play(queue, rounds):
    """Pay on and on: more of the queue and another limit each time, an award void now and then.

    Gives each state with what was paid to whom until then, and the positions that were void.
    """
    paid, total, size, voids = Paid(), Counter(), 0, []
    for more, limit, pick in rounds:
        size = min(size + more, len(queue))
        able = [place for place in range(size) if place not in {void.position for void in voids}]
        if pick < 4 and able:
            voids.append(Void(size, able[pick % len(able)]))
            size += 1
        paid, gains, whole = pay(paid, queue, voids, size, limit)
        total.update(gains)
        yield paid, gains, whole, total, {void.position for void in voids}, limit, min(size, len(queue))


@given(QUEUE, st.integers(0, 2000))
def test_the_head_of_the_queue_is_paid_and_no_unit_is_lost_or_invented(queue, limit):
    paid, gains, whole = pay(Paid(), queue, [], len(queue), limit)
    assert paid.total == sum(gains.values()) == min(limit, sum(award.units for award in queue))
    assert whole == (limit >= sum(award.units for award in queue))
    left, wanted = limit, Counter()
    for award in queue:
        wanted[award.contributor] += min(left, award.units)
        left -= min(left, award.units)
    assert gains == +wanted


@given(QUEUE, ROUNDS)
def test_every_unit_is_where_it_belongs_whatever_becomes_void(queue, rounds):
    before = 0
    for paid, gains, whole, total, void, limit, size in play(queue, rounds):
        assert paid.total == sum(total.values()) == before + sum(gains.values())
        assert paid.total <= max(limit, before)  # a limit that fell takes nothing back
        assert min(gains.values(), default=1) > 0
        assert not whole or paid.position == size
        settled = Counter()  # what the queue says is settled, plus debts, is what was paid
        for place, award in enumerate(queue[: paid.position + 1]):
            part = award.units if place < paid.position else paid.part
            settled[award.contributor] += 0 if place in void else part
        assert settled + Counter(paid.debts) == +total
        before = paid.total


@given(QUEUE, ROUNDS)
def test_paying_again_changes_nothing(queue, rounds):
    for paid, _, _, _, void, limit, size in play(queue, rounds):
        voids = [Void(0, place) for place in sorted(void)]
        again, gains, _ = pay(paid, queue, voids, size, limit)
        assert (again, gains) == (paid, {})


@given(QUEUE, st.data())
def test_in_how_many_steps_it_is_paid_does_not_matter(queue, data):
    limits = sorted(data.draw(st.lists(st.integers(0, 800), min_size=1, max_size=5)))
    sizes = sorted(data.draw(st.lists(st.integers(0, len(queue)), min_size=len(limits), max_size=len(limits))))
    total, paid = Counter(), Paid()
    for size, limit in zip(sizes, limits, strict=True):
        paid, gains, _ = pay(paid, queue, [], size, limit)
        total.update(gains)
    once, gains, _ = pay(Paid(), queue, [], sizes[-1], limits[-1])
    assert (paid, total) == (once, gains)


def test_a_debt_is_worked_off_before_anything_new_is_paid():
    queue = [Award(place, str(place), who, 10, "piece_rate") for place, who in enumerate("abaa")]
    paid, gains, _ = pay(Paid(), queue, [], 2, 100)
    assert gains == {"a": 10, "b": 10}
    voids = [Void(2, 0)]
    paid, gains, _ = pay(paid, queue, voids, 3, 100)
    assert (gains, paid.debts, paid.position) == ({}, {}, 3)
    paid, gains, whole = pay(paid, queue, voids, 4, 100)
    assert (gains, paid.total, whole) == ({"a": 10}, 30, True)
