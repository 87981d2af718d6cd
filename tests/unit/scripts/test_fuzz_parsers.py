"""Every parser reads its good examples, takes some spoiled ones, and its own fault would be seen."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from random import Random

import pytest

from ledger.errors import FormatError
from scripts.fuzz.parsers.attacking import drawn
from scripts.fuzz.parsers.mutating import json_changed, spoiled
from scripts.fuzz.parsers.target import MAX_BYTES, Target
from scripts.fuzz.parsers.targets import targets

_TRIES = 10
_OTHER_FORMS = re.compile(r"^import of ")
"""Their seeds are also of the platform's other forms, which are refused."""
KEPT = {
    "settings": (b"a = " + b"9" * 5_000, b'origin = "\xff"', b"a = " + b"[" * 3_000),
    "mapping": (b"v = " + b"9" * 5_000,),
    "file of a deployment to be": (b"chain_id = " + b"9" * 5_000,),
    "import of prolific, submission-list": (b"[" + b"9" * 5_000 + b" true]",),  # it ended the process, in ijson
}
"""What was found once."""


@pytest.mark.parametrize("name", targets())
def test_a_parser_reads_what_is_good_and_refuses_the_rest(name: str) -> None:
    target = targets()[name]
    seeds = list(target.seeds())
    read = [target.reads(seed) for seed in seeds]
    assert any(read)
    assert all(read) or _OTHER_FORMS.match(name)
    random = Random(name)
    for data in (*KEPT.get(name, ()), *(spoiled(seeds, random) for _ in range(_TRIES))):
        assert target.fault(data) is None, data


@pytest.mark.parametrize("name", [name for name in KEPT if not _OTHER_FORMS.match(name)])  # an import refuses rows
def test_what_was_found_once_is_refused(name: str) -> None:
    assert [targets()[name].reads(data) for data in KEPT[name]] == [False] * len(KEPT[name])


def test_spoiling_is_drawn_by_the_seed_and_bounded() -> None:
    seeds = [b'{"a":[1,"x",{"b":null}]}', b"id,answer\n1,yes\n2,no\n", b""]
    once = [spoiled(seeds, Random(seed)) for seed in range(400)]
    assert once == [spoiled(seeds, Random(seed)) for seed in range(400)]
    assert len(set(once)) > 300
    assert max(map(len, once)) <= MAX_BYTES
    assert sum(data in seeds for data in once) < 40


def test_members_are_changed_at_every_depth() -> None:
    value = {"a": [1, "x", {"b": None}], "c": "text"}
    changed = {json.dumps(json_changed(value, Random(seed))) for seed in range(600)}
    assert len(changed) > 200
    assert {"c": "text"} in [json.loads(each) for each in changed]
    assert any(re.search(r'{"b": (?!null)', each) for each in changed)


def _fails(data: bytes) -> None:
    if b"}" not in data:
        raise KeyError(data)


def _wordless(data: bytes) -> None:
    raise FormatError("")


def _slow(data: bytes) -> None:
    until = time.process_time() + 0.02
    while time.process_time() < until:
        pass


def test_faults_are_seen_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = Target("parts", (), _fails, lambda: [b"{}"])
    assert drawn(target, 5.0, 1, tmp_path) == -1
    (file,) = tmp_path.iterdir()
    assert "KeyError" in (target.fault(file.read_bytes()) or "")
    assert str(file) in capsys.readouterr().out
    assert "without words" in (Target("wordless", (), _wordless, list).fault(b"") or "")
    monkeypatch.setattr(sys.modules["scripts.fuzz.parsers.target"], "MAX_SECONDS", 0.01)
    assert "seconds" in (Target("slow", (), _slow, list).fault(b"") or "")
