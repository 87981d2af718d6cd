from __future__ import annotations

from pathlib import Path

from ledger.audit.openings import open_openings
from ledger.demo.mandate import check_named, hand_over
from ledger.demo.sealing import seal
from ledger.statements import canonical

CAMPAIGN = "01900000-0000-7000-8000-000000000001"


def test_what_is_handed_over_is_what_the_audit_reads(tmp_path: Path) -> None:
    opening = seal("ann", CAMPAIGN, {"label": "1"}).opening
    hand_over(tmp_path / "openings", {CAMPAIGN: opening.encode()}, {"v": 1})
    (file,) = (tmp_path / "openings" / "files").iterdir()
    with open_openings(str(tmp_path / "openings"), None, 10) as private:
        assert private.fetch("contribution", CAMPAIGN) == opening
        assert private.document(file.name) == canonical.encode({"v": 1})
        assert private.fetch("inputs", CAMPAIGN) is None


def test_a_check_by_its_name() -> None:
    report = {"checks": [{"name": "a", "verdict": "pass"}, {"name": "b", "verdict": "fail"}]}
    assert check_named(report, "b") == {"name": "b", "verdict": "fail"}
    assert check_named(report, "c") == {}
