"""What `make analyse` installs and what silences it: exact locks, and no finding passed over without a reason."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from scripts.analysis.slither import unexplained
from tests.unit.house.test_locks import HASH, PIN, ROOT

LOCK = ROOT / "requirements-analysis.lock"
HERE = ROOT / "scripts" / "analysis"


def test_every_line_of_the_lock_is_a_pin_or_a_hash() -> None:
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not (PIN.match(line) or HASH.match(line))] == []
    assert all(HASH.match(after) for line, after in pairwise(lines) if PIN.match(line))
    assert {"slither-analyzer", "halmos"} <= {match[1] for line in lines if (match := PIN.match(line))}


def test_the_node_lock_is_exact_and_names_no_address() -> None:
    text = (HERE / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    declared = json.loads((HERE / "package.json").read_text())["optionalDependencies"]
    assert ":" + "//" not in text + LOCK.read_text()
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []
    for name, version in declared.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert packages[f"node_modules/{name}"]["version"] == version


def test_no_finding_is_silenced_without_a_reason() -> None:
    assert list(unexplained(ROOT / "contracts", ROOT)) == []


@pytest.mark.parametrize(
    ("lines", "lines_named"),
    [
        (["// The log is a contract of ours.", "// slither-disable-next-line calls-loop"], []),
        (["// slither-disable-next-line calls-loop"], [1]),
        (["x = 1;", "// slither-disable-next-line calls-loop"], [2]),
        (["// No words", "// slither-disable-next-line calls-loop"], [2]),
        (["// One reason for two.", *["// slither-disable-next-line assembly"] * 2], [3]),
        (["// A whole file is silenced here.", "// slither-disable-start assembly"], [2]),
        (["// A reason stands above.", "x = 1; // slither-disable-line assembly"], [2]),
    ],
)
def test_a_reason_is_words_on_the_line_before(lines: list[str], lines_named: list[int], tmp_path: Path) -> None:
    (tmp_path / "A.sol").write_text("\n".join(lines))
    assert [place for place, _ in unexplained(tmp_path, tmp_path)] == [f"A.sol:{number}" for number in lines_named]
