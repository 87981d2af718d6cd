"""What `make fuzz` installs is locked."""

from __future__ import annotations

from itertools import pairwise

from tests.unit.house.test_locks import HASH, PIN, ROOT

LOCK = ROOT / "requirements-fuzz.lock"


def test_every_line_of_the_lock_is_a_pin_or_a_hash() -> None:
    text = LOCK.read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert ":" + "//" not in text
    assert [line for line in lines if not (PIN.match(line) or HASH.match(line))] == []
    assert all(HASH.match(after) for line, after in pairwise(lines) if PIN.match(line))
    assert "schemathesis" in {match[1] for line in lines if (match := PIN.match(line))}
