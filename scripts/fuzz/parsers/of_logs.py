"""What a log publishes and what people keep of it: notes, tiles, proofs, receipts, certificates, statements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from ledger.audit.certificates import check_certificate
from ledger.audit.log_keys import parse_keys
from ledger.audit.published import parse_accounts
from ledger.audit.receipts import check_receipt
from ledger.errors import CrowdLedgerError, FormatError
from ledger.statements import canonical, kinds
from ledger.statements.commitments import Opening, Place, commit
from ledger.tree import tiles
from ledger.tree.checkpoints import Checkpoint, UnverifiedNote, open_checkpoint
from ledger.tree.keys import VerifierKey
from ledger.tree.proofs import TlogProof
from ledger.tree.receipts import Receipt, verify_log_part
from ledger.tree.tiles import Tile
from scripts.fuzz.parsers import seeds
from scripts.fuzz.parsers.target import Target

_KEY: Final = seeds.SIGNER.verifier_key


def _same(again: bytes, data: bytes) -> None:
    """Strict formats have one spelling: what is read is written again byte for byte."""
    if again != data:
        raise AssertionError("it is read, but written otherwise")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FormatError("It is no text.") from None


def _note(data: bytes) -> None:
    UnverifiedNote.parse(data)


def _checkpoint(data: bytes) -> None:
    _same(Checkpoint.parse(_text(data)).text().encode(), data)


def _signed_checkpoint(data: bytes) -> None:
    """Whatever verifies says what was signed."""
    if open_checkpoint(data, [_KEY]).text() not in {note.partition("\n\n")[0] + "\n" for note in _notes()}:
        raise AssertionError("an unsigned checkpoint verifies")


def _notes() -> Sequence[str]:
    return [seeds.note(size) for size in (1, 4, 7)]


def _receipt(data: bytes) -> None:
    receipt = Receipt.parse(data)
    _same(receipt.encode(), data)
    verified = verify_log_part(receipt, _KEY)
    if verified.statement != seeds.entries()[verified.index]:
        raise AssertionError("a receipt verifies of what is not in the log")


def _checked_receipt(data: bytes) -> None:
    """The command's own checks never raise; what they let pass is the log's."""
    result = check_receipt(data, opening=data, trusted_key=_KEY)
    if result.verdict == "pass":
        raise AssertionError("a receipt passes as its own opening")


def _certificate(data: bytes) -> None:
    found = check_certificate(data, _KEY)
    if found.verdict == "pass" and dict(found.figures)["decided"] != 1:
        raise AssertionError("a certificate verifies with work that is not in the log")


def _statement(data: bytes) -> None:
    """Both readers agree, and what is read is written again."""
    try:
        slow = kinds.parse_slowly(data)
    except CrowdLedgerError:
        slow = None
    try:
        quick = kinds.parse(data)
    except CrowdLedgerError:
        quick = None
    if quick != slow:
        raise AssertionError("the two readers of statements disagree")
    if slow is None:
        raise FormatError("It is no statement.")
    _same(kinds.encode(slow), data)


def _canonical(data: bytes) -> None:
    _same(canonical.encode(canonical.decode(data)), data)


def _opening(data: bytes) -> None:
    opening = Opening.parse(data)
    _same(opening.encode(), data)
    opening.content()


def _openings() -> list[bytes]:
    place = Place(purpose="contribution", log=seeds.ORIGIN, campaign="c", contributor="p")
    contents: tuple[canonical.JsonValue, ...] = ("yes", {"a": [1, None, "é"]})
    return [commit(place, content, bytes(32)).encode() for content in contents]


def _jsons() -> list[bytes]:
    return [canonical.encode(json.loads(each)) for each in (*seeds.statements().values(), b'[1,-1,0.5,"\\u00e9",{}]')]


def _receipts() -> list[bytes]:
    return [seeds.receipt(0).encode(), seeds.receipt(2).encode(), seeds.receipt(3, anchored=True).encode()]


TARGETS: Final = (
    Target("note", ("UnverifiedNote.parse",), _note, lambda: [each.encode() for each in _notes()]),
    Target(
        "checkpoint",
        ("Checkpoint.parse",),
        _checkpoint,
        lambda: [each.partition("\n\n")[0].encode() + b"\n" for each in _notes()],
    ),
    Target(
        "signed checkpoint",
        ("open_checkpoint",),
        _signed_checkpoint,
        lambda: [each.encode() for each in _notes()],
    ),
    Target(
        "verifier key",
        ("VerifierKey.parse",),
        lambda data: _same(VerifierKey.parse(_text(data)).vkey.encode(), data),
        lambda: [_KEY.vkey.encode()],
    ),
    Target("keys.json", ("parse_keys",), parse_keys, lambda: [seeds.keys_file()]),
    Target(
        "tile path",
        ("Tile.parse",),
        lambda data: _same(Tile.parse(_text(data)).path.encode(), data),
        lambda: [b"tile/entries/x001/x234/067.p/112", b"tile/0/000", b"tile/2/x001/067.p/1"],
    ),
    Target(
        "tile",
        ("decode_tile",),
        lambda data: _same(tiles.encode_tile(tiles.decode_tile(data)), data),
        lambda: [b"".join(seeds.leaves())],
    ),
    Target(
        "entry bundle",
        ("decode_entries",),
        lambda data: _same(tiles.encode_entries(tiles.decode_entries(data)), data),
        lambda: [tiles.encode_entries(list(seeds.entries())), tiles.encode_entries([b"", b"a"])],
    ),
    Target(
        "tlog-proof",
        ("TlogProof.parse",),
        lambda data: _same(TlogProof.parse(data).format().encode(), data),
        lambda: [seeds.receipt(index).proof.format().encode() for index in range(4)],
    ),
    Target("receipt", ("Receipt.parse", "verify_log_part"), _receipt, _receipts),
    Target("receipt, as it is verified", ("check_receipt",), _checked_receipt, _receipts),
    Target("certificate", ("check_certificate",), _certificate, lambda: [seeds.certificate_file()]),
    Target("statement", ("kinds.parse", "kinds.parse_slowly"), _statement, lambda: list(seeds.statements().values())),
    Target("canonical JSON", ("canonical.decode",), _canonical, _jsons),
    Target("opening", ("Opening.parse",), _opening, _openings),
    Target(
        "published accounts",
        ("parse_accounts",),
        parse_accounts,
        lambda: [b'{"v":1,"accounts":[["0x' + b"ab" * 20 + b'","12"],["0x' + b"cd" * 20 + b'","7"]]}'],
    ),
)
