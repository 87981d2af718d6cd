"""``crowdledger mirror``: keep a copy of a log that its operator cannot change."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import AsJson, example, print_json, progress, say


def register(app: Commands) -> None:
    """Add the command."""
    app.command(
        epilog=example(
            "crowdledger mirror https://crowd.example.org ./mirror",
            "crowdledger mirror https://crowd.example.org s3://example-mirrors/crowd",
        )
    )(mirror)


def mirror(
    source: Annotated[
        str, typer.Argument(metavar="URL|FOLDER", help="The service, or another mirror: its address or its folder.")
    ],
    place: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|s3://BUCKET/PREFIX", help="Where the mirror is, or shall be: a folder, or an object store."
        ),
    ],
    log: Annotated[str | None, typer.Option(help="The log's name there, if it is not the main one.")] = None,
    key: Annotated[str | None, typer.Option(help="The log's verifier key, if you know it: name+id+base64.")] = None,
    json: AsJson = False,
) -> None:
    """Copy a log, or what is new of it, after checking that it continues what was copied before."""
    from ledger.audit.bucket import open_place
    from ledger.audit.mirror import PlacedMirror
    from ledger.audit.source import open_source
    from ledger.tree.keys import VerifierKey

    trusted = VerifierKey.parse(key) if key else None
    mirrored = PlacedMirror(open_place(place))
    with open_source(source, log) as origin, progress("mirror") as show:
        done = mirrored.sync(origin, trusted_key=trusted, progress=show)
    if json:
        print_json(
            {
                "old_size": done.old_size,
                "new_size": done.new_size,
                "origin": done.origin,
                "key": done.key.vkey,
                "root": done.root.hex(),
            }
        )
        return
    say(f"{done.origin}: {done.new_size} entries ({done.new_size - done.old_size} new), root {done.root.hex()}")
    if not key and done.old_size == 0:
        say(f"The key is the log's own word; compare it with one you trust: {done.key.vkey}")
