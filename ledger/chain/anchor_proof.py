"""Whether a receipt's anchor stands on the chain: the part of a receipt that needs a node.

The consistency proof inside the anchor needs none (``ledger.tree.receipts.verify_anchor_offline``). Together every
member of the anchor is checked, and the message names the check that failed (member ``check`` of the error).
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.chain import anchors, contracts
from ledger.chain.answers import TransactionReceipt
from ledger.chain.artifacts import artifact
from ledger.chain.rpc import Node
from ledger.errors import ProofError, WrongChainError, WrongContractError
from ledger.tree.key_chain import KeyChain
from ledger.tree.receipts import Anchor


@dataclass(frozen=True, slots=True)
class VerifiedAnchor:
    """What the chain says of an anchor."""

    opener: str
    """Who opened the log under this key: whoever is known by this address vouches for the key."""
    anchored_at: int
    """Block time in seconds since 1970."""
    permanent: bool
    """Whether the chain calls the block finalized."""


def verify_anchor(node: Node, anchor: Anchor, keys: KeyChain, *, from_block: int = 0) -> VerifiedAnchor:
    """Check chain, contract, log id with key, transaction, block, size and root of an anchor, in that order.

    ``keys`` are the log's: it may have been opened under any of them. ``from_block`` shortens the search for the log's
    opening. Raises WrongChainError, WrongContractError or ProofError;
    NodeError where the node does not answer.
    """
    served = node.chain_id()
    if served != anchor.chain_id:
        raise WrongChainError(
            f"The check of the anchor's chain failed: the anchor names chain {anchor.chain_id}, "
            f"the node at {node.shown} serves chain {served}.",
            remedy="Give the RPC URL of the chain that the anchor names; if you did, the receipt was altered.",
            check="chain_id",
        )
    opened = _check_log(node, anchor, keys, from_block)
    receipt = _check_transaction(node, anchor)
    _check_event(receipt, anchor)
    block = node.block(anchor.block)
    if block.hash != receipt.block_hash:
        raise _failed("block", f"block {anchor.block} is no longer the one that holds the transaction")
    return VerifiedAnchor(opened.opener, block.timestamp, anchor.block <= node.block("finalized").number)


def _failed(check: str, words: str) -> ProofError:
    return ProofError(f"The check of the anchor's {check} failed: {words}.", check=check)


def _check_log(node: Node, anchor: Anchor, keys: KeyChain, from_block: int) -> anchors.OpenedLog:
    try:
        contracts.check_contract(node, anchor.contract, contracts.LOG_CONTRACT)
        opened = anchors.log_opened(node, anchor.contract, anchor.log_id, from_block)
    except WrongContractError as error:
        check = str(error.members["check"])
        raise WrongContractError(
            f"The check of the anchor's {check} failed: {error.detail}", remedy=ProofError.default_remedy, check=check
        ) from None
    if opened.origin != keys.newest.name or not keys.has(opened.vkey):
        words = f"the log {anchor.log_id} was opened with the key '{opened.vkey}', which is none of this log's"
        raise _failed("log_id", f"{words} (if its key was rotated, give the log's keys too: --keys)")
    return opened


def _check_transaction(node: Node, anchor: Anchor) -> TransactionReceipt:
    receipt = node.receipt(anchor.transaction)
    if receipt is None or not receipt.succeeded:
        raise _failed("transaction", f"the chain has no successful transaction {anchor.transaction}")
    if receipt.block != anchor.block:
        raise _failed("block", f"the transaction is in block {receipt.block}, not in {anchor.block}")
    return receipt


def _check_event(receipt: TransactionReceipt, anchor: Anchor) -> None:
    topic = artifact(contracts.LOG_CONTRACT).abi.events["Anchored"].topic
    events = [
        anchors.decode_anchor(entry)
        for entry in receipt.logs
        if entry.address == anchor.contract and entry.topics[:1] == (topic,)
    ]
    ours = [event for event in events if event.log_id == anchor.log_id]
    if not ours:
        raise _failed("transaction", "it anchored nothing of this log in this contract")
    of_size = [event for event in ours if event.size == anchor.size]
    if not of_size:
        raise _failed("size", f"the transaction anchored {ours[0].size} entries, not {anchor.size}")
    if all(event.root != anchor.root for event in of_size):
        raise _failed("root", f"the transaction anchored the root {of_size[0].root.hex()}, not {anchor.root.hex()}")
