"""``crowdledger db upgrade``: the database's schema."""

from __future__ import annotations

from ledger.cli.commands import Commands
from ledger.cli.output import AsJson, example, print_json, say


def register(app: Commands) -> None:
    """Add the commands."""
    commands = Commands(help="The database.", epilog=example("crowdledger db upgrade"))
    commands.command(epilog=example("crowdledger db upgrade"))(upgrade)
    # A group of one command would otherwise be folded into that command.
    commands.callback()(lambda: None)
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
