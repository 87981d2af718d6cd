"""What `make fuzz` installs is locked."""

from __future__ import annotations

import re
from itertools import pairwise

from tests.unit.house.test_locks import HASH, PIN, ROOT

LOCK = ROOT / "requirements-fuzz.lock"
ONLY_SOMEWHERE = re.compile(r"^(atheris)==([0-9][0-9.]*) ; sys_platform == .* \\$")


def test_every_line_of_the_lock_is_a_pin_or_a_hash() -> None:
    text = LOCK.read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    pins = {line: match[1] for line in lines if (match := PIN.match(line) or ONLY_SOMEWHERE.match(line))}
    assert ":" + "//" not in text
    assert [line for line in lines if not (line in pins or HASH.match(line))] == []
    assert all(HASH.match(after) for line, after in pairwise(lines) if line in pins)
    assert {"schemathesis", "atheris"} <= set(pins.values())
