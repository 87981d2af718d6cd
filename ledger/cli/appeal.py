"""``crowdledger appeal``: have somebody else look at a decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.commands import Commands
from ledger.cli.files import read_file
from ledger.cli.output import AsJson, example, print_json, say
from ledger.cli.services import MAX_TOKEN_BYTES, Url, service_url

_MAX_OPENING_BYTES = 2 * 1024 * 1024


def register(app: Commands) -> None:
    """Add the command."""
    app.command(epilog=example('crowdledger appeal 01900000-... --grounds "The word is in it." --token-file me.token'))(
        appeal
    )


def appeal(
    contribution: Annotated[str, typer.Argument(help="The contribution's id, as its receipt has it.")],
    grounds: Annotated[str, typer.Option(help="Why the decision is wrong.")],
    token_file: Annotated[Path, typer.Option(help="File with your session's token, or the platform's key.")],
    opening: Annotated[
        Path | None, typer.Option(help="Your opening of the contribution: shows the work even where it was erased.")
    ] = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Appeal against the decision that stands on a contribution; pay waits until somebody else has judged it."""
    from ledger.client import Client
    from ledger.statements.commitments import Opening
    from ledger.wire.appeals import GivenOpening, NewAppeal

    given = None
    if opening is not None:
        opened = Opening.parse(read_file(opening, _MAX_OPENING_BYTES))
        given = GivenOpening(salt=opened.salt.hex(), preimage=opened.preimage.decode())
    token = read_file(token_file, MAX_TOKEN_BYTES).decode(errors="replace").strip()
    with Client(service_url(url), token) as client:
        written = client.appeal(NewAppeal(contribution=contribution, grounds=grounds, opening=given))
    if json:
        print_json({"id": written.id, "index": written.index, "receipt": written.receipt})
        return
    say(f"Appeal {written.id} is entry {written.index}: {written.url}")
