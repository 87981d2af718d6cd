"""Certificates: a contributor's decided work in one campaign, proved by receipts, checked offline.

    {"v":1,"certificate":"crowdledger","log","contributor","campaign":RECEIPT,"figures":{...},
     "work":[{"contribution":RECEIPT,"decision":RECEIPT}],"name"}

Canonical JSON. ``figures`` follow from ``work`` by ``ledger.book.reputation`` and are computed again here; ``name`` is
what the contributor wants to be called, and proved by nothing. What a certificate cannot show is what it leaves out and
what came later: work that is not listed, and a decision that supersedes one of its own, stand in the log only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from ledger.book.reputation import Judged
from ledger.errors import CrowdLedgerError, FormatError, ProofError
from ledger.statements import canonical, kinds
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.canonical import JsonValue
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.tree.key_chain import KeyChain
from ledger.tree.keys import VerifierKey
from ledger.tree.receipts import Receipt, verify_anchor_offline, verify_log_part
from ledger.wire.reputation import figures

MAX_CERTIFICATE_BYTES = 64 * 1024 * 1024
MAX_WORK = 5000
_BEGIN = b'{"campaign":{'
_MEMBERS = {"v", "certificate", "log", "contributor", "campaign", "figures", "work"}


@dataclass(slots=True)
class CertificateCheck:
    """What is known of a certificate after its checks; ``failure`` says what is wrong with it."""

    failure: str | None = None
    origin: str | None = None
    key: str | None = None
    trusted: bool = False
    contributor: str | None = None
    campaign: str | None = None
    name: str | None = None
    anchored: bool = False
    """Every receipt in it leads to an anchor (whether a chain holds that is not asked here)."""
    figures: dict[str, int | str | None] = field(default_factory=dict)

    @property
    def verdict(self) -> Literal["pass", "fail"]:
        """``pass`` if nothing failed."""
        return "pass" if self.failure is None else "fail"

    def members(self) -> dict[str, JsonValue]:
        """The JSON members; what is not known is absent."""
        members: dict[str, JsonValue] = {"v": 1, "verdict": self.verdict, "trusted": self.trusted}
        optional: dict[str, JsonValue] = {
            "failure": self.failure,
            "origin": self.origin,
            "key": self.key,
            "contributor": self.contributor,
            "campaign": self.campaign,
            "name": self.name,
            "figures": {**self.figures} or None,
            "anchored": self.anchored,
        }
        return members | {name: value for name, value in optional.items() if value is not None}


def is_certificate(data: bytes) -> bool:
    """Whether the bytes begin as a certificate does, and no receipt can."""
    return data.startswith(_BEGIN)


def check_certificate(
    data: bytes, trusted_key: VerifierKey | None = None, keys: KeyChain | None = None
) -> CertificateCheck:
    """Check a certificate file without a network: every receipt in it, that they belong together, and the figures.

    ``keys`` are those of a log whose key was rotated: its receipts may then be signed by several.
    """
    result = CertificateCheck()
    try:
        _check(result, data, trusted_key, keys)
    except CrowdLedgerError as error:
        result.failure = error.detail
    return result


def _check(result: CertificateCheck, data: bytes, trusted_key: VerifierKey | None, keys: KeyChain | None) -> None:
    document = canonical.decode(data)
    if not isinstance(document, dict) or document.keys() - {"name"} != _MEMBERS:
        raise FormatError("This is not a certificate: its members are not those of one.")
    work, name = document["work"], document.get("name")
    if (document["v"], document["certificate"]) != (1, "crowdledger") or document["v"] is True:
        raise FormatError("This is not a certificate of version 1.")
    if not isinstance(work, list) or not 0 < len(work) <= MAX_WORK or not isinstance(name, str | None):
        raise FormatError(f"A certificate lists 1 to {MAX_WORK} pieces of work, and its name is a text.")
    receipts = _Receipts(trusted_key, keys)
    _, opened = receipts.read(document["campaign"])
    if not isinstance(opened, CampaignOpened):
        raise ProofError("The certificate's campaign is not proved: that receipt is of something else.")
    judged = [_piece(receipts, each, opened.id, document["contributor"]) for each in work]
    if len({each.contribution for each in judged}) != len(judged):
        raise ProofError("A contribution is listed twice.")
    if receipts.origin != document["log"]:
        raise ProofError(f"The receipts are of the log '{receipts.origin}', the certificate names another one.")
    found = figures(judged)
    if canonical.encode(document["figures"]) != canonical.encode(found):
        raise ProofError("The certificate's figures do not follow from the decisions in it.")
    result.origin, result.key, result.trusted = receipts.origin, receipts.key, trusted_key is not None
    result.contributor, result.campaign, result.name = str(document["contributor"]), opened.id, name
    result.figures, result.anchored = found, receipts.anchored


def _piece(receipts: _Receipts, piece: JsonValue, campaign: str, contributor: JsonValue) -> Judged:
    if not isinstance(piece, dict) or piece.keys() != {"contribution", "decision"}:
        raise FormatError("A piece of work has exactly a contribution and a decision.")
    index, submitted = receipts.read(piece["contribution"])
    decided, made = receipts.read(piece["decision"])
    if not isinstance(submitted, ContributionSubmitted) or not isinstance(made, DecisionMade):
        raise ProofError("A piece of work is proved by the receipts of a contribution and of a decision.")
    if (submitted.campaign, submitted.contributor) != (campaign, contributor):
        raise ProofError(f"Entry {index} is the work of somebody else, or of another campaign.")
    if made.contribution != submitted.id or decided <= index:
        raise ProofError(f"Entry {decided} does not decide on the contribution in entry {index}.")
    found = Judged.of(index, campaign, decided, made)
    if found is None:
        raise ProofError(f"Entry {decided} asks for a new version; that is no verdict.")
    return found


class _Receipts:
    """Reads receipts of one log, signed with one key, or with those that the log has had."""

    def __init__(self, trusted_key: VerifierKey | None, keys: KeyChain | None) -> None:
        self._key = trusted_key
        self._keys = keys
        self.origin = ""
        self.anchored = True

    @property
    def key(self) -> str | None:
        """The key's text."""
        return None if self._key is None else self._key.vkey

    def read(self, members: JsonValue) -> tuple[int, AnyStatement]:
        """Index and statement of a receipt whose log part verifies. Raises ProofError, SignatureError, FormatError."""
        receipt = Receipt.parse(canonical.encode(members))
        verified = verify_log_part(receipt, self._key, self._keys)
        self._key, self.origin = self._key or verified.key, verified.checkpoint.origin
        if receipt.anchor is None:
            self.anchored = False
        else:
            verify_anchor_offline(receipt)
        return verified.index, kinds.parse(verified.statement)


def certificate(
    *,
    log: str,
    contributor: str,
    campaign: bytes,
    work: list[tuple[bytes, bytes]],
    judged: list[Judged],
    name: str | None = None,
) -> bytes:
    """The canonical bytes of a certificate; ``campaign`` and ``work`` are receipts, ``judged`` the same work."""
    document: dict[str, JsonValue] = {
        "v": 1,
        "certificate": "crowdledger",
        "log": log,
        "contributor": contributor,
        "campaign": msgspec.json.decode(campaign),
        "figures": {**figures(judged)},
        "work": [
            {"contribution": msgspec.json.decode(given), "decision": msgspec.json.decode(made)} for given, made in work
        ],
    }
    return canonical.encode(document if name is None else document | {"name": name})
