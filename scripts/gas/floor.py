"""What the protocol alone makes each call cost: the least that any design of this kind pays.

Pure functions over a transaction and what it must touch. Counted: the transaction, its data as it was sent, every
storage slot and account that cannot be left out, the events as they were emitted, and the hashes of the proof. Not
counted: all that contract code adds to it (dispatch, decoding, memory, comparisons, the checks' own arithmetic).
"""

from __future__ import annotations

from scripts.gas.lab import Sent

TRANSACTION = 21_000
"""Every transaction (Yellow Paper, appendix G)."""
TOKENS_OF_NONZERO_BYTE = 4
"""A non-zero byte of data counts as four zero ones (EIP-2028, EIP-7623)."""
DATA_TOKEN = 4
"""A zero byte of data; a non-zero one is 16 (EIP-2028)."""
LEAST_DATA_TOKEN = 10
"""What a transaction pays at least for its data (EIP-7623)."""
COLD_SLOT = 2_100
COLD_ACCOUNT = 2_600
WARM = 100
"""A slot or an account, the first and every later time in a transaction (EIP-2929)."""
SLOT_SET = 20_000
SLOT_RESET = 2_900
"""A slot from zero, and from one value to another (EIP-2200 with EIP-2929)."""
CLEARED_REFUND = 4_800
"""For a slot that becomes zero (EIP-3529)."""
EVENT = 375
EVENT_TOPIC = 375
EVENT_BYTE = 8
"""Yellow Paper, appendix G."""
SHA256_OF_NODE = WARM + 60 + 12 * 3
"""A call of the precompile over 65 bytes, which are three words."""
KECCAK_OF_PAIR = 30 + 6 * 2
KECCAK_OF_WORD = 30 + 6

NEW_SLOT = COLD_SLOT + SLOT_SET
CHANGED_SLOT = COLD_SLOT + SLOT_RESET
REWARD_LEAF = KECCAK_OF_PAIR + KECCAK_OF_WORD
"""``standard-v1``: hashed twice."""
WARM_UPDATE = WARM + WARM
"""Reading and writing a slot that this transaction has changed already."""


def tokens(data: bytes) -> int:
    """Tokens of a transaction's data (EIP-7623)."""
    zeros = data.count(0)
    return zeros + (len(data) - zeros) * TOKENS_OF_NONZERO_BYTE


def intrinsic(sent: Sent) -> int:
    """The transaction and its data, before anything runs."""
    return TRANSACTION + tokens(sent.data) * DATA_TOKEN


def least(sent: Sent) -> int:
    """What the transaction pays whatever it does (EIP-7623)."""
    return TRANSACTION + tokens(sent.data) * LEAST_DATA_TOKEN


def events(sent: Sent) -> int:
    """The events as they were emitted."""
    return sum(EVENT + EVENT_TOPIC * topics + EVENT_BYTE * size for topics, size in sent.events)


def _floor(sent: Sent, *parts: int) -> int:
    return max(least(sent), intrinsic(sent) + events(sent) + sum(parts))


def consistency_hashes(old_size: int, new_size: int) -> int:
    """Different nodes that a verifier of an RFC 9162 consistency proof hashes.

    While only left siblings came, the old and the new tree's nodes are the same and need hashing once.
    """
    if old_size in (0, new_size):
        return 0
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    hashes, parted = 0, False
    while last:
        if node & 1 or node == last:
            hashes += 2 if parted else 1
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hashes, parted = hashes + 1, True
        node, last = node >> 1, last >> 1
    return hashes


def anchor(sent: Sent, old_size: int, new_size: int) -> int:
    """Root and head, which holds operator, size and time, change; the proof is hashed."""
    root = CHANGED_SLOT if old_size else NEW_SLOT
    return _floor(sent, root, CHANGED_SLOT, consistency_hashes(old_size, new_size) * SHA256_OF_NODE)


def inclusion(proof_length: int) -> int:
    """Execution only: root and size are read, the proof is hashed."""
    return 2 * COLD_SLOT + proof_length * SHA256_OF_NODE


def claims(sent: Sent, count: int, hashes: int, *, first: bool, escrow: bool, payees: int = 0) -> int:
    """``count`` accounts are paid in one transaction against ``hashes`` nodes of the tree.

    The root is read, the sum that awards cap changes, and for each account what it has claimed. In ``escrow`` the token
    is another contract, which changes the pool's and the account's balance; else balance and claimed share a slot.
    ``payees`` of the accounts chose one, which is read; to say so their slot was set before.
    """
    slot = NEW_SLOT if first else CHANGED_SLOT
    once = COLD_SLOT + CHANGED_SLOT
    each = slot + REWARD_LEAF
    if escrow:
        once += COLD_ACCOUNT + CHANGED_SLOT - WARM - WARM_UPDATE
        each += slot + WARM + WARM_UPDATE
    return _floor(sent, once, count * each, payees * (COLD_SLOT + CHANGED_SLOT - slot), hashes * KECCAK_OF_PAIR)


def proposal(sent: Sent, campaigns: int) -> int:
    """Reads: reporter, the log's size, a slot a campaign. Writes: the proposal's hash where none was, the count."""
    reads = COLD_SLOT + COLD_ACCOUNT + COLD_SLOT + campaigns * COLD_SLOT
    return _floor(sent, reads, NEW_SLOT, CHANGED_SLOT)


def activation(sent: Sent, campaigns: int, *, first: bool) -> int:
    """Changes progress, root, the sum of awards and a slot a campaign; the proposal's hash becomes zero."""
    root = NEW_SLOT if first else CHANGED_SLOT
    return _floor(sent, root, 2 * CHANGED_SLOT, campaigns * CHANGED_SLOT, CHANGED_SLOT - CLEARED_REFUND)


def transfers(sent: Sent, count: int, *, first: bool, escrow: bool) -> int:
    """``count`` ERC-20 transfers in one transaction, by another contract if ``escrow``."""
    slot = NEW_SLOT if first else CHANGED_SLOT
    outer = COLD_ACCOUNT - WARM + count * WARM if escrow else 0
    return _floor(sent, outer, CHANGED_SLOT, (count - 1) * WARM_UPDATE, count * slot)
