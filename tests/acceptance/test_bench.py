"""The benchmark runs as the README says and has every row; its figures are nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import bench_log

ROOT = Path(__file__).resolve().parents[2]
QUICK_ROWS = [
    "tree",
    "tree-tiles",
    *(f"proof-{kind}-{state}" for kind in ("inclusion", "consistency") for state in ("cold", "start", "warm")),
    "signature",
]
OTHER_ROWS = [
    "http-sqlite",
    "http-postgresql",
    "http-naive",
    "batch-sqlite",
    "batch-sqlite-plain",
    "batch-postgresql",
    "batch-postgresql-plain",
    "importing",
    "lone-sqlite",
    "lone-postgresql",
    "audit",
    *(f"growth-{what}-2000" for what in ("single", "batch")),
    "memory",
    *(f"growth-{kind}-2000" for kind in ("inclusion", "consistency")),
    "restart",
]


def bench(folder: Path, *arguments: str) -> tuple[str, dict[str, dict[str, object]]]:
    """The printed table and the rows of the JSON file by their keys."""
    told = folder / "bench.json"
    command = [sys.executable, "scripts/bench_log.py", "--quick", "--json", str(told), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, {row["key"]: row for row in json.loads(told.read_text())["rows"]}


def check(table: str, rows: dict[str, dict[str, object]], expected: list[str]) -> None:
    assert list(rows) == expected
    for row in rows.values():
        assert str(row["measure"]) in table
        for figure in ("ours", "yardstick", "ratio"):
            assert isinstance(row[figure], float | int)
            assert row[figure] > 0  # type: ignore[operator]
        assert (row["met"] is None) == (row["reach"] is None)


def test_the_tree_and_proofs_are_measured(tmp_path: Path) -> None:
    check(*bench(tmp_path, "--only", "tree,proof,signature"), QUICK_ROWS)


@pytest.mark.long
def test_all_else_is_measured(tmp_path: Path) -> None:
    only = "http,batch,lone,audit,growth,restart"
    check(*bench(tmp_path, "--only", only), OTHER_ROWS)


def test_a_row_that_does_not_exist_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench_log.main(["--only", "nothing", "--json", str(tmp_path / "none.json")])
    assert "nothing" in capsys.readouterr().err
    assert not (tmp_path / "none.json").exists()
