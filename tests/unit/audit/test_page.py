"""The finding that docs/audit.md shows is one: an audit writes these words of an award during an appeal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger.cli.audit import _where
from ledger.tree.keys import LogSigner
from tests.services import snippets
from tests.unit.audit import cheats
from tests.unit.audit.cheats import CHEATS
from tests.unit.audit.test_wrong_awards import Told

(SHOWN,) = snippets.run_by(__file__)


def as_a_pattern(shown: str) -> str:
    """Of any numbers, with ``...`` for what is left out."""
    words = re.escape(" ".join(shown.split())).replace(re.escape("..."), ".*?")
    return re.sub(r"\d+", lambda _: r"\d+", words)


def test_an_award_during_an_appeal(tmp_path: Path, signer: LogSigner, monkeypatch: pytest.MonkeyPatch) -> None:
    (cheat,) = (cheat for cheat in CHEATS if cheat.rule == "appeal-pending")
    told = Told(tmp_path / "log", signer)
    with monkeypatch.context() as patch:
        cheat.patch(patch)
        cheats.tell(cheat, told.story, told.open_campaign, told.story.wait)
        told.story.settle()
    found = [each for each in told.audit().findings if each.award is not None]
    said = [" ".join(f"{each.severity} {each.check}:{_where(each)} {each.detail}".split()) for each in found]
    assert any(re.match(as_a_pattern(SHOWN.code), words) for words in said), "\n".join(said)
