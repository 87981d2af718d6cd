"""``crowdledger db prune``: what need not be kept any longer is erased now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ledger.cli.output import AsJson, print_json, say, waiting

if TYPE_CHECKING:
    from ledger.config import Config


def prune(
    log: Annotated[str | None, typer.Option(metavar="NAME", help="Only this log; all of them without it.")] = None,
    json: AsJson = False,
) -> None:
    """Erase now what need not be kept any longer (docs/retention.md). The service does the same every ten minutes."""
    import asyncio

    from ledger.config import Config

    config = Config()
    configs = [config.of_log(name) for name in ([log] if log is not None else config.log_names())]
    with waiting("Erasing what is too old ..."):
        erased = asyncio.run(_prune(config.database_url, configs))
    if json:
        print_json({"logs": [{"log": name, "erased": rows} for name, rows in erased.items()]})
        return
    for name, rows in erased.items():
        some = [f"{rule}: {count}" for rule, count in rows.items() if count]
        say(f"log {name}: {'; '.join(some) if some else 'nothing is too old'}")


async def _prune(url: str, configs: list[Config]) -> dict[str, dict[str, int]]:
    """Rows by log and rule. Raises DatabaseError."""
    import time

    from ledger.db import open_database
    from ledger.db.sweeping import believed_ms, sweep

    erased = {}
    async with open_database(url) as database:
        for config in configs:
            now_ms = time.time_ns() // 1_000_000
            if config.deployment_file is not None:
                now_ms = await believed_ms(database, config.log, now_ms)
            erased[config.log] = await sweep(database, config.log, config, now_ms)
    return erased
