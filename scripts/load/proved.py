"""At the end: what was acknowledged is in the log, each index once, and the audits are clean."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.db import open_database
from ledger.demo.outside import Auditor
from ledger.errors import CrowdLedgerError
from ledger.log.checking import check_database
from ledger.log.reader import Reader
from ledger.statements import canonical
from ledger.tree import merkle
from ledger.tree.growth import CompactRange
from ledger.tree.keys import VerifierKey
from ledger.tree.receipts import Receipt, VerifiedReceipt, verify_log_part
from scripts.soak.agreement import of_report, stack_traces
from scripts.soak.scene import Processes, Scene

_LOG: Final = "main"
_PART: Final = 2_000


@dataclass(frozen=True, slots=True)
class Proved:
    """What was found, by check, and how many receipts were verified."""

    wrong: dict[str, list[str]]
    receipts: int


def prove(scene: Scene, processes: Processes, folder: Path) -> Proved:
    """Check everything; the services and workers run."""
    found, leaves, key = asyncio.run(_read(scene))
    file = folder / "acknowledged.jsonl"
    auditor = Auditor(scene.folder, scene.chain.url)
    report = auditor.audit(str(auditor.mirror(processes.url)), "--contract", scene.deployment.contribution_log)
    wrong = {
        "every receipt that was kept verifies in the log": list(differing(_kept(file), leaves, key)),
        "audit of the database": found,
        "audit of the mirror, with the chain": of_report(report),
        "what the processes said": list(stack_traces(processes)),
    }
    return Proved(wrong, sum(1 for _ in file.open("rb")))


def differing(receipts: Iterable[tuple[int, Receipt]], leaves: list[bytes], key: VerifierKey) -> Iterator[str]:
    """What a receipt promises and the log, whose leaf hashes are given, does not hold."""
    roots: dict[int, bytes] = {}
    owners: dict[int, bytes] = {}
    for index, receipt in receipts:
        try:
            verified = verify_log_part(receipt, key)
        except CrowdLedgerError as error:
            yield f"the receipt of entry {index} does not verify: {error}"
            continue
        leaf = merkle.leaf_hash(verified.statement)
        if verified.index != index:
            yield f"the receipt of entry {index} is of entry {verified.index}"
        elif owners.setdefault(index, leaf) != leaf:
            yield f"index {index} was given to two statements"
        elif index >= len(leaves) or leaves[index] != leaf:
            yield f"entry {index} was acknowledged and is not in the log"
        yield from _seen(roots, verified)
    tree = CompactRange()
    for size in sorted(roots):  # what is a root of the log's beginning is consistent with every later one
        tree, _ = tree.append_many(leaves[tree.size : size])
        if tree.size != size or tree.root() != roots[size]:
            yield f"the checkpoint of size {size} is of another history"
            return


def _seen(roots: dict[int, bytes], verified: VerifiedReceipt) -> Iterator[str]:
    checkpoint = verified.checkpoint
    if roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
        yield f"two checkpoints of size {checkpoint.size} differ"


def _kept(file: Path) -> Iterator[tuple[int, Receipt]]:
    with file.open("rb") as lines:
        for line in lines:
            members = json.loads(line)
            yield members["index"], Receipt.parse(canonical.encode(members["receipt"]))


async def _read(scene: Scene) -> tuple[list[str], list[bytes], VerifierKey]:
    """The findings of the database's own audit, the leaf hashes of all entries, and the log's key."""
    async with open_database(scene.database_url) as database:
        report = await check_database(database, _LOG)
        reader = Reader(database, _LOG)
        head = await reader.head()
        leaves: list[bytes] = []
        for begin in range(0, head.size, _PART):
            leaves += merkle.hash_entries(await reader.statements(begin, min(head.size, begin + _PART)))
        return [str(each) for each in report.findings], leaves, VerifierKey.parse(head.vkey)
