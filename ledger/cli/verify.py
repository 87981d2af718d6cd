"""``crowdledger verify``: check a receipt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.cli.files import read_file
from ledger.cli.output import AsJson, example, print_json

if TYPE_CHECKING:
    from ledger.audit.receipts import ReceiptCheck
    from ledger.chain.rpc import Node

_MARKS = {"ok": "ok      ", "failed": "FAILED  ", "skipped": "skipped ", "unproven": "unproven"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=example("crowdledger verify receipt.json --opening opening.json --rpc https://rpc.example.org"))(
        verify
    )


def verify(
    receipt: Annotated[Path, typer.Argument(help="The receipt's file; - reads stdin.")],
    opening: Annotated[Path | None, typer.Option(help="The private opening: also check the content.")] = None,
    key: Annotated[str | None, typer.Option(help="The log's verifier key, if you know it: name+id+base64.")] = None,
    rpc: Annotated[str | None, typer.Option(help="RPC URL of the chain: also check the anchor there.")] = None,
    json: AsJson = False,
) -> None:
    """Check a receipt. The log part needs no network. Exit 0: it verifies; 1: it does not; 2: could not be done."""
    from ledger.audit.receipts import MAX_OPENING_BYTES, check_receipt
    from ledger.tree.keys import VerifierKey
    from ledger.tree.receipts import MAX_RECEIPT_BYTES

    data = read_file(receipt, MAX_RECEIPT_BYTES)
    opening_data = read_file(opening, MAX_OPENING_BYTES) if opening else None
    trusted = VerifierKey.parse(key) if key else None
    node = _node(rpc) if rpc else None
    try:
        result = check_receipt(data, opening=opening_data, trusted_key=trusted, node=node)
    finally:
        if node is not None:
            node.close()
    if json:
        print_json(result.members())
    else:
        _print(result)
    raise typer.Exit(0 if result.verdict == "pass" else 1)


def _node(url: str) -> Node:
    from ledger.chain.rpc import Node

    return Node(url)


def _print(result: ReceiptCheck) -> None:
    for step in result.steps:
        print(f"{_MARKS[step.verdict]} {step.name:<13} {step.words}")
    if result.verdict == "fail":
        print("\nThis receipt does NOT verify. Keep the file, and fetch the receipt anew from the service.")
        return
    meaning = {
        "recorded": "recorded: the log's key vouches for it",
        "anchored": "anchored: the chain holds the log's head",
        "permanent": "permanent: the chain holds it in a block that is final",
    }
    print(f"\nEntry {result.index} of the log '{result.origin}' is {meaning[result.state or 'recorded']}.")
