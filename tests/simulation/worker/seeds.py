"""Seeds that found a bug, kept for ever. What the bug was is planted again in :mod:`tests.simulation.worker.planted`.

A run follows from its seed and from what the worker does: once the worker does something else, a seed is another run.
"""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """A run in which something was wrong once, and what it was."""

    seed: int
    longer: bool
    what: str


FOUND: dict[str, Found] = {
    "unfenced-record": Found(
        71,
        False,
        "A worker that hung between renewing its lease and writing to the log wrote what the next leader had written.",
    ),
    "undone-proposal": Found(
        363,
        True,
        "A reorganisation undid a proposal, a replacement was mined, and the row named the lost one.",
    ),
    "undone-payment": Found(
        73,
        True,
        "Claims were closed as paid; mined again after a reorganisation the payment failed, and they stayed closed.",
    ),
    "moved-payment": Found(
        1000087,
        True,
        "A reorganisation moved a payment to a block where it skipped an account, whose claims stayed paid.",
    ),
    "false-count": Found(
        5588, True, "A node told a false count of transactions, and a second nonce went under way before the first."
    ),
    "settled-too-early": Found(
        1009279,
        True,
        "Entries came, and were anchored, after a step had read the log: it settled on entries that it had not folded.",
    ),
}
