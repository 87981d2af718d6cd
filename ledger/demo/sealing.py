"""Sealed entries: made where the entrant is, and what the operator's database could tell of them."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ledger.demo.outside import run_command
from ledger.demo.stage import ORIGIN
from ledger.errors import CrowdLedgerError, ProofError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import SALT_BYTES, Opening, Place, commit
from ledger.wire import NewContribution


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry in its envelope: the service gets public id and commitment, its author keeps the opening."""

    entrant: str
    public_id: str
    content: JsonValue
    opening: Opening

    def submission(self, campaign: str) -> NewContribution:
        """What is sent before the deadline."""
        return NewContribution(
            campaign=campaign,
            contributor=self.entrant,
            contributor_id=self.public_id,
            commitment=self.opening.commitment,
            external_id=f"entry-of-{self.entrant}",
        )


def seal(entrant: str, campaign: str, content: JsonValue) -> Sealed:
    """Choose a public id and a salt and compute the commitment, as ``crowdledger seal`` does it."""
    public_id = str(uuid.uuid4())
    place = Place("contribution", ORIGIN, campaign, contributor=public_id)
    return Sealed(entrant, public_id, content, commit(place, content, os.urandom(SALT_BYTES)))


def seal_by_command(folder: Path, entrant: str, campaign: str, content: JsonValue) -> Sealed:
    """The same as an entrant types it: the work and the opening stay in ``folder``. Raises CrowdLedgerError."""
    folder.mkdir(parents=True)
    work, kept = folder / "work.json", folder / "opening.json"
    work.write_bytes(canonical.encode(content))
    options = ("--campaign", campaign, "--opening", str(kept), "--log", ORIGIN, "--json")
    done = run_command(folder, "seal", str(work), *options)
    if done.returncode != 0:
        raise CrowdLedgerError(f"Sealing failed: {done.stderr.strip()}")
    send = json.loads(done.stdout)["send"]
    opening = Opening.parse(kept.read_bytes())
    if opening.commitment != send["commitment"]:
        raise ProofError("The opening that was kept is not that of the commitment to send.")
    return Sealed(entrant, send["contributor_id"], content, opening)


def found_in(database: Path, entries: Iterable[Sealed]) -> list[str]:
    """Entrants whose content or salt stands anywhere in the bytes of the database's files."""
    files = [path for path in (database, Path(f"{database}-wal")) if path.exists()]
    data = b"".join(path.read_bytes() for path in files)
    return [
        each.entrant
        for each in entries
        if any(
            secret in data
            for secret in (canonical.encode(each.content), each.opening.salt, each.opening.salt.hex().encode())
        )
    ]
