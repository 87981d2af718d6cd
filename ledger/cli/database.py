"""``crowdledger db``: the database's schema, its backups, and how a lost one comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import AsJson, example, print_json, progress, say


def register(app: Commands) -> None:
    """Add the commands."""
    commands = Commands(help="The database.", epilog=example("crowdledger db backup /backups/crowd.backup"))
    commands.command(epilog=example("crowdledger db upgrade"))(upgrade)
    commands.command(epilog=example("crowdledger db backup /backups/crowd.backup"))(backup)
    examples = example(
        "crowdledger db restore /backups/crowd.backup --mirror ./mirror",
        "crowdledger db restore /backups/crowd.backup --accept-loss",
    )
    commands.command(epilog=examples)(restore)
    app.add_typer(commands, name="db")


def upgrade(json: AsJson = False) -> None:
    """Bring the configured database to the newest schema, or make it. Safe to repeat."""
    from ledger.config import Config
    from ledger.db import migrate

    migrate(Config().database_url)
    if json:
        print_json({"upgraded": True})
        return
    say("The database has the newest schema.")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file; nothing is ever written over.")],
    json: AsJson = False,
) -> None:
    """Write the configured database to one file while the service goes on, and read it again to be sure of it."""
    from ledger.config import Config
    from ledger.db.backup import back_up

    logs = back_up(Config().database_url, file)
    size = file.stat().st_size
    if json:
        lines = [
            {"log": each.name, "origin": each.origin, "entries": each.size, "root": each.tree.root().hex()}
            for each in logs
        ]
        print_json({"file": str(file), "bytes": size, "logs": lines})
        return
    say(f"{file}: {size} bytes, readable by you alone: it holds contents and names.", "bold")
    for each in logs:
        say(f"    log {each.name} ({each.origin}): {each.size} entries, root {each.tree.root().hex()}")
    say("Files, keys and settings are not in it (docs/backup.md).")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What 'crowdledger db backup' wrote.")],
    mirror: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[LOG=]URL|FOLDER",
            help="A mirror, which has what came after the backup; one of other logs than the main one is named.",
        ),
    ] = None,
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help="Without a mirror: what came after the backup may be lost."),
    ] = False,
    json: AsJson = False,
) -> None:
    """Load a backup into the configured database, which must be empty, and bring what it lacks from a mirror."""
    from ledger.cli.restoring import restore_database
    from ledger.config import Config

    with progress("restore") as show:
        done = restore_database(Config(), file, mirror or [], accept_loss=accept_loss, show=show)
    if json:
        print_json({"file": str(file), "logs": [each.members() for each in done]})
        return
    for each in done:
        for line in each.lines():
            say(line)
    say("Next: 'crowdledger audit --database', then start the service. Everybody was signed out.")
