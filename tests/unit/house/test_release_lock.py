"""What `make sbom` and `make advisories` install is locked; the dev chain that users are told of is the pinned one."""

from __future__ import annotations

import json
from itertools import pairwise

from ledger.chain.devchain import ANVIL_VERSION
from tests.unit.house.test_locks import HASH, PIN, ROOT

LOCK = ROOT / "requirements-release.lock"


def test_every_line_of_the_lock_is_a_pin_or_a_hash() -> None:
    text = LOCK.read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert ":" + "//" not in text
    assert [line for line in lines if not (PIN.match(line) or HASH.match(line))] == []
    assert all(HASH.match(after) for line, after in pairwise(lines) if PIN.match(line))
    assert {"cyclonedx-bom", "pip-audit"} <= {match[1] for line in lines if (match := PIN.match(line))}


def test_the_version_that_users_are_told_is_the_one_that_is_tested() -> None:
    pinned = json.loads((ROOT / "package.json").read_text())["optionalDependencies"]
    assert set(pinned.values()) == {ANVIL_VERSION}
