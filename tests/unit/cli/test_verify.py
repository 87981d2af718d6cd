"""``crowdledger verify --file``: the command's part of it; ``tests/unit/audit`` has the checks themselves."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.cli import app
from ledger.errors import ConfigError
from ledger.statements import kinds
from ledger.statements.commitments import Place, commit
from ledger.statements.contributions import ContributionSubmitted
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt

WORK = b"a song" * 100_000
ID = "01935b1e-0000-7000-8000-000000000001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """receipt.json, opening.json and song of a contribution whose content is a file."""
    signer = LogSigner.generate("example.org/log")
    named = {"sha256": hashlib.sha256(WORK).hexdigest(), "bytes": len(WORK), "type": "audio/flac"}
    opening = commit(Place("contribution", "example.org/log", ID), named, bytes(32))
    statement = ContributionSubmitted(
        v=1,
        at="2026-11-22T03:14:00.123Z",
        id=ID,
        campaign=ID,
        contributor="01935b1e-0000-4000-8000-000000000001",
        commitment=opening.commitment,
        terms="0" * 64,
    )
    data = kinds.encode(statement)
    note = sign(Checkpoint(signer.name, 1, merkle.leaf_hash(data)), signer)
    (tmp_path / "receipt.json").write_bytes(Receipt.issue(signer.verifier_key, data, 0, [], note).encode())
    (tmp_path / "opening.json").write_bytes(opening.encode())
    (tmp_path / "song").write_bytes(WORK)
    return tmp_path


def verify(folder: Path, *more: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["verify", str(folder / "receipt.json"), *more, "--json"])
    return found.exit_code, found.output


def test_the_file_is_the_one_or_not(folder: Path) -> None:
    both = ("--opening", str(folder / "opening.json"), "--file", str(folder / "song"))
    code, output = verify(folder, *both)
    assert code == 0, output
    assert {step["name"]: step["verdict"] for step in json.loads(output)["checks"]}["file"] == "ok"
    (folder / "song").write_bytes(WORK[:-1])
    code, output = verify(folder, *both)
    assert code == 1
    assert {step["name"]: step["verdict"] for step in json.loads(output)["checks"]}["file"] == "failed"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--file", "song"), "Give --opening"),
        (("--opening", "opening.json", "--file", "none"), "'none' cannot be read"),
    ],
)
def test_what_cannot_be_done(folder: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], words: str) -> None:
    monkeypatch.chdir(folder)
    found = CliRunner().invoke(app, ["verify", "receipt.json", *more])
    assert isinstance(found.exception, ConfigError)
    assert words in str(found.exception)
