"""The checks of the contracts whose price is measured, each with the edits that take exactly it out.

An edit's text must stand exactly once in its source. What is taken out here stays in the contracts: the edited sources
are compiled in memory, deployed on the benchmark's chain and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Call(StrEnum):
    """A call whose checks are priced."""

    CLAIM = "claim"
    MANY_POOL = "many_pool"
    MANY_TOKEN = "many_token"
    PROPOSE = "propose"
    ACTIVATE = "activate"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces ``old``, which stands once in the source of that name."""

    source: str
    old: str
    new: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What is taken out, and the calls that it is priced for.

    Edits of sources that a contract is not made of do not count for it. ``unproved`` sends the call without its proof.
    """

    key: str
    title: str
    calls: tuple[Call, ...]
    edits: tuple[Edit, ...]
    unproved: bool = False


_CLAIMS, _PAUSES, _PAYEES = (f"contracts/base/{name}.sol" for name in ("Claims", "Pauses", "Payees"))
_POOL, _TOKEN, _SETTLEMENTS, _LOG = (
    f"contracts/{name}.sol" for name in ("RewardPool", "RewardToken", "Settlements", "ContributionLog")
)
_TREE = "contracts/lib/RewardTree.sol"
_MANY = (Call.MANY_POOL, Call.MANY_TOKEN)
_EVERY_CLAIM = (Call.CLAIM, *_MANY)

_CAP = Edit(
    _CLAIMS,
    """        uint256 owed = _owed;
        if (amount > owed) revert AwardsExceeded(_totalAwarded() - owed + amount, _totalAwarded());
        unchecked {
            _owed = uint120(owed - amount);
        }
""",
)
_PAUSE = Edit(_PAUSES, "        if (paused()) revert IsPaused(_pauseEndsAt);\n")
_TRY_PAY = """            if (_tryPay(account, payee, amount, unpaid)) {
                unchecked {
                    unpaid -= amount;
                }
            }
"""
_SECOND_PASS = """            due.store(i, amount << 1 | (state.hasPayee() ? 1 : 0));
        }
        _takeFromOwed(paid);
        uint256 unpaid = paid;
        for (uint256 i = 0; i < due.length; ++i) {
            uint256 item = due.load(i);
            if (item < 2) continue;
            uint256 amount = item >> 1;
            address account = accounts.read(i);
            address payee = item & 1 == 0 ? account : payeeOf(account);
"""
_SAME_PASS = """            if (amount == 0) continue;
            unpaid += amount;
            address account = accounts.read(i);
            address payee = _payeeOf(account, state);
"""
_CONSISTENCY = Edit(
    _LOG,
    """        if (!TransparencyTree.verifyConsistency(oldSize, newSize, stored.root, newRoot, proof)) {
            revert InconsistentHead(logId, oldSize, newSize);
        }
""",
)

CHECKS = (
    Check(
        "proof",
        "the accounts and amounts stand in the tree: proof, root's slot; its data not counted",
        _EVERY_CLAIM,
        (
            Edit(
                _CLAIMS,
                "        if (!RewardTree.verify(account, cumulative, proof, _root)) revert InvalidProof();\n",
            ),
            Edit(
                _CLAIMS,
                "        if (!RewardTree.verifyMany(accounts, cumulatives, proof, proofFlags, _root)) "
                "revert InvalidProof();\n",
            ),
        ),
    ),
    Check("cap", "claims never exceed what was awarded", _EVERY_CLAIM, (_CAP,)),
    Check("pause", "nothing moves while paused", (*_EVERY_CLAIM, Call.PROPOSE, Call.ACTIVATE), (_PAUSE,)),
    Check("cap_pause", "cap and pause together, which share a slot", _EVERY_CLAIM, (_CAP, _PAUSE)),
    Check(
        "guard",
        "nothing comes back in while a token is called",
        _EVERY_CLAIM,
        (
            Edit(_CLAIMS, "        nonReentrant\n        whenNotPaused\n", "        whenNotPaused\n"),
            Edit(_CLAIMS, "external nonReentrant whenNotPaused", "external whenNotPaused"),
        ),
    ),
    Check(
        "payee",
        "an account's choice of a payee, where it made none",
        _EVERY_CLAIM,
        (
            Edit(_PAYEES, "state.hasPayee() ? _choices[account].payee : account", "account"),
            Edit(_POOL, "amount << 1 | (state.hasPayee() ? 1 : 0)", "amount"),
            Edit(_POOL, "if (item < 2) continue;", "if (item == 0) continue;"),
            Edit(_POOL, "uint256 amount = item >> 1;", "uint256 amount = item;"),
            Edit(_POOL, "item & 1 == 0 ? account : payeeOf(account)", "account"),
            Edit(_TOKEN, "if (!state.hasPayee()) {", "if (true) {"),
        ),
    ),
    Check(
        "answer",
        "the token's answer is looked at; in a batch its gas is bounded, and a payment that fails is undone",
        (Call.CLAIM, Call.MANY_POOL),
        (
            Edit(_POOL, "TOKEN.safeTransfer(_payeeOf(", "_transfer(TOKEN, _payeeOf("),
            Edit(_POOL, "if (done && answered) {", "if (true) {"),
            Edit(_POOL, "            mstore(0, 0)\n            done := call(limit,", "            done := call(gas(),"),
        ),
    ),
    Check(
        "gas_floor",
        "a relayer cannot starve a payment of gas",
        (Call.MANY_POOL,),
        (Edit(_POOL, "        if (gasleft() < PAY_GAS * 64 / 63 + 5_000) revert NotEnoughGas();\n"),),
    ),
    Check(
        "skip",
        "the two above, compared with OpenZeppelin's `safeTransfer`: there one bad recipient stops the batch",
        (Call.MANY_POOL,),
        (
            Edit(_POOL, "uint256 unpaid = paid;", "uint256 unpaid = 0;"),
            Edit(
                _POOL,
                _TRY_PAY,
                "            TOKEN.safeTransfer(payee, amount);\n            emit Claimed(account, amount);\n",
            ),
        ),
    ),
    Check(
        "two_passes",
        "all is booked before anything is paid, instead of one by one",
        (Call.MANY_POOL,),
        (
            Edit(
                _POOL,
                "        uint256[] memory due = new uint256[](accounts.length);\n"
                "        for (uint256 i = 0; i < due.length; ++i) {\n"
                "            (uint256 amount, Account state)",
                "        uint256 unpaid;\n"
                "        for (uint256 i = 0; i < accounts.length; ++i) {\n"
                "            (uint256 amount, Account state)",
            ),
            Edit(_POOL, _SECOND_PASS, _SAME_PASS),
            Edit(
                _POOL,
                "        if (unpaid == 0) return paid;\n        _owed += uint120(unpaid);\n",
                "        _takeFromOwed(paid - unpaid);\n",
            ),
        ),
    ),
    Check(
        "flags",
        "a multiproof has as many flags as nodes, and no bit more",
        _MANY,
        (
            Edit(_TREE, "        if (flags.length != (nodes + 255) >> 8) return false;\n"),
            Edit(_TREE, "                wrong := or(wrong, bits)\n"),
        ),
    ),
    Check(
        "queue",
        "a multiproof never reads beyond its queue, and uses all of its proof",
        _MANY,
        (
            Edit(_TREE, "                    wrong := or(wrong, gt(front, back))\n"),
            Edit(_TREE, "            wrong := or(wrong, xor(add(front, 0x20), back))\n"),
        ),
    ),
    Check(
        "lengths",
        "as many amounts as accounts, and not none",
        _MANY,
        (
            Edit(
                _CLAIMS,
                "        if (accounts.length == 0 || accounts.length != cumulatives.length) revert BadLength();\n",
            ),
        ),
    ),
    Check(
        "event",
        "no check: the pool's own `Claimed`, so that nobody needs to trust the token's events",
        (Call.CLAIM, Call.MANY_POOL),
        (
            Edit(_POOL, "        emit Claimed(account, amount);\n        TOKEN", "        TOKEN"),
            Edit(
                _POOL,
                "            emit Claimed(account, amount);\n            return true;",
                "            return true;",
            ),
        ),
    ),
    Check(
        "role",
        "only the reporter proposes",
        (Call.PROPOSE,),
        (Edit(_SETTLEMENTS, "external onlyRole(Role.Reporter) whenNotPaused", "external whenNotPaused"),),
    ),
    Check(
        "order",
        "one settlement at a time, each upon the last one",
        (Call.PROPOSE,),
        (
            Edit(
                _SETTLEMENTS,
                "        uint256 last = _proposed.count;\n"
                "        if (_isPending()) revert SettlementIsPending(last);\n",
            ),
            Edit(_SETTLEMENTS, "        if (number != last + 1) revert WrongNumber(number, last + 1);\n"),
            Edit(_SETTLEMENTS, "        if (parent != _active.number) revert WrongParent(parent, _active.number);\n"),
        ),
    ),
    Check(
        "anchored",
        "it covers anchored entries only, and never fewer",
        (Call.PROPOSE,),
        (
            Edit(
                _SETTLEMENTS,
                "        uint256 anchored = CONTRIBUTION_LOG.size(currentLog);\n"
                "        if (logSize < _active.logSize || logSize > anchored) "
                "revert WrongLogSize(logSize, _active.logSize, anchored);\n",
            ),
        ),
    ),
    Check(
        "totals",
        "totals never fall and stay within the campaign's funds; campaigns are open, not final, named once",
        (Call.PROPOSE,),
        (Edit(_SETTLEMENTS, "        _requireTotals(campaigns, totals, finals);\n"),),
    ),
    Check(
        "pending",
        "what is activated is what was proposed, and not vetoed",
        (Call.ACTIVATE,),
        (
            Edit(
                _SETTLEMENTS,
                "        _requirePending(number, proposal);\n        uint256 readyAt",
                "        uint256 readyAt",
            ),
        ),
    ),
    Check(
        "delay",
        "the delay is over; pauses do not count",
        (Call.ACTIVATE,),
        (
            Edit(
                _SETTLEMENTS,
                "        uint256 readyAt = _blockTimeOf(_proposed.pendingSince + SETTLEMENT_DELAY);\n"
                "        if (block.timestamp < readyAt) revert DelayNotOver(readyAt);\n",
            ),
        ),
    ),
    Check(
        "consistency", "the new head extends the old one; its proof's data not counted", (Call.ANCHOR,), (_CONSISTENCY,)
    ),
    Check(
        "consistency_data", "the same with its data: no proof is sent", (Call.ANCHOR,), (_CONSISTENCY,), unproved=True
    ),
    Check(
        "forward",
        "forward only",
        (Call.ANCHOR,),
        (Edit(_LOG, "        if (newSize <= oldSize) revert NotForward(oldSize, newSize);\n"),),
    ),
    Check(
        "growth",
        "bounded growth",
        (Call.ANCHOR,),
        (
            Edit(
                _LOG,
                "        if (newSize - oldSize > MAX_GROWTH || newSize > type(uint48).max) "
                "revert TooMuchGrowth(oldSize, newSize);\n",
            ),
        ),
    ),
    Check(
        "operator",
        "only the operator, only an open log",
        (Call.ANCHOR,),
        (
            Edit(_LOG, "        if (stored.operator == address(0)) revert LogNotOpen(logId);\n"),
            Edit(_LOG, "        if (stored.operator != msg.sender) revert NotOperator(logId, msg.sender);\n"),
        ),
    ),
    Check(
        "closed",
        "not once it is closed",
        (Call.ANCHOR,),
        (Edit(_LOG, "        if (stored.closed) revert LogIsClosed(logId);\n"),),
    ),
)
