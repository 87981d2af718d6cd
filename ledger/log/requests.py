"""Items made ready for planning, before any lock: what can be refused without the log is refused here.

A request's canonical bytes are the item's content without the ids and salts made for it; they say whether the same
external id came with the same content.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ledger.db.loading import ExternalKey, Named
from ledger.errors import FieldError, FormatError, TooLargeError
from ledger.log.items import (
    AddKey,
    AddTask,
    CloseCampaign,
    Decide,
    Item,
    LinkWallet,
    OpenCampaign,
    Record,
    RegisterPlatform,
    RevokeKey,
    Submit,
)
from ledger.statements import canonical
from ledger.statements.campaigns import CampaignClosed, CampaignFunded
from ledger.statements.commitments import SALT_BYTES
from ledger.statements.kinds import encode, parse
from ledger.statements.wallets import WalletLinked

MAX_REQUEST_BYTES = 2**20
MAX_ID_CHARACTERS = 200
OPERATOR = "operator"
"""Owner of the external ids of platforms."""

_KINDS: dict[type[Item], str] = {
    RegisterPlatform: "platform",
    OpenCampaign: "campaign",
    AddTask: "task",
    Submit: "contribution",
    Decide: "decision",
}
_MADE = frozenset({"id", "salt", "fresh_id", "external_id", "platform"})
_JSON = frozenset({"content", "feedback", "brief", "terms"})
"""JSON already, however large and deep."""
_NAMES = {
    RegisterPlatform: ("id", "name", "external_id"),
    AddKey: ("platform",),
    RevokeKey: ("platform", "key_id"),
    OpenCampaign: ("id", "platform", "title", "external_id"),
    CloseCampaign: ("platform", "campaign"),
    AddTask: ("id", "platform", "campaign", "external_id"),
    Submit: (
        *("id", "platform", "campaign", "contributor", "fresh_id"),
        *("task", "task_external_id", "replaces", "external_id"),
    ),
    Decide: (
        *("id", "platform", "contribution", "contribution_external_id", "reviewer", "fresh_id"),
        *("supersedes", "external_id"),
    ),
    LinkWallet: ("id", "platform", "contributor"),
}
"""Texts that become keys in the database; whatever it cannot carry is refused before the group is made."""


class Request(NamedTuple):
    """An item and its canonical bytes."""

    item: Item
    canonical: bytes

    @property
    def kind(self) -> str:
        """The kind of thing that the item makes, as external ids and openings name it; empty if it has no such id."""
        return _KINDS.get(type(self.item), "")

    @property
    def external_key(self) -> ExternalKey | None:
        """Platform, kind and external id, if the item has one."""
        match self.item:
            case RegisterPlatform(external_id=str(external_id)):
                return OPERATOR, self.kind, external_id
            case OpenCampaign() | AddTask() | Submit() | Decide() as item if item.external_id is not None:
                return item.platform, self.kind, item.external_id
            case _:
                return None

    def fingerprint(self, salt: bytes) -> bytes:
        """SHA-256 of 16 bytes of salt and the canonical bytes."""
        return hashlib.sha256(salt + self.canonical).digest()

    def fresh_fingerprint_salt(self) -> bytes:
        """16 bytes from the item's own salt, or from its id where all of it is public."""
        secret = self.item.salt if isinstance(self.item, AddTask | Submit | Decide) else self.item_id.encode()
        return hashlib.sha256(b"fingerprint" + secret).digest()[:16]

    @property
    def item_id(self) -> str:
        """The id of what the item makes or changes."""
        match self.item:
            case AddKey(key=key):
                return key.id
            case RevokeKey(key_id=key_id):
                return key_id
            case CloseCampaign(campaign=campaign):
                return campaign
            case Record(statement=statement):
                return str(statement.__struct_config__.tag)
            case item:
                return item.id


def prepare(item: Item) -> Request:
    """Check what needs no log and make the canonical bytes. Raises FieldError, TooLargeError."""
    if isinstance(item, Record):
        return Request(item, _checked_statement(item))
    for name in _NAMES[type(item)]:
        value = getattr(item, name)
        if value is not None:
            _check_name(name, value)
    if isinstance(item, RegisterPlatform | AddKey):
        _check_name("key", item.key.id)
    if isinstance(item, AddTask | Submit | Decide) and len(item.salt) != SALT_BYTES:
        raise FieldError(f"A salt has {SALT_BYTES} bytes.", field="salt", remedy="Make it from 32 random bytes.")
    if isinstance(item, Decide):
        _check_one_of(item.contribution, item.contribution_external_id, "contribution")
    if isinstance(item, Submit) and item.task is not None:
        _check_one_of(item.task, item.task_external_id, "task")
    try:
        data = canonical.encode(_content(item))
    except FormatError as error:
        raise FieldError(error.detail, field="content", remedy=error.remedy) from error
    if len(data) > MAX_REQUEST_BYTES:
        raise TooLargeError(
            f"The item has {len(data)} bytes; {MAX_REQUEST_BYTES} are allowed.",
            remedy="Send large content as a file's {sha256, bytes, type}.",
        )
    return Request(item, data)


def named(requests: Iterable[Request]) -> Named:
    """All that the requests name, to be loaded."""
    names = Named()
    for request in requests:
        key = request.external_key
        if key is not None:
            names.externals.add(key)
        _name(request.item, names)
    return names


def _content(item: Item) -> canonical.JsonValue:
    if isinstance(item, RegisterPlatform):
        return {"name": item.name, "scopes": [*item.key.scopes]}
    if not isinstance(item, OpenCampaign | AddTask | Submit | Decide):
        return None
    members = {name: getattr(item, name) for name in item.__dataclass_fields__ if name not in _MADE}
    return {
        name: value if name in _JSON else msgspec.to_builtins(value)
        for name, value in members.items()
        if value is not None
    }


def _checked_statement(item: Record) -> bytes:
    try:
        data = encode(item.statement)
        parse(data)
    except FormatError as error:
        raise FieldError(error.detail, field="statement", remedy=error.remedy) from error
    return data


def _check_name(field: str, value: object) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_CHARACTERS or _has_controls(value):
        raise FieldError(
            f"{field} is not a text of 1 to {MAX_ID_CHARACTERS} characters.",
            field=field,
            remedy="Shorten it and leave out control characters.",
        )


def _has_controls(text: str) -> bool:
    """Control characters and halves of surrogate pairs, which not every database and no UTF-8 can carry."""
    return not text.isprintable() and any(unicodedata.category(each) in ("Cc", "Cs") for each in text)


def _check_one_of(first: str | None, second: str | None, field: str) -> None:
    if (first is None) == (second is None):
        raise FieldError(
            f"Exactly one of {field} and {field}_external_id is given.", field=field, remedy="Leave one of them out."
        )


def _name(item: Item, names: Named) -> None:  # noqa: PLR0912 - one branch a kind of item
    match item:
        case Submit():
            names.campaigns.add(item.campaign)
            names.contributions |= {item.id} if item.replaces is None else {item.id, item.replaces}
            names.people.setdefault((item.platform, item.contributor), set()).add(item.fresh_id)
            if item.task is not None:
                names.tasks.add(item.task)
            if item.task_external_id is not None:
                names.externals.add((item.platform, "task", item.task_external_id))
        case Decide():
            names.decisions.add(item.id)
            if item.contribution is not None:
                names.contributions.add(item.contribution)
            if item.contribution_external_id is not None:
                names.externals.add((item.platform, "contribution", item.contribution_external_id))
            if item.reviewer is not None:
                names.people.setdefault((item.platform, item.reviewer), set()).add(item.fresh_id)
        case AddTask():
            names.campaigns.add(item.campaign)
            names.tasks.add(item.id)
        case OpenCampaign():
            names.campaigns.add(item.id)
            names.platforms.add(item.platform)
        case CloseCampaign():
            names.campaigns.add(item.campaign)
        case LinkWallet():
            names.public_ids.add(item.contributor)
            names.linked.add(item.contributor)
        case RegisterPlatform():
            names.platforms.add(item.id)
            names.keys.add(item.key.id)
        case AddKey():
            names.platforms.add(item.platform)
            names.keys_of.add(item.platform)
            names.keys.add(item.key.id)
        case RevokeKey():
            names.platforms.add(item.platform)
            names.keys_of.add(item.platform)
        case Record(statement=statement):
            if isinstance(statement, CampaignFunded | CampaignClosed):
                names.campaigns.add(statement.campaign)
            if isinstance(statement, WalletLinked):
                names.linked.add(statement.contributor)
