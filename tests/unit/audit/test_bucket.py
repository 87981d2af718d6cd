"""A mirror in an object store: the files of a folder's mirror, whatever happens on the way, read by plain HTTP."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from ledger.audit import bucket
from ledger.audit.bucket import BucketPlace, open_place
from ledger.audit.landing import FolderPlace
from ledger.audit.mirror import Mirror, PlacedMirror, read_entries
from ledger.audit.opening import open_source_log
from ledger.audit.run import audit
from ledger.audit.source import KEYS, SUMMARY, FolderSource, UrlSource, fetch_summary
from ledger.blobs import s3
from ledger.cli import app
from ledger.errors import ConfigError, NotFoundError, ProofError, SignatureError, UnavailableError
from ledger.tree import merkle
from ledger.tree.keys import LogSigner
from tests.services.object_store import ObjectStore, object_store, objects
from tests.unit.audit import logs

PREFIX = "public/crowd"
OLD, NEW = 250, 262


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with object_store() as found:
        yield found


@pytest.fixture
def kept(server: ObjectStore) -> Iterator[Any]:
    """The bucket that the mirror is in."""
    found = server.bucket(f"mirrors-{os.urandom(8).hex()}", public=True)
    yield found
    server.refuse = lambda method, path: 0


def mirror(kept: Any, prefix: str = PREFIX) -> PlacedMirror:
    return mirror_at(f"s3://{kept.name}/{prefix}")


@functools.cache
def mirror_at(address: str) -> PlacedMirror:
    """One client for one address: to make one takes longer than to mirror."""
    return PlacedMirror(open_place(address))


def url(server: ObjectStore, kept: Any, prefix: str = PREFIX) -> str:
    return f"{server.url}/{kept.name}/{prefix}"


@pytest.fixture
def grown(tmp_path: Path, signer: LogSigner) -> tuple[Path, Path]:
    """A log as it was, and as it is now."""
    entries = logs.ticks(logs.a_story(signer, 20), NEW)[:NEW]
    return tuple(  # type: ignore[return-value]  # two of them
        logs.publish(tmp_path / f"{size}", entries[:size], signer, {"size": size}) for size in (OLD, NEW)
    )


def test_it_has_the_files_of_a_mirror_in_a_folder_and_is_audited_by_its_address(
    tmp_path: Path, server: ObjectStore, kept: Any, signer: LogSigner
) -> None:
    entries = logs.a_story(signer, 170)
    folder, hosted = Mirror(tmp_path / "folder"), mirror(kept)
    for size in (250, len(entries)):
        origin = logs.publish(tmp_path / f"at-{size}", entries[:size], signer, {"size": size})
        folder.sync(FolderSource(origin))
        before = objects(kept)
        server.seen.clear()
        done = hosted.sync(FolderSource(origin))
        assert done.new_size == size
        assert objects(kept, f"{PREFIX}/") == logs.files(folder.folder)
        new = {f"/{kept.name}/{path}" for path, data in objects(kept).items() if before.get(path) != data}
        written = server.written()
        assert written.pop() == f"/{kept.name}/{PREFIX}/checkpoint"
        assert written.pop(0) == f"/{kept.name}/{PREFIX}/.incoming"
        assert sorted(written) == sorted(new - {f"/{kept.name}/{PREFIX}/checkpoint"})
        with UrlSource(url(server, kept), is_copy=True) as there, FolderSource(origin) as here:
            found, expected = audit(there), audit(here)
            assert (found.verdict, found.checks, found.root) == ("pass", expected.checks, expected.root)
            assert fetch_summary(there) == {"size": size}
    server.seen.clear()
    assert hosted.sync(FolderSource(origin)).old_size == len(entries)
    assert server.written() == []
    with UrlSource(url(server, kept)) as there:
        assert mirror(kept, "second").sync(there).new_size == len(entries)


def test_headers_that_web_caches_need(published: Path, server: ObjectStore, kept: Any) -> None:
    mirror(kept).sync(FolderSource(published))
    for path, kind, caching in (
        ("checkpoint", "text/plain; charset=utf-8", "no-cache"),
        ("tile/entries/000", "application/octet-stream", "public, max-age=31536000, immutable"),
    ):
        reply = httpx.get(f"{url(server, kept)}/{path}", trust_env=False)
        assert (reply.headers["content-type"], reply.headers["cache-control"]) == (kind, caching)
    assert httpx.get(f"{url(server, kept)}/{KEYS}", trust_env=False).status_code == 403  # missing, as Amazon says it


def size_of(address: str) -> int:
    """The size of a mirror whose every entry leads to its checkpoint; 0 where it has no checkpoint yet."""
    with UrlSource(address) as source:
        try:
            opened = open_source_log(source)
        except NotFoundError:
            return 0
        entries = [entry for _, part in read_entries(source, 0, opened.checkpoint.size) for entry in part]
        assert merkle.root([merkle.leaf_hash(entry) for entry in entries]) == opened.checkpoint.root
        return opened.checkpoint.size


def cut_off(kept: Any, server: ObjectStore, prefix: str, step: int, then: Path | None, now: Path) -> int | None:
    """The size of a mirror whose run, from ``then`` to ``now``, ended before its ``step``-th write; None if it did not.

    Whatever that left, the next run ends well, and puts nothing again that is there.
    """
    killed, left = mirror(kept, prefix), [step]
    if then is not None:
        killed.sync(FolderSource(then))

    def refuse(method: str, path: str) -> int:
        left[0] -= method in ("PUT", "DELETE")
        return 403 if left[0] < 0 and method in ("PUT", "DELETE") else 0

    server.refuse = refuse
    with contextlib.suppress(ConfigError):
        killed.sync(FolderSource(now))
    server.refuse = lambda method, path: 0
    if left[0] >= 0:
        return None
    size = size_of(url(server, kept, prefix))
    written = {each.key for each in kept.objects.filter(Prefix=f"{prefix}/")}
    server.seen.clear()
    killed.sync(FolderSource(now))
    again = {path.removeprefix(f"/{kept.name}/") for path in server.written()} & written
    assert again <= {f"{prefix}/{path}" for path in (".incoming", "checkpoint", SUMMARY)}
    found = objects(kept, f"{prefix}/")
    assert found.items() >= logs.files(now).items()
    assert ".incoming" not in found
    return size


def test_cut_off_in_the_middle_it_verifies_and_goes_on(
    grown: tuple[Path, Path], server: ObjectStore, kept: Any
) -> None:
    sizes = [cut_off(kept, server, f"{PREFIX}/{step}", step, *grown) for step in (5, 8)]
    assert sizes == [OLD, NEW]  # the eighth write is the checkpoint's


@pytest.mark.long
@pytest.mark.parametrize("is_begun", [True, False])
def test_cut_off_at_any_write_it_verifies_and_goes_on(
    grown: tuple[Path, Path], server: ObjectStore, kept: Any, is_begun: bool
) -> None:
    then, now = grown
    sizes: list[int] = []
    while (size := cut_off(kept, server, str(len(sizes)), len(sizes), then if is_begun else None, now)) is not None:
        sizes.append(size)
    assert set(sizes) == ({OLD, NEW} if is_begun else {0, NEW})
    assert sizes == sorted(sizes)


def test_what_a_run_that_was_cut_off_left_is_not_asked_for_again_and_not_believed(
    grown: tuple[Path, Path], server: ObjectStore, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, now = grown
    server.refuse = lambda method, path: 403 if method == "PUT" and path.endswith("/checkpoint") else 0
    with pytest.raises(ConfigError):
        mirror(kept).sync(FolderSource(now))
    server.refuse = lambda method, path: 0
    seen: list[str] = []

    class Seen(FolderSource):
        def fetch(self, path: str, limit: int) -> bytes:
            seen.append(path)
            return super().fetch(path, limit)

    assert mirror(kept).sync(Seen(now)).new_size == NEW
    assert seen.count("tile/entries/000") == 1  # for the key in entry 0
    bundle, longest = (now / "tile/entries/000").read_bytes(), 1 << 18
    monkeypatch.setattr(bucket, "_LARGEST_BYTES", longest)
    for wrong in (bundle.replace(b"accepted", b"rejected", 1), bytes(longest + 1)):
        kept.put_object(Key="other/tile/entries/000", Body=wrong)
        kept.put_object(Key="other/.incoming", Body=b"")
        assert mirror(kept, "other").sync(FolderSource(now)).new_size == NEW
        assert objects(kept, "other/") == logs.files(now)
        for path in ("other/checkpoint", "other/.incoming"):
            kept.Object(path).delete()


def test_a_store_that_is_busy_is_asked_again(grown: tuple[Path, Path], server: ObjectStore, kept: Any) -> None:
    chosen = iter([0, 503, 0, 0, 0, 0, 503, 503])
    server.refuse = lambda method, path: next(chosen, 0)
    assert mirror(kept).sync(FolderSource(grown[1])).new_size == NEW
    assert objects(kept, f"{PREFIX}/") == logs.files(grown[1])


def test_a_store_that_does_not_come_back(
    grown: tuple[Path, Path], server: ObjectStore, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "_TRIES", 1)
    there = mirror(kept)
    there.sync(FolderSource(grown[0]))
    before = objects(kept)
    server.refuse = lambda method, path: 503
    with pytest.raises(UnavailableError, match="503"):
        there.sync(FolderSource(grown[1]))
    server.refuse = lambda method, path: 0
    assert objects(kept) == before


@pytest.mark.parametrize("path", ["tile/0/000.p/250", "tile/entries/000.p/250"])
def test_a_mirror_that_somebody_changed_is_noticed(
    grown: tuple[Path, Path], server: ObjectStore, kept: Any, path: str
) -> None:
    then, now = grown
    mirror(kept).sync(FolderSource(then))
    data = (then / path).read_bytes()
    kept.put_object(Key=f"{PREFIX}/{path}", Body=data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    before = objects(kept)
    with pytest.raises(ProofError, match=r"is damaged|entry 249 differs"):
        mirror(kept).sync(FolderSource(now))
    assert objects(kept) == before
    with UrlSource(url(server, kept)) as source:
        assert audit(source).verdict == "fail"
    origin, size, root, *signed = (then / "checkpoint").read_text().split("\n")
    changed = "\n".join([origin, size, ("A" if root[0] != "A" else "B") + root[1:], *signed])
    kept.put_object(Key=f"{PREFIX}/checkpoint", Body=changed.encode())
    with pytest.raises(SignatureError):
        mirror(kept).sync(FolderSource(now))
    with UrlSource(url(server, kept)) as source:
        assert audit(source).verdict == "fail"


def test_a_log_that_was_rewritten_changes_nothing(
    tmp_path: Path, grown: tuple[Path, Path], kept: Any, signer: LogSigner, entries: list[bytes]
) -> None:
    mirror(kept).sync(FolderSource(grown[0]))
    before = objects(kept)
    for other in (entries[: OLD + 9], entries[: OLD - 9]):
        rewritten = logs.publish(tmp_path / f"{len(other)}", other, signer)
        with pytest.raises(ProofError, match="differs"):
            mirror(kept).sync(FolderSource(rewritten))
    assert objects(kept) == before


def test_of_two_runs_the_slower_one_does_not_put_the_mirror_back(
    grown: tuple[Path, Path], server: ObjectStore, kept: Any
) -> None:
    then, now = grown

    class Slow(FolderSource):
        """While it is read, somebody else mirrors what is newer."""

        done = False

        def fetch(self, path: str, limit: int) -> bytes:
            if path.startswith("tile/") and not self.done:
                self.done = True
                PlacedMirror(open_place(f"s3://{kept.name}/{PREFIX}")).sync(FolderSource(now))
            return super().fetch(path, limit)

    with pytest.raises(UnavailableError, match="Somebody else"):
        mirror(kept).sync(Slow(then))
    assert open_source_log(mirror(kept).source()).checkpoint.size == NEW
    assert mirror(kept).sync(FolderSource(now)).old_size == NEW
    with UrlSource(url(server, kept)) as source:
        assert audit(source).verdict == "pass"


def test_a_store_without_conditional_writes(grown: tuple[Path, Path], server: ObjectStore, kept: Any) -> None:
    refusals = iter([501])
    server.refuse = lambda method, path: next(refusals, 0) if method == "PUT" and path.endswith("/checkpoint") else 0
    assert mirror(kept).sync(FolderSource(grown[1])).new_size == NEW
    assert objects(kept, f"{PREFIX}/") == logs.files(grown[1])


def test_places(tmp_path: Path, grown: tuple[Path, Path], kept: Any) -> None:
    assert isinstance(open_place(f"s3://{kept.name}"), BucketPlace)
    assert isinstance(open_place(str(tmp_path)), FolderPlace)
    kept.put_object(Key="others/report.pdf", Body=b"")
    with pytest.raises(ConfigError, match="not empty and not a mirror"):
        mirror(kept, "others").sync(FolderSource(grown[0]))
    with pytest.raises(ConfigError, match="NoSuchBucket"):
        PlacedMirror(open_place("s3://nobodys/place")).sync(FolderSource(grown[0]))


def test_the_command(grown: tuple[Path, Path], server: ObjectStore, kept: Any) -> None:
    ended = CliRunner().invoke(app, ["mirror", str(grown[1]), f"s3://{kept.name}/{PREFIX}"])
    assert (ended.exit_code, f"{NEW} entries ({NEW} new)" in ended.output) == (0, True), ended.output
    ended = CliRunner().invoke(app, ["audit", url(server, kept), "--copy"])
    assert ended.exit_code == 0, ended.output
