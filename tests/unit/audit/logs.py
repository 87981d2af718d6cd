"""Real logs on disk, as a service would publish them, made without the code that reads them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ledger.audit.reading import Bundle
from ledger.audit.replay import Replay
from ledger.statements import kinds
from ledger.statements.log import ClockTick, LogKeyRotated
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.key_chain import sign_rotation
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt
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


def replayed(told: story.Story) -> Replay:
    """The story's entries as an audit has read them."""
    entries, replay = [kinds.encode(statement) for statement in told.entries], Replay()
    for begin in range(0, len(entries), 256):
        replay.take(Bundle.of(entries[begin : begin + 256]))
    return replay


def log_signer() -> LogSigner:
    """A key for the stories' log."""
    return LogSigner.generate(story.ORIGIN)


def rotation(entries: Sequence[bytes], old: LogSigner, new: LogSigner) -> LogKeyRotated:
    """A rotation that may follow the entries."""
    signature, endorsed = (value.hex() for value in sign_rotation(old, new))
    vkeys = {"previous": old.verifier_key.vkey, "key": new.verifier_key.vkey}
    return LogKeyRotated(v=1, at=kinds.parse(entries[-1]).at, **vkeys, signature=signature, endorsed=endorsed)


def ticks(entries: Sequence[bytes], count: int) -> list[bytes]:
    """The entries and some more that only tell the time."""
    return [*entries, *[kinds.encode(ClockTick(v=1, at=kinds.parse(entries[-1]).at))] * count]


def receipt(entries: Sequence[bytes], index: int, signer: LogSigner) -> Receipt:
    """The receipt of an entry under the head of these entries."""
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    note = sign(Checkpoint(signer.name, len(entries), merkle.root(leaves)), signer)
    proof = merkle.inclusion_proof(index, len(leaves), leaves)
    return Receipt.issue(signer.verifier_key, entries[index], index, proof, note)


def keys_file(entries: Sequence[bytes], keys: Sequence[tuple[int, LogSigner]]) -> bytes:
    """What a service gives as the log's keys: each rotation under the head that it was committed with."""
    members: list[dict[str, object]] = []
    for entry, signer in keys:
        members.append({"key": signer.verifier_key.vkey, "from_index": entry})
        if entry:
            members[-1]["proof"] = receipt(entries[: entry + 1], entry, signer).proof.format()
    return json.dumps({"v": 1, "keys": members}).encode()


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
