"""Asking together: each part is sent what its own questions find, in as few rounds as the longest part has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.db.loading import Answers, Asking, Lookup
from ledger.db.loading.ask import ask, ones, together


def part(name: int, questions: list[bool], heard: list[tuple[int, int, str]]) -> Asking:
    """Asks for something or for nothing, one after the other."""
    for number, wanted in enumerate(questions):
        for (answer,) in (yield from ask(f"{name} {number}", ones(["x"] if wanted else []))):
            heard.append((name, number, answer))


@given(st.lists(st.lists(st.booleans(), max_size=4), max_size=5))
def test_every_part_hears_its_own_answers(parts: list[list[bool]]) -> None:
    heard: list[tuple[int, int, str]] = []
    asking = together(*(part(name, questions, heard) for name, questions in enumerate(parts)))
    answers: Answers | None = None
    rounds = 0
    while True:
        try:
            step = next(asking) if answers is None else asking.send(answers)
        except StopIteration:
            break
        rounds += 1
        assert step.asked
        answers = [[(f"to {each.sql}",)] for each in step.asked if isinstance(each, Lookup)]
    assert rounds == max((sum(questions) for questions in parts), default=0)
    wanted = {(name, number) for name, questions in enumerate(parts) for number, each in enumerate(questions) if each}
    assert sorted(heard) == sorted((name, number, f"to {name} {number}") for name, number in wanted)
