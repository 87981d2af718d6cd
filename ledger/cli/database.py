"""``crowdledger db``: the database's schema, its backups, how a lost one comes back, and what is not kept in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import AsJson, example, print_json, progress, say

if TYPE_CHECKING:
    from ledger.db.schemas import Standing
from ledger.cli.pruning import prune


def register(app: Commands) -> None:
    """Add the commands."""
    commands = Commands(help="The database.", epilog=example("crowdledger db backup /backups/crowd.backup"))
    commands.command(epilog=example("crowdledger db status"))(status)
    commands.command(epilog=example("crowdledger db upgrade"))(upgrade)
    commands.command(epilog=example("crowdledger db downgrade --to 0012"))(downgrade)
    commands.command(epilog=example("crowdledger db backup /backups/crowd.backup"))(backup)
    examples = example(
        "crowdledger db restore /backups/crowd.backup --mirror ./mirror",
        "crowdledger db restore /backups/crowd.backup --accept-loss",
    )
    commands.command(epilog=examples)(restore)
    commands.command(epilog=example("crowdledger db prune"))(prune)
    app.add_typer(commands, name="db")


def status(json: AsJson = False) -> None:
    """Say which schema the configured database has, and whether an upgrade may be made beside running processes."""
    from ledger.config import Config
    from ledger.db.migrate import look

    found = look(Config().database_url)
    if json:
        print_json(_members(found) | {"goes_on": found.goes_on})
        return
    say(f"The database has schema {found.schema or 'none'}, this version {found.own}.")
    if found.schema is not None and found.schema < found.own:
        if found.goes_on:
            say("'crowdledger db upgrade' may be run beside processes of the database's schema, which may go on.")
        else:
            say(
                "Stop every process before 'crowdledger db upgrade': what runs now cannot run on the new schema.",
                "bold",
            )
    elif found.runs:
        say(f"Versions from schema {found.oldest} on may run on it.")
    else:
        say(f"This version may not run on it; versions from schema {found.oldest} on may.", "bold")


def upgrade(json: AsJson = False) -> None:
    """Bring the configured database to the newest schema, or make it. Safe to repeat, and beside running processes."""
    from ledger.config import Config
    from ledger.db import migrate

    done = migrate(Config().database_url)
    if json:
        print_json({"upgraded": done.before != done.now.schema, "before": done.before} | _members(done.now))
        return
    now = done.now
    if done.before != now.schema:
        say(f"The database has schema {now.schema} now, before {done.before or 'none'}.")
    elif now.schema == now.own:
        say(f"The database has the newest schema, {now.schema}.")
    else:
        say(f"The database has schema {now.schema}, newer than this version's, {now.own}, which may run on it.")
    if now.oldest != now.schema:
        say(f"Versions from schema {now.oldest} on may run on it.")


def downgrade(
    to: Annotated[str, typer.Option("--to", metavar="SCHEMA", help="The older schema, such as 0012.")],
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help="What the older schema has no place for may be lost."),
    ] = False,
    json: AsJson = False,
) -> None:
    """Bring the configured database back to an older schema, unless something would be lost."""
    from ledger.config import Config
    from ledger.db.downgrade import downgrade as go_back

    done = go_back(Config().database_url, to, accept_loss=accept_loss)
    if json:
        print_json({"downgraded": done.before != to, "before": done.before} | _members(done.now))
        return
    say(f"The database has schema {to} now, before {done.before}.")


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


def _members(standing: Standing) -> dict[str, str | bool | None]:
    return {
        "schema": standing.schema,
        "oldest": standing.oldest,
        "own_schema": standing.own,
        "runs": standing.runs,
    }
