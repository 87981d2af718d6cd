"""How far an import is: a run goes on only with the same file, campaign, rate and mapping."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import msgspec
import pytest

from ledger.cli.importing.keeping import Job, Progress, Rejects, StateFile, beginning_of, hold
from ledger.connectors.records import Refused
from ledger.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    path.write_bytes(b"worker,task\nann,1\n")
    return path


def job(file: Path) -> Job:
    with file.open("rb") as source:
        digest, beginning = beginning_of(source)
    return Job(
        connector="mturk",
        form="batch-results",
        campaign="c",
        url="http://crowd.test",
        options={},
        decisions=True,
        rate="100",
        mapping="",
        digest=digest,
        beginning=beginning,
        size=file.stat().st_size,
        changed_ns=file.stat().st_mtime_ns,
    )


def kept(file: Path) -> StateFile:
    state = StateFile(file.with_name("state"))
    state.save(job(file), Progress(rows=7))
    return state


def load(state: StateFile, wanted: Job, file: Path) -> Progress | None:
    with file.open("rb") as source:
        return state.load(wanted, source)


def test_the_same_goes_on(file: Path) -> None:
    state = kept(file)
    assert load(state, job(file), file) == Progress(rows=7)
    state.note("an id")
    assert load(state, job(file), file) == Progress(rows=7, told="an id")
    state.remove()
    assert load(state, job(file), file) is None
    state.note("an id")
    assert not state.path.exists()


@pytest.mark.parametrize("change", [{"rate": "200"}, {"mapping": "other"}, {"campaign": "d"}, {"decisions": False}])
def test_another_one_does_not(file: Path, change: dict[str, object]) -> None:
    state = kept(file)
    with pytest.raises(ConfigError, match=f"another {next(iter(change))}"):
        load(state, msgspec.structs.replace(job(file), **change), file)


def test_a_file_that_was_changed_behind_its_beginning_is_read_anew(file: Path) -> None:
    """Where rows were put in, or taken out, what is done with is no longer the first so many."""
    file.write_bytes(b"worker,task\n" + b"ann,1\n" * 200_000 + b"bob,1\n")
    state = kept(file)
    data = file.read_bytes()
    file.write_bytes(data.replace(b"bob,1", b"eve,1"))
    os.utime(file, ns=(0, 0))
    assert load(state, job(file), file) is None
    with file.open("ab") as grown:
        grown.write(b"bob,2\n")
    assert load(state, job(file), file) is None


def test_a_rate_can_be_said_where_none_was(file: Path) -> None:
    """The first bonus ends a run without one, in words that ask for it."""
    state = StateFile(file.with_name("state"))
    state.save(msgspec.structs.replace(job(file), rate=""), Progress(rows=7))
    assert load(state, job(file), file) == Progress(rows=7)


def test_another_file_does_not(file: Path) -> None:
    state = kept(file)
    file.write_bytes(b"worker,task\nbob,1\n")
    with pytest.raises(ConfigError, match="another one"):
        load(state, job(file), file)


def test_refused_rows_go_on_where_they_were_durable(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    rejects = Rejects(path, 0)
    durable = rejects.add([Refused(2, "No worker.", "Give one.", "x,y")])
    rejects.add([Refused(3, "Later.", "", "")])
    rejects.close()
    again = Rejects(path, durable)
    again.add([])
    again.close()
    assert path.read_text().splitlines() == ["line,reason,remedy,row", '2,No worker.,Give one.,"x,y"']
    path.write_text("somebody's own file")
    with pytest.raises(ConfigError, match="no file of refused rows"):
        Rejects(path, 0)


def test_what_a_worker_wrote_is_no_formula_of_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    rejects = Rejects(path, 0)
    rejects.add(Refused(2, "why", "what", raw) for raw in ("=HYPERLINK(1)", "@SUM(1)", "-1", "a=1"))
    rejects.close()
    with path.open(newline="") as file:
        assert [row["row"] for row in csv.DictReader(file)] == ["'=HYPERLINK(1)", "'@SUM(1)", "'-1", "a=1"]


def test_one_writes_refused_rows_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    one, other = Rejects(path, 0), Rejects(path, 0)
    durable = one.add([Refused(2, "why", "what", "mine")])
    with pytest.raises(ConfigError, match="Another import made"):
        other.add([Refused(2, "why", "what", "theirs")])
    for kept_bytes in (0, durable):
        with pytest.raises(ConfigError, match="reads or writes"):
            Rejects(path, kept_bytes)
    one.close()
    assert b"mine" in path.read_bytes()
    Rejects(path, durable).close()
    Rejects(path, 0).close()
    assert not path.exists()


@pytest.mark.parametrize("left", [None, b"", b"line,reason,remedy,row\r\n2,why"])
def test_refused_rows_that_went_missing_are_said(tmp_path: Path, left: bytes | None) -> None:
    path = tmp_path / "rejects.csv"
    if left is not None:
        path.write_bytes(left)
    with pytest.raises(ConfigError, match="not as it was left"):
        Rejects(path, 100)
    Rejects(path, 0).close()  # a run that begins anew, after one that was killed while it made the file


def test_one_import_of_a_file_at_a_time(file: Path) -> None:
    with file.open("rb") as one, file.open("rb") as other:
        hold(one, "Another import is going on.", "Wait.")
        with pytest.raises(ConfigError, match="going on"):
            hold(other, "Another import is going on.", "Wait.")
    with file.open("rb") as later:
        hold(later, "Another import is going on.", "Wait.")
