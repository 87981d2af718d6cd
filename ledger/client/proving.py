"""Receipts checked where they arrive, with the code that auditors use, against a key that the client trusts.

That the entry is anchored is not checked here: ``crowdledger verify`` does, once it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from ledger import wire
from ledger.errors import CrowdLedgerError, FormatError, ProofError, SignatureError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import Opening, verify_opening

if TYPE_CHECKING:
    from ledger.statements.kinds import AnyStatement
    from ledger.tree.keys import VerifierKey
    from ledger.tree.receipts import VerifiedReceipt

New = wire.Model | msgspec.Struct
_LIES = "Do not trust this reply. Keep it as evidence, and ask the operator; 'crowdledger audit' checks the whole log."
_KEY = "If the log's key was rotated, check its keys (/keys.json) and give the new one as 'verify'. Else: " + _LIES


class Receipts:
    """Checks receipts against one key; ``key`` is None until the first one that the service names is pinned."""

    def __init__(self, vkey: str | None) -> None:
        self.key: VerifierKey | None = None
        if vkey is not None:
            self.pin(vkey)

    @classmethod
    def of(cls, verify: str | bool) -> Receipts | None:
        """For a client's ``verify``: a verifier key (vkey), True for the first that the service names, False for none.

        Raises FormatError for a text that is no key.
        """
        return None if verify is False else cls(None if verify is True else verify)

    @property
    def vkey(self) -> str | None:
        """The key as a text."""
        return None if self.key is None else self.key.vkey

    def pin(self, vkey: str) -> None:
        """Trust this key, and no other one from now on. Raises FormatError where it is none."""
        from ledger.tree.keys import VerifierKey  # brings cryptography, which a client that checks nothing spares

        self.key = VerifierKey.parse(vkey)

    def check(self, written: wire.Written, new: New | None, first: bool) -> None:
        """That the log promised to hold what was written: raises ProofError, naming what is wrong.

        The receipt is of the entry that the reply names; its statement names the reply's id; the opening matches the
        statement, and holds what was sent where that is known. An opening may be missing (it was erased meanwhile)
        only from what was written before, which is not the ``first`` time.
        """
        verified = self.check_file(written.receipt_file())
        if verified.index != written.index:
            raise _lie(f"The receipt is of entry {verified.index}, the reply names entry {written.index}.", "index")
        said = _parse(verified.statement)
        kind = said.__struct_config__.tag
        is_revoked = kind == _KEYS and not isinstance(written, wire.KeyWritten)
        if kind not in _OF_NO_ID and _names(said, verified.statement, written.id) == is_revoked:
            words = "still names" if is_revoked else "does not name"
            raise _lie(f"The statement in the receipt {words} '{written.id}'.", "id")
        if new is not None and getattr(new, "external_id", None) is None:
            first = True  # without an id of the sender's nothing can have been written before
        opening = None
        if (data := written.opening_file()) is not None:
            try:
                opening = Opening.parse(data)
            except FormatError as error:
                raise _lie(f"The reply's opening is none: {error.detail}", "opening") from None
            if kind != _REVEALED and opening.commitment.encode() not in verified.statement:
                raise _lie("The opening does not match a commitment in the statement.", "opening")
        _check_sent(said, opening, new)
        if opening is None and first and _sent(new) is not msgspec.UNSET:
            raise _lie("The reply has no opening, without which nobody can show what was sent.", "opening")
        if (also := getattr(written, "decision_receipt", None)) is not None:
            self.check_file(canonical.encode(also))

    def check_all(self, results: Iterable[tuple[wire.Written | CrowdLedgerError, New, bool]]) -> None:
        """The same for the outcomes of a batch, passing over what was refused."""
        for written, new, first in results:
            if isinstance(written, wire.Written):
                self.check(written, new, first)

    def check_receipt(self, data: bytes, of: str | int | None) -> None:
        """The same for the file of a receipt, which is ``of`` the entry with this index, or with this id."""
        verified = self.check_file(data)
        if isinstance(of, int) and verified.index != of:
            raise _lie(f"The receipt is of entry {verified.index}, not of entry {of}.", "index")
        if isinstance(of, str) and not _names(_parse(verified.statement), verified.statement, of):
            raise _lie(f"The statement in the receipt does not name '{of}'.", "id")

    def check_file(self, data: bytes) -> VerifiedReceipt:
        """What the file of a receipt proves under the trusted key. Raises ProofError."""
        from ledger.tree.receipts import Receipt, verify_log_part

        try:
            return verify_log_part(Receipt.parse(data), self.key)
        except (FormatError, SignatureError, ProofError) as error:
            check = str(error.members.get("check", "format"))
            detail = f"A receipt of the service does not verify. {error.detail}"
            raise ProofError(detail, remedy=_KEY if check == "key" else _LIES, check=check) from None


def _lie(detail: str, check: str) -> ProofError:
    return ProofError(detail, remedy=_LIES, check=check)


def _parse(statement: bytes) -> AnyStatement:
    from ledger.statements import kinds

    try:
        return kinds.parse(statement)
    except FormatError as error:
        raise _lie(f"The statement in the receipt is none: {error.detail}", "statement") from None


def _names(said: AnyStatement, statement: bytes, id_: str) -> bool:
    """Whether a statement is about this id: its own one where it has one."""
    own = getattr(said, "id", None)
    return f'"{id_}"'.encode() in statement if own is None else own == id_


def _check_sent(said: AnyStatement, opening: Opening | None, new: New | None) -> None:
    """That the statement says what was sent, where this is a contribution, a decision, a task or a wallet."""
    kind, names = _MEMBERS.get(type(new), (None, ()))
    if kind is None:
        return
    if said.__struct_config__.tag != kind:
        raise _lie("The statement in the receipt has another kind than what was sent.", "statement")
    for name in names:
        sent = getattr(new, name)
        if sent is not None and getattr(said, name) != sent:  # what was left out may be anything
            raise _lie(f"The statement in the receipt has another {name} than was sent.", "statement")
    sent = _sent(new)
    if opening is not None and sent is not msgspec.UNSET:
        commitment = getattr(said, "feedback" if isinstance(new, wire.NewDecision) else "commitment") or ""
        content = verify_opening(opening, commitment)
        if canonical.encode(content) != canonical.encode(_plain(sent)):
            raise _lie("The log commits to another content than was sent.", "content")


_REVEALED: Final = "contribution.revealed"
"""Its opening matches the statement of before."""
_KEYS: Final = "key.rotated"
"""It names the platform's keys: a new one, and no longer one that was revoked."""
_OF_NO_ID: Final = ("wallet.linked", "wallet.objected")
_MEMBERS: Final[dict[type, tuple[str, tuple[str, ...]]]] = {
    wire.NewContribution: ("contribution.submitted", ("campaign", "commitment", "task", "terms", "replaces")),
    wire.NewDecision: ("decision.made", ("verdict", "contribution", "score", "supersedes", "appeal", "bonus")),
    wire.NewTask: ("task.added", ()),
    wire.NewWallet: ("wallet.linked", ("message",)),
}


def _sent(new: New | None) -> object:
    """What was sent to be committed to and is told again; UNSET where there is no such thing."""
    if isinstance(new, wire.NewDecision) and new.feedback is not None:
        return new.feedback
    return new.content if isinstance(new, wire.NewContribution | wire.NewTask) else msgspec.UNSET


def _plain(value: object) -> JsonValue:
    """The JSON value that was sent."""
    plain: JsonValue = msgspec.json.decode(msgspec.json.encode(value))
    return plain
