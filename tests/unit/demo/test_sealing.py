from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.demo.backers import split
from ledger.demo.sealing import found_in, seal, seal_by_command
from ledger.demo.stage import ORIGIN
from ledger.errors import CrowdLedgerError
from ledger.statements.commitments import Place, commit, verify_opening

CAMPAIGN = "01900000-0000-7000-8000-000000000001"


def test_an_envelope_opens_to_its_entry_and_belongs_to_its_author() -> None:
    one, other = (seal(name, CAMPAIGN, {"labels": {"a": "1"}}) for name in ("ann", "bob"))
    assert verify_opening(one.opening, one.opening.commitment) == {"labels": {"a": "1"}}
    assert one.opening.commitment != other.opening.commitment
    sent = one.submission(CAMPAIGN)
    assert (sent.commitment, sent.contributor_id) == (one.opening.commitment, one.public_id)


def test_the_command_seals_the_same(tmp_path: Path) -> None:
    made = seal_by_command(tmp_path / "ann", "ann", CAMPAIGN, {"labels": {"a": "1"}})
    place = Place("contribution", ORIGIN, CAMPAIGN, contributor=made.public_id)
    assert commit(place, {"labels": {"a": "1"}}, made.opening.salt) == made.opening
    with pytest.raises(CrowdLedgerError, match="Sealing failed"):
        seal_by_command(tmp_path / "ben", "ben", "no campaign", {})


def test_content_and_salt_are_found_wherever_they_stand(tmp_path: Path) -> None:
    entries = [seal(name, CAMPAIGN, {"labels": {"a": name}}) for name in ("ann", "bob", "cem", "dia")]
    database = tmp_path / "x.db"
    database.write_bytes(b"..." + entries[0].opening.preimage + b"..." + entries[1].opening.salt)
    Path(f"{database}-wal").write_bytes(entries[2].opening.salt.hex().encode())
    assert found_in(database, entries) == ["ann", "bob", "cem"]


@given(st.integers(0, 10**30), st.lists(st.integers(1, 100), min_size=1, max_size=9))
def test_stakes_come_to_the_whole(total: int, weights: list[int]) -> None:
    assert sum(split(total, weights)) == total
