"""Where the gas of a transaction goes, from a trace of its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from scripts.gas.lab import Lab

_CALLS = {"CALL", "STATICCALL", "DELEGATECALL", "CALLCODE"}
_GROUPS = {
    "SLOAD": "SLOAD", "SSTORE": "SSTORE", "TLOAD": "transient storage", "TSTORE": "transient storage",
    "KECCAK256": "KECCAK256",
}  # fmt: skip


def profile(lab: Lab, transaction: str) -> list[tuple[str, int]]:
    """Gas by group, largest first; the groups add up to the receipt's ``gasUsed``.

    Groups end in ``(called)`` for what runs in contracts that the called one calls. Everything that is neither storage,
    event, hash nor call is ``code``: dispatch, decoding, memory, arithmetic.
    """
    options = {"disableStack": True, "disableStorage": True, "disableMemory": True}
    steps = lab.rpc("debug_traceTransaction", transaction, options)["structLogs"]
    receipt = lab.rpc("eth_getTransactionReceipt", transaction)
    groups = _groups(steps)
    executed = sum(groups.values())
    limit = int(lab.rpc("eth_getTransactionByHash", transaction)["gas"], 16)
    groups["transaction and its data"] = limit - int(steps[0]["gas"])
    rest = int(receipt["gasUsed"], 16) - groups["transaction and its data"] - executed
    if rest:
        groups["refund, or data's least price"] = rest
    return sorted(groups.items(), key=lambda item: -item[1])


def _groups(steps: Sequence[dict[str, Any]]) -> Counter[str]:
    """Each step's own gas; of a call what its callee did not use, which for a precompile is all."""
    groups: Counter[str] = Counter()
    frames: list[tuple[int, int]] = []  # the calls that are under way: gas before, and what the inner steps have used
    for place, step in enumerate(steps):
        after: dict[str, Any] | None = steps[place + 1] if place + 1 < len(steps) else None
        op, gas, depth = step["op"], int(step["gas"]), int(step["depth"])
        if after is not None and int(after["depth"]) > depth:
            frames.append((gas, 0))
            continue
        ends = after is None or int(after["depth"]) < depth
        own = int(step["gasCost"]) if after is None or ends else gas - int(after["gas"])
        groups[_group(op, depth)] += own
        frames = [*frames[:-1], (frames[-1][0], frames[-1][1] + own)] if frames else []
        if ends and after is not None and frames:
            before, inner = frames.pop()
            call = before - int(after["gas"]) - inner
            groups["calls" + ("" if depth == 2 else " (called)")] += call
            if frames:
                frames[-1] = frames[-1][0], frames[-1][1] + inner + call
    return groups


def _group(op: str, depth: int) -> str:
    name = _GROUPS.get(op, "events" if op.startswith("LOG") else "precompiles" if op in _CALLS else "code")
    return name if depth == 1 else f"{name} (called)"
