"""A mirror that is cut off anywhere verifies or goes on: killed, out of room, two at once, without power."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.audit import landing
from ledger.audit.mirror import Mirror, read_entries
from ledger.audit.opening import open_source_log
from ledger.audit.source import FolderSource
from ledger.errors import ProofError, UnavailableError
from ledger.tree import merkle
from ledger.tree.keys import LogSigner
from tests.unit.audit import logs

OLD, NEW = 250, 262


@pytest.fixture
def grown(tmp_path: Path, signer: LogSigner) -> tuple[Path, Path]:
    """A mirror of the first entries of a log, and the log as it is now."""
    entries = logs.ticks(logs.a_story(signer, 20), NEW)[:NEW]
    Mirror(tmp_path / "mirror").sync(FolderSource(logs.publish(tmp_path / "then", entries[:OLD], signer, {"size": 1})))
    return tmp_path / "mirror", logs.publish(tmp_path / "now", entries, signer, {"size": 2})


def check(folder: Path) -> int:
    """The size of a mirror whose every entry leads to its checkpoint; 0 where it has no checkpoint yet."""
    if not (folder / "checkpoint").exists():
        return 0
    source = FolderSource(folder)
    opened = open_source_log(source)
    entries = [entry for _, part in read_entries(source, 0, opened.checkpoint.size) for entry in part]
    assert merkle.root([merkle.leaf_hash(entry) for entry in entries]) == opened.checkpoint.root
    return opened.checkpoint.size


def killed_at(step: int, act: Callable[[], object]) -> bool:
    """Do it in a process that is killed before its ``step``-th write, rename or sync; False if it was done by then."""
    child = os.fork()
    if child == 0:
        left = [step]

        def counted(real: Callable[..., object]) -> Callable[..., object]:
            def call(*args: object, **more: object) -> object:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **more)

            return call

        os.fsync = counted(lambda _handle: None)  # what is written outlives a killed process all the same
        for owner, name in ((Path, "write_bytes"), (Path, "replace"), (shutil, "rmtree")):
            setattr(owner, name, counted(getattr(owner, name)))
        try:
            act()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("begun", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_mirror_that_is_killed_at_any_step_verifies_and_goes_on(
    tmp_path: Path, grown: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    held, source = grown
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    sizes = []
    folder = tmp_path / "killed"
    for step in range(1, 1000):
        shutil.rmtree(folder, ignore_errors=True)
        if begun:
            shutil.copytree(held, folder)
        if not killed_at(step, lambda: Mirror(folder).sync(FolderSource(source))):
            break
        sizes.append(check(folder))
        Mirror(folder).sync(FolderSource(source))
        assert check(folder) == NEW
        files = logs.files(folder)
        assert not [path for path in files if path.startswith(".")]
        assert files.items() >= logs.files(source).items()
    assert sizes == sorted(sizes)
    assert set(sizes) == {OLD if begun else 0, NEW}
    assert len(sizes) > 30


def test_what_is_left_of_a_killed_run_is_not_asked_for_again(tmp_path: Path, grown: tuple[Path, Path]) -> None:
    asked: list[str] = []

    class Asked(FolderSource):
        def fetch(self, path: str, limit: int) -> bytes:
            asked.append(path)
            return super().fetch(path, limit)

    _, source = grown
    folder = tmp_path / "new"
    assert killed_at(8, lambda: Mirror(folder).sync(FolderSource(source)))
    assert (folder / ".incoming" / "files" / "tile" / "entries" / "000").exists()
    Mirror(folder).sync(Asked(source))
    assert asked.count("tile/entries/000") == 1  # to see who opened the log
    assert check(folder) == NEW


def test_what_is_left_is_not_believed(tmp_path: Path, grown: tuple[Path, Path]) -> None:
    """After a power cut a file may hold anything, or a source that lied may have filled it."""
    _, source = grown
    good = (source / "tile" / "entries" / "000").read_bytes()
    for number, bad in enumerate((b"", good[:-9], good[:-1] + b"!", b"\x00" * 9)):
        for place in (".incoming/files/tile", "tile"):
            folder = tmp_path / f"{place[0]}{number}"
            logs.write(folder / place / "entries" / "000", bad)
            Mirror(folder).sync(FolderSource(source))
            assert logs.files(folder) == logs.files(source)


def test_what_does_not_verify_is_not_kept(tmp_path: Path, grown: tuple[Path, Path]) -> None:
    held, source = grown
    bundle = source / "tile" / "entries" / "001.p" / str(NEW - 256)
    bundle.write_bytes(bundle.read_bytes().replace(b"clock", b"clack", 1))
    before = logs.files(held)
    assert killed_at(12, lambda: Mirror(held).sync(FolderSource(source)))
    with pytest.raises(ProofError):
        Mirror(held).sync(FolderSource(source))
    assert logs.files(held) == before


@pytest.mark.parametrize("room", [1, 3, 6])
def test_a_full_disk_leaves_the_mirror_and_says_so(
    grown: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    held, source = grown
    write, left = Path.write_bytes, [room]

    def full(path: Path, data: bytes) -> int:
        left[0] -= 1
        if left[0] < 0:
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UnavailableError, match="No space left"):
        Mirror(held).sync(FolderSource(source))
    assert check(held) == OLD
    monkeypatch.undo()
    assert Mirror(held).sync(FolderSource(source)).new_size == NEW
    assert logs.files(held) == logs.files(source)


def test_two_at_once_do_not_write_to_one_folder(grown: tuple[Path, Path]) -> None:
    held, source = grown
    with landing.alone_in(held), pytest.raises(UnavailableError, match="Another mirror"):
        Mirror(held).sync(FolderSource(source))
    Mirror(held).sync(FolderSource(source))
    assert check(held) == NEW


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, grown: tuple[Path, Path]) -> None:
    (tmp_path / "file").write_text("I am a file")
    with pytest.raises(UnavailableError, match="file"):
        Mirror(tmp_path / "file" / "mirror").sync(FolderSource(grown[1]))


def test_everybody_may_read_a_mirror(tmp_path: Path, grown: tuple[Path, Path]) -> None:
    """A web server of another user hosts it."""
    before = os.umask(0o022)
    try:
        Mirror(tmp_path / "new").sync(FolderSource(grown[1]))
    finally:
        os.umask(before)
    for path in (tmp_path / "new").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644)


@pytest.fixture
def happened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was synced and renamed, in order."""
    events: list[tuple[str, str]] = []
    sync, replace = os.fsync, Path.replace

    def note_sync(handle: int) -> None:
        sync(handle)
        events.append(("sync", os.readlink(f"/proc/self/fd/{handle}")))

    def note_replace(path: Path, target: Path) -> Path:
        events.append(("move", str(target)))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    return events


def test_the_checkpoint_comes_after_all_that_it_vouches_for_is_on_the_disk(
    grown: tuple[Path, Path], happened: list[tuple[str, str]]
) -> None:
    held, source = grown
    before = set(logs.files(held))
    Mirror(held).sync(FolderSource(source))
    last = happened.index(("move", str(held / "checkpoint")))
    earlier = happened[:last]
    new = {path for path in set(logs.files(held)) - before | {"crowdledger.json"} if path != "checkpoint"}
    assert len(new) >= 6
    for path in new:
        synced = earlier.index(("sync", str(held / ".incoming" / "files" / path)))
        moved = earlier.index(("move", str(held / path)))
        assert synced < moved
        for parent in Path(path).parents:
            assert ("sync", str(held / parent)) in earlier[moved:]
    assert ("sync", str(held / ".incoming" / "files" / "checkpoint")) in earlier
    assert ("sync", str(held)) in happened[last:]
