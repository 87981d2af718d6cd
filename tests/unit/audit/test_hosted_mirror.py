"""A mirror on any static web server is a source like the service itself: for mirrors, audits and logs by name."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ledger.audit.mirror import Mirror
from ledger.audit.run import audit
from ledger.audit.source import KEYS, FolderSource, UrlSource, fetch_summary, fetch_tile, open_source
from ledger.errors import ConfigError, NotFoundError, ProofError
from ledger.statements import kinds
from ledger.tree.keys import LogSigner
from ledger.tree.tiles import ENTRIES, Tile
from tests.unit.audit import logs


@contextmanager
def hosting(folder: Path) -> Iterator[str]:
    """``python -m http.server`` in a process of its own; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 20
            while True:
                try:
                    httpx.get(url, trust_env=False)
                    break
                except httpx.TransportError:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            yield url
        finally:
            server.terminate()


def test_a_hosted_mirror_is_mirrored_and_audited_while_its_origin_grows(tmp_path: Path, signer: LogSigner) -> None:
    entries = logs.a_story(signer, 140)
    first, second = Mirror(tmp_path / "first"), Mirror(tmp_path / "second")
    with hosting(first.folder) as url:
        for size in (200, 255, 270, len(entries)):
            origin = logs.publish(tmp_path / f"origin-{size}", entries[:size], signer, {"size": size})
            first.sync(FolderSource(origin))
            with open_source(url) as source:
                assert second.sync(source).new_size == size
                assert audit(source).verdict == "pass"
                assert fetch_summary(source) == {"size": size}
            assert logs.files(second.folder) == logs.files(first.folder)
            for path, data in logs.files(origin).items():
                assert httpx.get(f"{url}/{path}", trust_env=False).content == data
        assert audit(second.source(), earlier=first.source()).verdict == "pass"


def test_logs_by_name_of_a_url_and_a_folder(tmp_path: Path, published: Path, entries: list[bytes]) -> None:
    other = logs.log_signer()
    logs.publish(tmp_path / "host" / "logs" / "survey", logs.a_story(other, 5), other)
    shutil.copytree(published, tmp_path / "host" / "logs" / "main")
    host = tmp_path / "host"
    with hosting(host) as url:
        for place in (url, url + "/", str(host)):
            with open_source(place) as source, open_source(place, "survey") as survey:
                assert source.fetch("checkpoint", 1000) == (published / "checkpoint").read_bytes()
                assert survey.fetch("checkpoint", 1000) == (host / "logs" / "survey" / "checkpoint").read_bytes()
            with open_source(f"{place.rstrip('/')}/logs/survey") as source:
                assert audit(source).verdict == "pass"
            with open_source(place, "none") as source, pytest.raises(NotFoundError):
                source.fetch("checkpoint", 1000)
        # A log that is named is never another one, though this has a checkpoint of its own.
        shutil.copy(published / "checkpoint", host / "checkpoint")
        with open_source(url, "survey") as source:
            assert source.fetch("checkpoint", 1000) != (published / "checkpoint").read_bytes()
    for name in ("", "..", "a/b", "A"):
        with pytest.raises(ConfigError, match="no name"):
            open_source(str(host), name)


def test_a_partial_tile_that_became_full_is_cut_from_it(tmp_path: Path, published: Path) -> None:
    source = FolderSource(published)
    for level in (ENTRIES, 0):
        full = fetch_tile(source, Tile(level, 0))
        part = fetch_tile(source, Tile(level, 0, 100))
        assert full.startswith(part)
        assert fetch_tile(FolderSource(logs_with(tmp_path, Tile(level, 0, 100), part)), Tile(level, 0, 100)) == part
    with pytest.raises(NotFoundError, match=r"000\.p/9"):
        fetch_tile(FolderSource(tmp_path / "none"), Tile(0, 0, 9))


def logs_with(folder: Path, tile: Tile, data: bytes) -> Path:
    """A folder with one tile."""
    logs.write(folder / "one" / tile.path, data)
    return folder / "one"


# ---- rotated keys ----


def test_a_mirror_learns_keys_from_the_entries(tmp_path: Path, signer: LogSigner) -> None:
    new = logs.log_signer()
    before = logs.a_story(signer, 20)
    mirror = Mirror(tmp_path / "mirror")
    mirror.sync(FolderSource(logs.publish(tmp_path / "before", before, signer)))
    rotated = [*before, kinds.encode(logs.rotation(before, signer, new))]
    source = logs.publish(tmp_path / "after", logs.ticks(rotated, 3), new)
    logs.write(source / KEYS, logs.keys_file(rotated, [(0, signer), (len(before), new)]))
    assert mirror.sync(FolderSource(source)).key == new.verifier_key
    assert logs.files(mirror.folder).items() >= logs.files(source).items()
    assert mirror.sync(FolderSource(source), trusted_key=signer.verifier_key).new_size == len(rotated) + 3
    assert audit(mirror.source(), trusted_key=signer.verifier_key).verdict == "pass"
    # The published keys are optional: the entries say them too.
    (source / KEYS).unlink()
    assert Mirror(tmp_path / "second").sync(FolderSource(source)).key == new.verifier_key


def test_keys_that_the_entries_do_not_name_are_refused(tmp_path: Path, signer: LogSigner) -> None:
    """Two keys vouch for a third, but what they signed is not in the log."""
    new = logs.log_signer()
    before = logs.a_story(signer, 20)
    rotated = [*before, kinds.encode(logs.rotation(before, signer, new))]
    source = logs.publish(tmp_path / "source", logs.ticks(before, 3), new)
    logs.write(source / KEYS, logs.keys_file(rotated, [(0, signer), (len(before), new)]))
    with pytest.raises(ProofError, match="not signed by the key that its entries name"):
        Mirror(tmp_path / "mirror").sync(FolderSource(source))


def test_an_address_is_a_copy_if_the_user_says_so(published: Path) -> None:
    """A service that could call itself a copy could hide what it has anchored."""
    assert not open_source("http://127.0.0.1:9").is_copy
    assert open_source("http://127.0.0.1:9", is_copy=True).is_copy
    assert open_source(str(published)).is_copy


def test_a_server_that_answers_nothing_at_the_base(published: Path) -> None:
    with hosting(published / "tile") as url, UrlSource(url) as source, pytest.raises(NotFoundError, match="logs/main"):
        source.fetch("checkpoint", 1000)
