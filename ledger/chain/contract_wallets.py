"""Wallets that are contracts: what they call their own signature (ERC-1271)."""

from __future__ import annotations

from typing import Final

from ledger.chain.rpc import BlockTag, Node
from ledger.errors import TransactionError
from ledger.statements.onchain import uint256

IS_VALID_SIGNATURE: Final = bytes.fromhex("1626ba7e")
"""Selector of ``isValidSignature(bytes32,bytes)``, and what it returns where the signature is good."""
_WORD = 32


def accepts_signature(node: Node, wallet: str, digest: bytes, signature: bytes, block: BlockTag = "latest") -> bool:
    """Whether the contract at ``wallet`` calls ``signature`` of the 32-byte ``digest`` its own at a block (ERC-1271).

    False where it says otherwise, reverts, answers anything else, or where no contract stands there. Raises NodeError
    (``Refusal`` where the node keeps no state of that block).
    """
    padded = signature + bytes(-len(signature) % _WORD)
    call = IS_VALID_SIGNATURE + digest + uint256(2 * _WORD) + uint256(len(signature)) + padded
    try:
        answer = node.call(wallet, call, block)
    except TransactionError:
        return False
    return answer == IS_VALID_SIGNATURE + bytes(_WORD - len(IS_VALID_SIGNATURE))
