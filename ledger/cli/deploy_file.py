"""``deploy.toml``: what ``crowdledger deploy`` is to put on a chain, as a file to review before money is in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ledger.cli.addresses import parse_address
from ledger.cli.files import read_file
from ledger.errors import ConfigError
from ledger.statements.log import Origin
from ledger.statements.values import Amount, ChainHash, Count, Seconds, amount

MAX_BYTES = 64 * 1024
_GWEI = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,9}))?")
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Confirmations = Annotated[int, msgspec.Meta(ge=1, le=10_000)] | Literal["finalized"]

TEMPLATE = """\
# What 'crowdledger deploy --config deploy.toml' puts on a chain. Options of the command override this file.
chain_id = 11155111
# rpc_urls = ["https://rpc.example.org"]   # else those of crowdledger.toml
settlement_delay = 172800                  # seconds in which a settlement can be vetoed; 86400 at least
admin = "0x..."                            # appoints the others, after a delay; best a multisig
reporter = "0x..."                         # proposes settlements
guardian = "0x..."                         # vetoes them: never the reporter, and not on the reporter's machine
token = "0x..."                            # the ERC-20 to pay in; or leave it out and make one below
max_fee_gwei = "40"                        # refuse to pay more for gas
confirmations = "finalized"                # or how many blocks deep all must lie before it counts
# origin = "example.org/crowd"             # else of crowdledger.toml; with vkey the log's key is not needed here
# vkey = "example.org/crowd+..."

# [reward_token]                           # a token whose only supply are claims, instead of 'token'
# name = "Bird Coin"
# symbol = "BIRD"
# cap = "1000000000000000000000000"        # base units (10**-18) that can ever be minted; below 2**120

# [log]                                    # a log that is on this chain already, for a second pool
# contribution_log = "0x..."
# log_id = "0x..."                         # only if another account opened it
# block = 123                              # not before this block; saves a long search
"""


class RewardTokenTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """``[reward_token]``."""

    name: _Text
    symbol: _Text
    cap: Amount


class LogTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """``[log]``."""

    contribution_log: str | None = None
    log_id: ChainHash | None = None
    block: Count = 0


class DeployFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The members of ``deploy.toml``; an option of the command takes the place of its member."""

    chain_id: Count | None = None
    rpc_urls: tuple[str, ...] = ()
    settlement_delay: Seconds | None = None
    admin: str | None = None
    reporter: str | None = None
    guardian: str | None = None
    token: str | None = None
    reward_token: RewardTokenTable | None = None
    log: LogTable = LogTable()
    max_fee_gwei: str | None = None
    confirmations: Confirmations | None = None
    origin: Origin | None = None
    vkey: _Text | None = None


def read_deploy_file(path: Path) -> DeployFile:
    """The file at ``path``. Raises ConfigError that names what is wrong."""
    remedy = "Correct it; 'crowdledger deploy --template' prints one with every member."
    try:
        members = tomllib.loads(read_file(path, MAX_BYTES).decode())
        found = msgspec.convert(members, DeployFile)
    except (ValueError, msgspec.ValidationError, RecursionError) as error:
        raise ConfigError(f"'{path}' is no deployment's configuration: {error}.", remedy=remedy) from None
    for named in (found.admin, found.reporter, found.guardian, found.token, found.log.contribution_log):
        if named is not None:
            parse_address(named)
    if found.reward_token is not None:
        amount(found.reward_token.cap)
    return found


def parse_gwei(text: str) -> int:
    """A price of gas in wei, of a decimal number of gwei such as ``40`` or ``0.05``. Raises ConfigError."""
    found = _GWEI.fullmatch(text)
    if found is None:
        raise ConfigError(f"'{text}' is not a price in gwei.", remedy="Write it like 40 or 0.05.")
    return int(found[1]) * 10**9 + int((found[2] or "").ljust(9, "0"))


def parse_confirmations(text: str) -> Confirmations:
    """A number of blocks, or ``finalized``. Raises ConfigError."""
    try:
        depth: Confirmations = msgspec.convert(text, Confirmations, strict=False)
    except msgspec.ValidationError:
        raise ConfigError(
            f"'{text}' is not a number of confirmations.", remedy="Give 1 to 10000 blocks, or 'finalized'."
        ) from None
    return depth
