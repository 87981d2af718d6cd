"""Building the tree, checking a wallet's signature, replaying a whole log: work of the processor alone.

Measured in processor time of the process, its threads included.
"""

from __future__ import annotations

import gc
import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from eth_account import Account
from eth_account.messages import encode_typed_data

from ledger.audit.growing import GrowingTree
from ledger.audit.mirror import Mirror
from ledger.audit.run import audit
from ledger.audit.source import FolderSource, UrlSource
from ledger.client import Client
from ledger.statements import signatures
from ledger.tree import merkle
from ledger.tree.growth import CompactRange, Growth
from scripts.bench.loading import LoadedLog
from scripts.bench.measured import Reach, Row, interleaved
from scripts.bench.proof_rows import statements
from scripts.bench.service import wait_until_ready
from scripts.bench.shared import Bench

_GROUP = 1_000
_MESSAGES = 500
_TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "Contribution": [
        {"name": "logId", "type": "bytes32"},
        *({"name": name, "type": "string"} for name in ("campaign", "task", "contributor")),
        *({"name": name, "type": "bytes32"} for name in ("commitment", "terms")),
        {"name": "replaces", "type": "string"},
    ],
}


def tree_rows(bench: Bench, stack: ExitStack) -> list[Row]:
    """The tree of a whole log: its nodes in groups as the writer makes them, and all of its tiles as a mirror does."""
    leaves = list(statements(bench.log(bench.options.entries)))
    root = _compact(leaves)
    if _tiles(leaves) != root:
        raise RuntimeError("The two ways to build the tree differ.")
    found = []
    for key, what, work in (
        ("tree", "tree in groups", _compact),
        ("tree-tiles", "tree with its tiles", _tiles),
    ):
        pairs = interleaved(
            bench.options.rounds,
            lambda: _seconds(lambda: bare_hashing(leaves)),
            lambda work=work: _seconds(lambda: work(leaves)),  # type: ignore[misc]
        )
        measure = f"{what}, {len(leaves):,} leaves"
        found.append(pairs.row(key, measure, "bare hashlib loop", "s", Reach("at most", 2.5)))
    return found


def bare_hashing(leaves: Sequence[bytes]) -> None:
    """The yardstick: one digest a leaf."""
    sha256 = hashlib.sha256
    for leaf in leaves:
        sha256(leaf).digest()


def _compact(leaves: Sequence[bytes]) -> bytes:
    tree = CompactRange()
    for begin in range(0, len(leaves), _GROUP):
        tree = Growth(tree, merkle.hash_entries(leaves[begin : begin + _GROUP])).after
    return tree.root()


def _tiles(leaves: Sequence[bytes]) -> bytes:
    tree = GrowingTree()
    for begin in range(0, len(leaves), _GROUP):
        for _ in tree.append(merkle.hash_entries(leaves[begin : begin + _GROUP])):
            pass
    return tree.root()


def signature_rows(bench: Bench, stack: ExitStack) -> list[Row]:
    """A wallet's signature over a contribution, from the statement's members to the address."""
    signed = _signed(20 if bench.options.quick else _MESSAGES)
    domain = _domain()

    def yardstick() -> float:
        def work() -> None:
            for members, value, address in signed:
                message = encode_typed_data(full_message=_typed(domain, members))
                if Account.recover_message(message, signature=value).lower() != address:
                    raise RuntimeError("The yardstick recovers another address.")

        return _seconds(work) / len(signed) * 1e6

    def ours() -> float:
        def work() -> None:
            for members, value, address in signed:
                signatures.verify(signatures.contribution_digest(domain, **members), value, address)

        return _seconds(work) / len(signed) * 1e6

    pairs = interleaved(bench.options.rounds, yardstick, ours)
    reach = Reach("at least", 4)
    return [pairs.row("signature", "wallet signature check", "eth-account's recover", "us", reach, times_quicker=True)]


def _domain() -> signatures.Domain:
    return signatures.Domain(31337, "0x" + 40 * "1", "0x" + 64 * "2")


def _signed(count: int) -> list[tuple[dict[str, str], str, str]]:
    """Members of contributions, with the signature of a wallet of its own each, and its address."""
    found = []
    for number in range(count):
        members = {
            "campaign": f"0198c0de-0000-7000-8000-{number:012d}",
            "contributor": f"5f0e9c1e-0000-4000-8000-{number:012d}",
            "commitment": secrets.token_hex(32),
            "terms": secrets.token_hex(32),
        }
        account = Account.create()
        message = encode_typed_data(full_message=_typed(_domain(), members))
        value = "0x" + bytes(account.sign_message(message).signature).hex()
        found.append((members, value, account.address.lower()))
    return found


def _typed(domain: signatures.Domain, members: dict[str, str]) -> dict[str, object]:
    return {
        "types": _TYPES,
        "primaryType": "Contribution",
        "domain": {
            "name": "CrowdLedger",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": domain.contract,
        },
        "message": {
            "logId": bytes.fromhex(domain.log_id[2:]),
            "campaign": members["campaign"],
            "task": "",
            "contributor": members["contributor"],
            "commitment": bytes.fromhex(members["commitment"]),
            "terms": bytes.fromhex(members["terms"]),
            "replaces": "",
        },
    }


def audit_rows(bench: Bench, stack: ExitStack) -> list[Row]:
    """A full audit of a mirror: reading, hashing, the tree and all tiles, every statement replayed by the rules."""
    loaded = bench.log(bench.options.entries)
    source = FolderSource(mirror_of(loaded).folder)
    leaves = list(statements(loaded))

    def ours() -> float:
        def work() -> None:
            report = audit(source, trusted_key=loaded.site.signer.verifier_key)
            if report.verdict != "pass" or report.entries != len(leaves):
                raise RuntimeError(f"The audit says {report.verdict} of {report.entries} entries.")

        return _seconds(work)

    pairs = interleaved(bench.options.rounds, lambda: _seconds(lambda: bare_hashing(leaves)), ours)
    measure = f"full audit replay, {len(leaves):,} entries"
    return [pairs.row("audit", measure, "bare hashlib loop", "s", Reach("at most", 12))]


def mirror_of(loaded: LoadedLog) -> Mirror:
    """The mirror of a loaded log beside its database, fetched from the real service if it is not there."""
    mirror = Mirror(loaded.site.folder / "mirror")
    with suppress(FileNotFoundError):
        if (mirror.folder / "checkpoint").read_text().split("\n")[1] == str(loaded.size):
            return mirror
    with loaded.site.server() as server:
        url = f"http://127.0.0.1:{server.port}"
        with Client(url) as client:
            wait_until_ready(client)
        with UrlSource(url) as source:
            mirror.sync(source, trusted_key=loaded.site.signer.verifier_key)
    return mirror


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started
