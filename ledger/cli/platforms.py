"""``crowdledger platform``: who may write, with which keys. It works on the database; the service may run or not."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import AsJson, example, print_json, say
from ledger.cli.services import LogName

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.log.items import ApiKey, Item, Written

SCOPES = ("submit", "review", "settle", "admin")


def register(app: Commands) -> None:
    """Add the commands."""
    commands = Commands(help="Platforms and their API keys.", epilog=example("crowdledger platform list"))
    commands.command(epilog=example('crowdledger platform add "Bird watchers"'))(add)
    commands.command("list", epilog=example("crowdledger platform list --json"))(list_platforms)
    commands.command(epilog=example("crowdledger platform key 0198... --scope submit --scope review"))(key)
    app.add_typer(commands, name="platform")


def add(
    name: Annotated[str, typer.Argument(help="The platform's public name.")],
    log: LogName = None,
    json: AsJson = False,
) -> None:
    """Register a platform and print its first API key, which has every scope. It is shown this once."""
    import asyncio

    from ledger.config import Config
    from ledger.log.items import RegisterPlatform
    from ledger.statements.values import uuid7

    platform = uuid7(time.time_ns() // 1_000_000, os.urandom(10))
    text, made = _make_key(list(SCOPES))
    written = asyncio.run(_write(Config().of_log(log), RegisterPlatform(id=platform, name=name, key=made)))
    _show({"id": platform, "key": text, "index": written.index}, json)


def key(
    platform: Annotated[str, typer.Argument(metavar="ID", help="The platform's id.")],
    scope: Annotated[list[str] | None, typer.Option(help="submit, review, settle or admin; by default all.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it ends, such as 2027-01-31T00:00:00Z; by default never.")
    ] = None,
    log: LogName = None,
    json: AsJson = False,
) -> None:
    """Add an API key to a platform and print it. It is shown this once."""
    import asyncio

    from ledger.config import Config
    from ledger.errors import ConfigError
    from ledger.log.items import AddKey

    unknown = set(scope or ()) - set(SCOPES)
    if unknown:
        raise ConfigError(f"There is no scope '{min(unknown)}'.", remedy=f"The scopes are {', '.join(SCOPES)}.")
    text, made = _make_key([each for each in SCOPES if each in (scope or SCOPES)], _end(expires))
    written = asyncio.run(_write(Config().of_log(log), AddKey(platform=platform, key=made)))
    _show({"id": platform, "key": text, "index": written.index}, json)


def list_platforms(log: LogName = None, json: AsJson = False) -> None:
    """List the platforms with the public ids of their keys."""
    import asyncio

    from ledger.config import Config

    found = asyncio.run(_read(Config().of_log(log)))
    if json:
        print_json({"items": found})
        return
    for each in found:
        say(f"{each['id']}  {each['name']}", "bold")
        for item in each["keys"]:
            until = f"  until {item['expires']}" if item["expires"] else ""
            say(f"    key {item['id']}  {' '.join(item['scopes'])}{until}{'  revoked' if item['revoked'] else ''}")


def _end(expires: str | None) -> int | None:
    """When a key ends, in milliseconds since 1970. Raises ConfigError."""
    from ledger.connectors.reading.dates import moment
    from ledger.errors import ConfigError, FormatError
    from ledger.statements.values import time_ms

    try:
        return None if expires is None else time_ms(moment(expires))
    except FormatError as error:
        raise ConfigError(f"--expires: {error.detail}", remedy="Write it as 2027-01-31T00:00:00Z.") from None


def _make_key(scopes: list[Any], expires_ms: int | None = None) -> tuple[str, ApiKey]:
    """A new key: its text, to be shown once, and what is stored of it (FORMATS, HTTP)."""
    from ledger.log.items import ApiKey

    key_id = secrets.token_hex(8)
    text = f"cl_{key_id}_{secrets.token_hex(32)}"
    return text, ApiKey(
        id=key_id, scopes=tuple(scopes), digest=hashlib.sha256(text.encode()).digest(), expires_ms=expires_ms
    )


async def _write(config: Config, item: Item) -> Written:
    from ledger.cli.direct import open_configured

    async with open_configured(config) as log:
        return await log.writer.write(item)


async def _read(config: Config) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from ledger.db import open_database
    from ledger.db.tables import api_keys, platforms
    from ledger.statements.values import format_time

    async with open_database(config.database_url) as database, database.engine.connect() as connection:
        rows = await connection.execute(
            select(platforms).where(platforms.c.log == config.log).order_by(platforms.c.entry_index)
        )
        found = {row.id: {"id": row.id, "name": row.name, "keys": []} for row in rows}
        for row in await connection.execute(select(api_keys).where(api_keys.c.log == config.log)):
            keys: list[dict[str, Any]] = found[row.platform]["keys"]
            ends = None if row.expires_ms is None else format_time(row.expires_ms)
            said = {"id": row.id, "scopes": row.scopes.split(), "revoked": row.revoked is not None, "expires": ends}
            keys.append(said)
    return list(found.values())


def _show(members: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(members)
        return
    say(f"Platform {members['id']}, entry {members['index']}.")
    say(f"API key, shown this once: {members['key']}")
