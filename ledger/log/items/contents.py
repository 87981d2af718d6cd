"""Results, erasure, and auditors who may open contents."""

from __future__ import annotations

from typing import Literal

import msgspec

from ledger.log.items.service import Fence
from ledger.statements.canonical import JsonValue
from ledger.statements.contents import Purpose
from ledger.statements.results import ResultMethod


class PublishResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What came out of a campaign: ``result`` is the document, ``entries`` the contributions it was made from.

    ``public``: everybody is given the opening.
    """

    id: str
    platform: str
    campaign: str
    result: JsonValue
    method: ResultMethod
    entries: tuple[str, ...]
    salt: bytes
    public: bool = True
    external_id: str | None = None


class EraseContent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Content and salt of a commitment go for good; ``subject`` is the id of what carries it."""

    platform: str
    purpose: Purpose
    subject: str
    reason: Literal["wish", "law", "retention"]
    fence: Fence | None = None


class GiveMandate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A platform lets an auditor open commitments. ``digest`` is SHA-256 of the auditor's token."""

    id: str
    platform: str
    name: str
    until: str
    digest: bytes
    campaign: str | None = None


class OpenContent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An auditor with a mandate asks for an opening."""

    mandate: str
    purpose: Purpose
    subject: str
