"""The accounts that an operator publishes of a settlement: what its tree holds, by the operator's own word.

Nobody needs them to check an honest log, whose trees follow from its entries. Where a root does not follow, they say
whom it would pay. ``settlements/{chain}/{pool}/{number}.json`` below the log's prefix holds
``{"v":1,"accounts":[[account, cumulative base units], ...]}``; what does not lead to the root is no evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from ledger.audit.source import Source
from ledger.book.reward_tree import RewardTree
from ledger.errors import FormatError, NotFoundError, ProofError, UnavailableError
from ledger.statements.values import Address, Amount

SETTLEMENTS: Final = "settlements"
MAX_ACCOUNTS: Final = 1_000_000
MAX_BYTES: Final = 128 * MAX_ACCOUNTS

Shown = Callable[[int, str, int, str], Mapping[str, int] | None]
"""Chain id, pool, number and root of a settlement -> its accounts, None where nothing shows them."""


class _Accounts(msgspec.Struct, forbid_unknown_fields=True):
    v: Literal[1]
    accounts: Annotated[list[tuple[Address, Amount]], Meta(max_length=MAX_ACCOUNTS)]


def path_of(chain_id: int, pool: str, number: int) -> str:
    """Where the accounts of a settlement are, below the log's prefix."""
    return f"{SETTLEMENTS}/{chain_id}/{pool}/{number}.json"


def parse_accounts(data: bytes) -> dict[str, int]:
    """The accounts of a file. Raises FormatError for anything else, and where one is there twice."""
    try:
        read = msgspec.json.decode(data, type=_Accounts)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"These are no accounts of a settlement: {error}.") from error
    accounts = {account: int(units) for account, units in read.accounts}
    if len(accounts) != len(read.accounts):
        raise FormatError("An account stands twice in the accounts of a settlement.")
    return accounts


def nothing_shown(chain_id: int, pool: str, number: int, root: str) -> None:
    """No source shows any accounts."""


def shown_by(source: Source) -> Shown:
    """What a service or a mirror shows. It counts only if it leads to the root."""

    def shown(chain_id: int, pool: str, number: int, root: str) -> Mapping[str, int] | None:
        try:
            accounts = parse_accounts(source.fetch(path_of(chain_id, pool, number), MAX_BYTES))
            return accounts if RewardTree(accounts.items()).root == root else None
        except (NotFoundError, UnavailableError, FormatError, ProofError):
            return None  # who is to be found out must not be able to stop the audit by not answering

    return shown
