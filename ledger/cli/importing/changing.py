"""What a platform decides anew: work rejected, then approved all the same; a bonus paid after the approval.

A connector names the earlier decisions that its decision may change. It is sent as the first of its work; where another
stands, it is sent again as superseding that. What the rules of the log allow is theirs to say: before a decision is
final it is superseded once, after that it is reopened once while the campaign takes contributions, and while an appeal
is open only the appeal's answer counts. What they refuse is a refused row with their words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import httpx
import msgspec

from ledger.connectors.preparing import Piece
from ledger.errors import CrowdLedgerError, FormatError, IdReusedError, RuleError


class _Statement(msgspec.Struct):
    id: str


class _Entry(msgspec.Struct):
    statement: _Statement


class _Entries(msgspec.Struct):
    items: list[_Entry]


def changed(
    pieces: Sequence[Piece],
    errors: Sequence[CrowdLedgerError | None],
    changes: Mapping[str, tuple[str, ...]],
    find: Callable[[str], str | None],
) -> dict[int, Piece]:
    """By their places the decisions that are to be sent again, with the id of what each supersedes.

    ``find`` gives the log's id of a decision of ours. One that is recorded already is met again here, too: it was
    recorded as superseding, so that without it the same id has another content.
    """
    again: dict[int, Piece] = {}
    for place, (piece, error) in enumerate(zip(pieces, errors, strict=True)):
        stands = isinstance(error, RuleError) and error.rule == "supersedes-standing"
        if not stands and not isinstance(error, IdReusedError):
            continue
        found = next(filter(None, map(find, changes.get(piece.id, ()))), None)
        if found is not None:
            again[place] = Piece(piece.id, msgspec.json.encode(msgspec.json.decode(piece.body) | {"supersedes": found}))
    return again


def known_id(reply: httpx.Response) -> str | None:
    """The decision's id in the list of entries that was asked for by the platform's own id."""
    try:
        entries = msgspec.json.decode(reply.content, type=_Entries).items
    except msgspec.MsgspecError as error:
        raise FormatError(f"The service's reply to /v1/entries is not what this client knows: {error}.") from error
    return entries[0].statement.id if entries else None
