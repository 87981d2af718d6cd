"""``crowdledger init``: what a new installation needs."""

from __future__ import annotations

import json as jsonlib
import secrets
from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.commands import Commands
from ledger.cli.files import write_new_file
from ledger.cli.output import AsJson, example, pairs, print_json, say


def register(app: Commands) -> None:
    """Add the command."""
    app.command(epilog=example("crowdledger init --origin example.org/crowd"))(init)


def init(
    origin: Annotated[str, typer.Option(help="The log's name for the world; it never changes.")],
    folder: Annotated[Path, typer.Option(help="Where the configuration, the keys and the database go.")] = Path(),
    database_url: Annotated[
        str | None, typer.Option(help="The database; by default an SQLite file in the folder.")
    ] = None,
    wallet_delay: Annotated[int, typer.Option(help="Seconds that a newly linked wallet waits.")] = 3 * 86_400,
    json: AsJson = False,
) -> None:
    """Set up a new service in a folder: configuration, log key, the operator's admin key, database."""
    from ledger.db import migrate
    from ledger.db.sealed import new_key
    from ledger.errors import ConfigError
    from ledger.tree.keys import LogSigner

    config = folder / "crowdledger.toml"
    if config.exists():
        raise ConfigError(f"'{config}' exists already.", remedy="Nothing was changed; this folder is set up.")
    check_origin(origin)
    signer = LogSigner.generate(origin)
    log_key, admin_key = folder / "secrets" / "log-key.pem", folder / "secrets" / "admin.key"
    write_new_file(log_key, signer.to_pem(), secret=True)
    write_new_file(admin_key, f"cl_{secrets.token_hex(8)}_{secrets.token_hex(32)}\n".encode(), secret=True)
    sealing_key = folder / "secrets" / "sealing.key"
    write_new_file(sealing_key, new_key(), secret=True)
    settings: dict[str, str | int] = {
        "origin": origin,
        "wallet_delay": wallet_delay,
        "log_key_file": str(log_key),
        "admin_key_file": str(admin_key),
        "secrets_key_file": str(sealing_key),
        "database_url": database_url or f"sqlite+aiosqlite:///{folder / 'crowdledger.db'}",
    }
    lines = [f"{name} = {jsonlib.dumps(value)}\n" for name, value in settings.items()]
    write_new_file(config, "".join(lines).encode())
    migrate(str(settings["database_url"]))
    if json:
        print_json({**settings, "config": str(config), "key": signer.verifier_key.vkey})
        return
    rows = (
        ("Configuration:", config),
        ("Log key:", f"{log_key} (back it up; whoever has it can speak as the log)"),
        ("Admin key:", f"{admin_key} (for POST /v1/platforms)"),
        ("Sealing key:", f"{sealing_key} (webhooks' secrets are stored under it; back it up apart from the database)"),
        ("Verifier key:", signer.verifier_key.vkey),
    )
    pairs(rows)
    say("\nNext: 'crowdledger platform add NAME' for the first API key, 'crowdledger serve', and to anchor and pay")
    say("set rpc_urls and the signers in the configuration and run 'crowdledger deploy'.")


def check_origin(origin: str) -> None:
    """Raise ConfigError unless a log may have this name."""
    import msgspec

    from ledger.errors import ConfigError
    from ledger.statements.log import Origin

    try:
        msgspec.convert(origin, Origin)
    except msgspec.ValidationError:
        raise ConfigError(
            f"'{origin}' is not a name for a log.", remedy="Write it like 'example.org/crowd', in lower case."
        ) from None
