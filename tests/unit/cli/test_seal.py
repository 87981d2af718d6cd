"""``crowdledger seal``: what it says is what opens, and the opening is for its owner only."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

from typer.testing import CliRunner

from ledger.cli import app
from ledger.statements.commitments import Opening, verify_opening

CAMPAIGN = "01900000-0000-7000-8000-000000000001"
TASK = "01900000-0000-7000-8000-000000000002"
WHO = "5f0c7d3e-1111-4aaa-9bbb-000000000001"


def seal(tmp_path: Path, work: str | bytes, *more: str) -> tuple[int, str, Path]:
    """Exit code, output and the opening's path."""
    source, opening = tmp_path / "work", tmp_path / "private" / "opening.json"
    source.write_bytes(work if isinstance(work, bytes) else work.encode())
    arguments = ["seal", str(source), "--campaign", CAMPAIGN, "--opening", str(opening), "--log", "example.org/crowd"]
    run = CliRunner().invoke(app, [*arguments, *more])
    return run.exit_code, run.output if run.exception is None or run.exit_code == 0 else str(run.exception), opening


def test_what_it_says_is_what_opens(tmp_path: Path) -> None:
    code, output, path = seal(tmp_path, '{"idea": "a wheel"}', "--json", "--task", TASK, "--contributor", WHO)
    assert code == 0, output
    said = json.loads(output)
    opening = Opening.parse(path.read_bytes())
    assert verify_opening(opening, said["send"]["commitment"]) == {"idea": "a wheel"}
    place = json.loads(opening.preimage)
    assert (place["campaign"], place["task"], place["contributor"]) == (CAMPAIGN, TASK, WHO)
    assert (place["log"], place["purpose"]) == ("example.org/crowd", "contribution")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert opening.salt.hex() not in output


def test_every_seal_is_another_one(tmp_path: Path) -> None:
    said = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        code, output, _ = seal(tmp_path / name, '"yes"', "--json")
        assert code == 0
        said.append(json.loads(output)["send"])
    assert said[0]["commitment"] != said[1]["commitment"]
    assert said[0]["contributor_id"] != said[1]["contributor_id"]


def test_a_file_is_sealed_by_its_digest(tmp_path: Path) -> None:
    work = bytes(range(256)) * 100
    code, output, path = seal(tmp_path, work, "--type", "image/png")
    assert code == 0, output
    content = Opening.parse(path.read_bytes()).content()
    assert content == {"sha256": hashlib.sha256(work).hexdigest(), "bytes": len(work), "type": "image/png"}


def test_an_opening_is_never_overwritten(tmp_path: Path) -> None:
    assert seal(tmp_path, '"first"')[0] == 0
    code, output, path = seal(tmp_path, '"second"')
    assert code != 0
    assert "exists already" in output
    assert Opening.parse(path.read_bytes()).content() == "first"


def test_what_cannot_be_sealed_is_named(tmp_path: Path) -> None:
    for work, more, words in (
        ("not json", [], "is not JSON"),
        ('"x"', ["--contributor", "ann"], "--contributor: 'ann' is not an id"),
        ('"x"', ["--task", WHO], "--task"),
        ('"x"', ["--submit-as", "ann"], "go together"),
    ):
        code, output, path = seal(tmp_path, work, *more)
        assert code != 0
        assert words in output
        assert not path.exists()
