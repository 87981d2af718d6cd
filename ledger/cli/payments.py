"""``crowdledger settle`` and ``crowdledger claim``: ask a service to settle, or to pay what accounts have earned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.commands import EVERYBODY, Commands
from ledger.cli.files import read_file
from ledger.cli.output import AsJson, example, print_json, say
from ledger.cli.services import MAX_TOKEN_BYTES, Url, service_url


def register(app: Commands) -> None:
    """Add the commands."""
    app.command(epilog=example("crowdledger settle --api-key-file platform.key"))(settle)
    app.command(rich_help_panel=EVERYBODY, epilog=example(f"crowdledger claim 0x{'52908400' * 5}"))(claim)


def settle(
    api_key_file: Annotated[Path, typer.Option(help="File with a platform's key that has the scope 'settle'.")],
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Ask for a settlement as soon as there is something new to pay."""
    from ledger.client import Client

    key = read_file(api_key_file, MAX_TOKEN_BYTES).decode(errors="replace").strip()
    with Client(service_url(url), key) as client:
        request = client.settle()
    if json:
        print_json(request.model_dump())
        return
    say(f"Settlement request {request.id}: {request.state}. Follow it at {request.url}")


def claim(
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="The accounts to pay.")],
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Have accounts paid what they can claim; the service sends the transaction and pays its gas."""
    from ledger.cli.addresses import parse_address
    from ledger.client import Client

    with Client(service_url(url)) as client:
        requests = client.claim([parse_address(each) for each in addresses])
    if json:
        print_json({"items": [each.model_dump() for each in requests]})
        return
    for each in requests:
        say(f"{each.account}: {each.state}. Follow it at {each.url}")
