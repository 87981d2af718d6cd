"""Real logs on disk, as a service would publish them, made without the code that reads them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ledger.statements import kinds
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.keys import LogSigner
from ledger.tree.tiles import encode_entries, encode_tile, entry_bundles_of, tiles_of
from tests.unit.book import story


def a_story(signer: LogSigner, contributions: int = 20, *, paid: bool = False) -> list[bytes]:
    """The entries of a small log: a campaign, tasks, contributions by seven people, decisions, wallets, time."""
    chance = random.Random(contributions)
    told = story.Story()
    told.entries[0] = msgspec.structs.replace(told.entries[0], key=signer.verifier_key.vkey)
    campaign = told.campaign(paid=paid, appeal=3, decision=1000)
    if paid:
        told.fund(campaign, 10**9)
    for number in range(contributions):
        told.wait(0.01)
        contribution = told.submit(campaign, number % 7, task=told.task(campaign))
        told.decide(contribution, chance.choice(["accepted", "rejected"]))
    for person in range(min(contributions, 5)):
        told.link(person, story.wallet(person))
    told.tick(100)
    if paid:
        told.tick(1)
        told.settle()
    return [kinds.encode(statement) for statement in told.entries]


def log_signer() -> LogSigner:
    """A key for the stories' log."""
    return LogSigner.generate(story.ORIGIN)


def publish(
    folder: Path, entries: Sequence[bytes], signer: LogSigner, summary: dict[str, object] | None = None
) -> Path:
    """Write the log's files as tlog-tiles has them; every hash is computed from the leaves alone."""
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    for tile in tiles_of(len(entries)):
        span = 256**tile.level
        firsts = [(tile.index * 256 + number) * span for number in range(tile.width)]
        write(folder / tile.path, encode_tile([merkle.root(leaves[first : first + span]) for first in firsts]))
    for bundle in entry_bundles_of(len(entries)):
        first = bundle.index * 256
        write(folder / bundle.path, encode_entries(entries[first : first + bundle.width]))
    note = sign(Checkpoint(signer.name, len(entries), merkle.root(leaves)), signer)
    write(folder / "checkpoint", note.encode())
    if summary is not None:
        write(folder / "crowdledger.json", json.dumps(summary).encode())
    return folder


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def files(folder: Path) -> dict[str, bytes]:
    """All files of a folder by their paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
