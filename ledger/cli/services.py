"""Which service a command talks to, which of its logs it works on, and the tokens it takes from files."""

from __future__ import annotations

from typing import Annotated

import typer

MAX_TOKEN_BYTES = 200
Url = Annotated[str | None, typer.Option(help="The service; by default the configured one.")]
LogName = Annotated[str | None, typer.Option("--log", metavar="NAME", help="The log, if it is not the main one.")]


def service_url(url: str | None) -> str:
    """The service at ``url``, or the configured one's main log."""
    from ledger.config import Config

    return url if url is not None else Config().base_url
