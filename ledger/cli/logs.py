"""``crowdledger log``: the logs of the service. ``docs/logs.md`` says when a log of its own is worth it."""

from __future__ import annotations

import json as jsonlib
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger.cli.commands import Commands
from ledger.cli.files import write_new_file
from ledger.cli.output import AsJson, example, pairs, print_json, say
from ledger.cli.setup import check_origin

if TYPE_CHECKING:
    from ledger.config import Config


def register(app: Commands) -> None:
    """Add the commands."""
    commands = Commands(help="The logs of the service.", epilog=example("crowdledger log list"))
    commands.command(epilog=example("crowdledger log add survey --origin example.org/logs/survey"))(add)
    commands.command("list", epilog=example("crowdledger log list --json"))(list_logs)
    app.add_typer(commands, name="log")


def add(
    name: Annotated[str, typer.Argument(help="The log's name in paths: small letters, digits and '-'.")],
    origin: Annotated[str, typer.Option(help="The log's name for the world; it never changes.")],
    wallet_delay: Annotated[
        int | None, typer.Option(help="Seconds that a newly linked wallet waits; by default as in the main log.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Add a log to the service: a key of its own, and a table in the configuration. It opens at the next start."""
    from ledger.config import Config
    from ledger.tree.keys import LogSigner

    config = Config()
    path = _file_in_force()
    if name in config.log_names():
        raise _exists(name)
    check_origin(origin)
    key = (config.log_key_file or path).parent / f"{name}-log-key.pem"
    table: dict[str, str | int] = {"origin": origin, "log_key_file": str(key)}
    if wallet_delay is not None:
        table["wallet_delay"] = wallet_delay
    signer = LogSigner.generate(origin)
    write_new_file(key, signer.to_pem(), secret=True)
    try:
        added = Config(logs={**config.logs, name: table}).of_log(name)
        _append(path, name, table)
    except BaseException:
        key.unlink()
        raise
    if json:
        print_json({"log": name, "url": added.base_url, "key": signer.verifier_key.vkey, **table})
        return
    rows = (
        ("Log:", f"{name}, at {added.base_url} after the next start of the service"),
        ("Log key:", f"{key} (back it up; whoever has it can speak as the log)"),
        ("Verifier key:", signer.verifier_key.vkey),
    )
    pairs(rows)
    say(f"\nNext: 'crowdledger platform add NAME --log {name}', restart 'crowdledger serve', and to anchor and pay")
    say(f"'crowdledger deploy --log {name}'. The log's settings stand under [logs.{name}] in {path}.")


def list_logs(json: AsJson = False) -> None:
    """List the logs with their origins, keys, addresses and sizes."""
    import asyncio

    from ledger.config import Config

    config = Config()
    sizes = asyncio.run(_sizes(config))
    items = [_line(config.of_log(name), sizes.pop(name, None)) for name in config.log_names()]
    if json:
        print_json({"items": items, "not_configured": sorted(sizes)})
        return
    for each in items:
        size = "not opened yet" if each["size"] is None else f"{each['size']} entries"
        say(f"{each['log']}  {each['origin']}  {size}", "bold")
        for value in (each["url"], each["key"], each["deployment_file"] or "no deployment: not anchored"):
            say(f"    {value}")
    for name in sorted(sizes):
        say(f"{name}  in the database, but not configured: nobody serves it")


def _line(config: Config, size: int | None) -> dict[str, Any]:
    return {
        "log": config.log,
        "origin": config.origin,
        "key": config.log_signer().verifier_key.vkey,
        "url": config.base_url,
        "size": size,
        "deployment_file": None if config.deployment_file is None else str(config.deployment_file),
    }


async def _sizes(config: Config) -> dict[str, int]:
    """The sizes of all logs in the database."""
    from sqlalchemy import select

    from ledger.db import open_database
    from ledger.db.tables import logs

    async with open_database(config.database_url) as database, database.engine.connect() as connection:
        rows = await connection.execute(select(logs.c.name, logs.c.size))
        return {row.name: row.size for row in rows}


def _file_in_force() -> Path:
    from ledger.config import config_file
    from ledger.errors import ConfigError

    found = config_file()
    if found is None:
        raise ConfigError(
            "There is no crowdledger.toml here, and further logs stand in that file.",
            remedy="Run 'crowdledger init' first, or set CROWDLEDGER_CONFIG.",
        )
    return found.resolve()


def _exists(name: str) -> Exception:
    from ledger.errors import ConfigError

    return ConfigError(f"There is a log '{name}' already.", remedy="Nothing was changed; choose another name.")


def _append(path: Path, name: str, table: dict[str, str | int]) -> None:
    """Write the table to the end of the file, at once or not at all. Raises ConfigError where it does not fit in."""
    import tomllib

    from ledger.chain.deployments import write_file
    from ledger.errors import ConfigError

    old = path.read_text()
    lines = [f"{setting} = {jsonlib.dumps(value)}\n" for setting, value in table.items()]
    why = f"From here on it is about the log '{name}'; what is for the whole service stands above all tables."
    head = f"\n# {why}\n[logs.{name}]\n"
    text = old + ("" if old.endswith("\n") or not old else "\n") + head + "".join(lines)
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"A table [logs.{name}] cannot be added to {path}: {error}.", remedy="Write each log as a table of its own."
        ) from None
    write_file(path, text, stat.S_IMODE(path.stat().st_mode))
