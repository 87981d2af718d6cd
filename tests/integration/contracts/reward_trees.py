"""Reward trees made by OpenZeppelin's JavaScript, which the contracts must agree with."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.compile_contracts import find_node

SCRIPT = Path(__file__).with_name("reward_tree.mjs")


@dataclass(frozen=True)
class Batch:
    """The arguments of ``claimMany``, accounts in tree order."""

    accounts: list[str]
    cumulatives: list[int]
    proof: list[bytes]
    flags: list[int]

    def arguments(self) -> tuple[list[str], list[int], list[bytes], list[int]]:
        return self.accounts, self.cumulatives, self.proof, self.flags


@dataclass(frozen=True)
class RewardTree:
    """Root, a proof for each account, and the batches asked for."""

    root: bytes
    amounts: Mapping[str, int]
    proofs: Mapping[str, list[bytes]]
    batches: list[Batch]

    def claim(self, account: str) -> tuple[str, int, list[bytes]]:
        """The arguments of ``claim``."""
        return account, self.amounts[account], self.proofs[account]


def reward_tree(amounts: Mapping[str, int], batches: Sequence[Sequence[str]] = ()) -> RewardTree:
    """The tree of (account, cumulative amount), with a multiproof for each of ``batches``."""
    request = {"entries": [[account, str(amount)] for account, amount in amounts.items()], "batches": batches}
    done = subprocess.run(
        [find_node(), SCRIPT], input=json.dumps(request), capture_output=True, text=True, check=True, timeout=60
    )
    made = json.loads(done.stdout)
    return RewardTree(
        root=_bytes(made["root"]),
        amounts=amounts,
        proofs={account: [_bytes(text) for text in proof] for account, proof in made["proofs"].items()},
        batches=[
            Batch(
                accounts=[account for account, _ in multiproof["leaves"]],
                cumulatives=[int(amount) for _, amount in multiproof["leaves"]],
                proof=[_bytes(text) for text in multiproof["proof"]],
                flags=_packed(multiproof["proofFlags"]),
            )
            for multiproof in made["multiproofs"]
        ],
    )


def _packed(flags: Sequence[bool]) -> list[int]:
    """Flag i as bit ``i % 256`` of word ``i // 256``."""
    return [
        sum(flag << place for place, flag in enumerate(flags[begin : begin + 256]))
        for begin in range(0, len(flags), 256)
    ]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
