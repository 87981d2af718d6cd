"""A log's keys as its published formats tell them to a stranger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.independent.verifier.rotations import check_rotation
from tests.independent.verifier.text import Broken

EXAMPLE = Path(__file__).parents[2] / "docs" / "formats" / "examples" / "log.key_rotated.json"


def test_the_published_example() -> None:
    statement = json.loads(EXAMPLE.read_bytes())
    assert check_rotation(EXAMPLE.read_bytes(), "crowd.example/main") == (statement["previous"], statement["key"])
    with pytest.raises(Broken):
        check_rotation(EXAMPLE.read_bytes(), "crowd.example/other")
    for member in ("signature", "endorsed"):
        swapped = statement | {member: statement["endorsed" if member == "signature" else "signature"]}
        with pytest.raises(Broken, match="has not signed"):
            check_rotation(json.dumps(swapped).encode(), "crowd.example/main")
    with pytest.raises(Broken):
        check_rotation(b'{"kind":"clock.tick"}', "crowd.example/main")
