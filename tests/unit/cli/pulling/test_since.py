"""What is kept of a pull: marks count when all before them is recorded, and none behind something refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cli.pulling.since import Pull, Since
from ledger.connectors.pulling import Mark
from ledger.errors import ConfigError

PULL = Pull("pybossa", "https://pybossa.example.org", {"project": "1"}, "campaign", "https://crowd.example.org")


def test_the_last_good_mark_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "state"
    since = Since(path, PULL)
    assert since.since is None
    since.begin()
    since.settle([Mark(10, "a"), Mark(20, "b")], [])
    assert Since(path, PULL).since == "b"
    since.settle([Mark(30, "c")], [25])
    since.settle([Mark(40, "d")], [])
    assert Since(path, PULL).since == "b", "behind something refused nothing counts"
    since.begin()
    since.settle([Mark(30, "e")], [])
    assert Since(path, PULL).since == "e"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["state"]


def test_a_refused_line_counts_for_the_mark_behind_it(tmp_path: Path) -> None:
    """Batches end where they are full, not at marks."""
    since = Since(tmp_path / "state", PULL)
    since.begin()
    since.settle([Mark(5, "a")], [7])
    assert since.since == "a"
    since.settle([], [])
    since.settle([Mark(9, "b")], [])
    assert since.since == "a"


def test_done_is_called_where_nothing_was_refused() -> None:
    """A queue's messages stand alone: a poisoned one does not hold back those behind it."""
    done: list[int] = []
    since = Since(None, PULL)
    since.begin()
    marks = [Mark(line, None, lambda line=line: done.append(line)) for line in (1, 2, 3, 4)]  # type: ignore[misc]
    since.settle(marks[:2], [2])
    since.settle(marks[2:], [])
    assert done == [1, 3, 4]
    assert since.since is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
def test_never_beyond_what_was_refused(steps: list[tuple[bool, bool]]) -> None:
    """Whatever the marks and however they are cut into batches."""
    since = Since(None, PULL)
    since.begin()
    marks: list[Mark] = []
    refused: list[int] = []
    for line, (is_refused, is_end) in enumerate(steps, 1):
        marks.append(Mark(line, str(line)))
        refused += [line] if is_refused else []
        if is_end:
            since.settle(marks, refused)
            marks, refused = [], []
    since.settle(marks, refused)
    first = next((line for line, (is_refused, _) in enumerate(steps, 1) if is_refused), len(steps) + 1)
    assert since.since == (str(first - 1) if first > 1 else None)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"v":1}', '{"v":2,"pull":null,"since":"a"}', "\x00", '{"v":1,"since":"a"'], ids=repr
)
def test_a_file_that_is_none_of_this_pull(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state"
    path.write_text(text)
    with pytest.raises(ConfigError, match="state"):
        Since(path, PULL)
    assert path.read_text() == text


@pytest.mark.parametrize("other", ["connector", "address", "campaign", "url"])
def test_the_state_of_another_pull(tmp_path: Path, other: str) -> None:
    path = tmp_path / "state"
    since = Since(path, PULL)
    since.settle([Mark(1, "a")], [])
    values = {name: getattr(PULL, name) for name in PULL.__struct_fields__} | {other: "another"}
    with pytest.raises(ConfigError, match="of another pull"):
        Since(path, Pull(**values))
