"""Deadlines against a plain sorted list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.book.deadlines import Deadline, Deadlines

STEP = st.tuples(st.integers(0, 4), st.integers(0, 3))


@given(st.lists(STEP | st.none(), max_size=80))
def test_they_come_in_the_order_of_time_and_entry(steps):
    """A step sets one in one of five lines, some time after that line's last one; None takes the earliest."""
    deadlines, waiting, last = Deadlines(), [], [0] * 5
    for entry, step in enumerate(steps):
        if step is not None:
            line, later = step
            last[line] += later
            deadlines.set(deadlines.line("kind", str(line)), last[line], entry, f"subject {entry}")
            waiting.append((last[line], entry, str(line)))
        elif waiting:
            waiting.sort()
            at_ms, set_by, place = waiting.pop(0)
            expected = Deadline(at_ms, set_by, f"subject {set_by}")
            assert deadlines.first() == (deadlines.line("kind", place), expected)
            assert deadlines.take() == expected
    taken = [(deadline.at_ms, deadline.entry, line.place) for line, deadline in deadlines.passed(max(last) + 1)]
    assert taken == sorted(waiting)
    assert deadlines.first() is None
    with pytest.raises(IndexError):
        deadlines.take()


def test_a_line_goes_forward_only():
    deadlines = Deadlines()
    deadlines.set(deadlines.line("kind", "a"), 10, 0, "first")
    deadlines.set(deadlines.line("kind", "b"), 9, 1, "another line")
    with pytest.raises(ValueError, match="after 9"):
        deadlines.set(deadlines.line("kind", "a"), 9, 2, "too early")
