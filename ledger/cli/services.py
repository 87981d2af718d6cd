"""Which service a command talks to, and the tokens it takes from files."""

from __future__ import annotations

from typing import Annotated

import typer

MAX_TOKEN_BYTES = 200
Url = Annotated[str | None, typer.Option(help="The service; by default the configured one.")]


def service_url(url: str | None) -> str:
    """The service at ``url``, or the configured one."""
    from ledger.config import Config

    if url is not None:
        return url
    config = Config()
    return config.public_url or f"http://{config.host}:{config.port}"
