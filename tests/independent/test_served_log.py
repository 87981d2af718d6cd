"""A log of real answers, served and mirrored by the commands, as an independent verifier reads it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from tests.independent.growing import GrowingLog
from tests.independent.serving import mirrored, served
from tests.independent.verifier.canonical import check_canonical
from tests.independent.verifier.examination import Examination, Fault
from tests.independent.verifier.places import Folder, Reply, Url
from tests.independent.verifier.rotations import keys_of

SIZES = (1, 3, 256, 700, 1_500)
BY_HAND = {"crowdledger.json"}
"""What a mirror adds to the log's files, on the service's word; it is served elsewhere and may change."""


def examine(log: GrowingLog, url: str, samples: int) -> list[Fault]:
    """What the verifier says of the served log, its earlier sizes and its proofs."""
    with contextlib.closing(Url(f"{url}/logs/main/")) as place, contextlib.closing(Url(f"{url}/v1/entries")) as entries:

        def proof(index: int) -> Reply:
            return entries.get(f"{index}/proof")

        return Examination(place, log.vkeys, log.checkpoints, proof, check_canonical, samples).run()


def examine_folder(log: GrowingLog, folder: Path, seen: Sequence[bytes]) -> list[Fault]:
    """What it says of a mirror that has held these checkpoints."""
    return Examination(Folder(folder), log.vkeys, seen, check_entry=check_canonical).run()


def differing_files(url: str, folder: Path) -> list[str]:
    """The files of a mirror that are not what the server gives for the same path."""
    files = [str(file.relative_to(folder)) for file in sorted(folder.rglob("*")) if file.is_file()]
    assert len(files) > 2
    with httpx.Client(base_url=f"{url}/logs/main/") as client:
        return [
            path
            for path in files
            if path not in BY_HAND
            and not path.startswith(".")
            and client.get(path).content != (folder / path).read_bytes()
        ]


def test_served_and_mirrored_logs_have_no_fault(sqlite_database_url: str, tmp_path: Path) -> None:
    log = GrowingLog(sqlite_database_url)
    log.grow(SIZES[0])
    mirror = tmp_path / "mirror"
    with served(log.url, log.signer, tmp_path / "service") as url:
        for size in SIZES:
            log.grow(size)
            assert examine(log, url, samples=10) == []
        assert httpx.get(f"{url}/logs/main/tile/1/000.p/2").content == httpx.get(f"{url}/tile/1/000.p/5").content[:64]
        mirrored(url, mirror, log.vkeys[0])
        assert examine_folder(log, mirror, log.checkpoints[-1:]) == []
        log.rotate()
        log.grow(1_800)
        assert examine(log, url, samples=10) == []
        mirrored(url, mirror, log.vkeys[0])
        assert examine_folder(log, mirror, log.checkpoints[-2:]) == []
        assert differing_files(url, mirror) == []
        keys = (mirror / "keys.json").read_bytes()
        assert keys_of(keys, log.vkeys[0]) == keys_of(keys, log.vkeys[1]) == log.vkeys
        log.vkeys.pop()
        assert [fault.words for fault in examine(log, url, samples=10)] == ["no known key has signed the note"]


@pytest.mark.long
def test_a_log_of_100_000_real_answers(database_url: str, tmp_path: Path) -> None:
    log = GrowingLog(database_url)
    log.grow(65_536 + 700)
    mirror = tmp_path / "mirror"
    with served(log.url, log.signer, tmp_path / "service") as url:
        mirrored(url, mirror, log.vkeys[0])
        for size in (70_000, 101_234):
            log.grow(size)
            assert examine(log, url, samples=100) == []
        mirrored(url, mirror, log.vkeys[0])
        assert examine_folder(log, mirror, [log.checkpoints[0], log.checkpoints[-1]]) == []
        assert differing_files(url, mirror) == []
