"""``crowdledger verify``: check a receipt."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.cli.commands import Commands
from ledger.cli.files import open_file, read_file
from ledger.cli.output import STYLES, AsJson, example, print_json, say, verdict, waiting
from ledger.errors import ConfigError

if TYPE_CHECKING:
    from ledger.audit.receipts import ReceiptCheck
    from ledger.chain.rpc import Node
    from ledger.tree.key_chain import KeyChain

_SHOWN = {"failed": "FAILED"}


def register(app: Commands) -> None:
    """Add the command."""
    app.command(epilog=example("crowdledger verify receipt.json --opening opening.json --rpc https://rpc.example.org"))(
        verify
    )


def verify(
    receipt: Annotated[Path, typer.Argument(help="The receipt's file, or a certificate's; - reads stdin.")],
    opening: Annotated[Path | None, typer.Option(help="The private opening: also check the content.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="The file that the opening names: also check that it is it.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The log's verifier key, if you know it: name+id+base64.")] = None,
    keys: Annotated[
        str | None,
        typer.Option(
            metavar="URL|FOLDER|FILE",
            help="The log's keys, if its key was rotated: the service, a mirror's folder, or a saved {url}/keys.json.",
        ),
    ] = None,
    rpc: Annotated[str | None, typer.Option(help="RPC URL of the chain: also check the anchor there.")] = None,
    json: AsJson = False,
) -> None:
    """Check a receipt, or a certificate of them. The log part needs no network.

    Exit 0: it verifies; 1: it does not; 2: could not be done.
    """
    from ledger.audit.certificates import MAX_CERTIFICATE_BYTES, is_certificate
    from ledger.audit.receipts import MAX_OPENING_BYTES, check_receipt
    from ledger.cli.certificates import verify_certificate
    from ledger.tree.keys import VerifierKey

    if file is not None and opening is None:
        raise ConfigError("--file needs the opening that names the file.", remedy="Give --opening FILE too.")
    data = read_file(receipt, MAX_CERTIFICATE_BYTES)
    opening_data = read_file(opening, MAX_OPENING_BYTES) if opening else None
    trusted = VerifierKey.parse(key) if key else None
    known = _read_keys(keys) if keys else None
    if is_certificate(data):
        verify_certificate(data, trusted, known, alone=not (opening or file or rpc), as_json=json)
    with contextlib.ExitStack() as stack:
        content = stack.enter_context(open_file(file)) if file else None
        node = stack.enter_context(contextlib.closing(_node(rpc))) if rpc else None
        if node is not None:
            stack.enter_context(waiting("Asking the node"))
        result = check_receipt(data, opening=opening_data, file=content, trusted_key=trusted, keys=known, node=node)
    if json:
        print_json(result.members())
    else:
        _print(result)
    raise typer.Exit(0 if result.verdict == "pass" else 1)


def _read_keys(place: str) -> KeyChain:
    """The keys of the log at a service, in a mirror's folder, or in a saved file."""
    from ledger.audit.log_keys import MAX_KEYS_BYTES, parse_keys
    from ledger.audit.opening import open_source_log
    from ledger.audit.source import open_source

    if Path(place).is_file():
        return parse_keys(read_file(Path(place), MAX_KEYS_BYTES))
    with open_source(place) as source:
        return open_source_log(source).keys


def _node(url: str) -> Node:
    from ledger.chain.rpc import Node

    return Node(url)


def _print(result: ReceiptCheck) -> None:
    for step in result.steps:
        verdict(_SHOWN.get(step.verdict, step.verdict), f"{step.name:<13} {step.words}")
    if result.verdict == "fail":
        say(
            "\nThis receipt does NOT verify. Keep the file, and fetch the receipt anew from the service.",
            STYLES["FAILED"],
        )
        return
    meaning = {
        "recorded": "recorded: the log's key vouches for it",
        "anchored": "anchored: the chain holds the log's head",
        "permanent": "permanent: the chain holds it in a block that is final",
    }
    say(f"\nEntry {result.index} of the log '{result.origin}' is {meaning[result.state or 'recorded']}.")
