"""Items made ready for planning, before any lock: what can be refused without the log is refused here.

A request's canonical bytes are the item's content without the ids and salts made for it; they say whether the same
external id came with the same content.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, NamedTuple, get_args

import msgspec

from ledger.db.loading import ExternalKey
from ledger.errors import FieldError, FormatError, TooLargeError
from ledger.log import items
from ledger.statements import canonical
from ledger.statements.commitments import SALT_BYTES
from ledger.statements.decisions import Verdict
from ledger.statements.kinds import encode, parse
from ledger.statements.values import Digest, Score

MAX_REQUEST_BYTES = 2**20
MAX_RESULT_BYTES = 8 * 2**20
"""A result is one document about a whole campaign, with the ids of all that it was made from."""
MAX_ID_CHARACTERS = 200
OPERATOR = "operator"
"""Owner of the external ids of platforms."""


_KINDS: Final[dict[type[items.Item], str]] = {
    items.RegisterPlatform: "platform",
    items.OpenCampaign: "campaign",
    items.PublishNotice: "notice",
    items.AddTask: "task",
    items.Submit: "contribution",
    items.Reveal: "contribution",
    items.Review: "review",
    items.Decide: "decision",
    items.FileAppeal: "appeal",
    items.PublishResult: "result",
}
_MADE = frozenset({"id", "salt", "inputs_salt", "fresh_id", "external_id", "platform"})
_JSON = frozenset({"content", "feedback", "brief", "terms", "text", "words", "inputs", "grounds", "reason", "result"})
"""JSON already, however large and deep."""
_WITH_CONTENT = (
    items.OpenCampaign
    | items.AmendCampaign
    | items.PublishNotice
    | items.AddTask
    | items.Submit
    | items.Review
    | items.Decide
    | items.FileAppeal
    | items.ResolveAppeal
    | items.GiveFeedback
    | items.PublishResult
)
_SALTED = (
    items.AddTask
    | items.Submit
    | items.Reveal
    | items.Review
    | items.Decide
    | items.FileAppeal
    | items.ResolveAppeal
    | items.GiveFeedback
    | items.PublishResult
)
_WITH_EXTERNAL_ID = (
    items.OpenCampaign
    | items.PublishNotice
    | items.AddTask
    | items.Submit
    | items.Review
    | items.Decide
    | items.FileAppeal
    | items.PublishResult
)
_SALTED_TYPES: Final = get_args(_SALTED)
_EXTERNAL_TYPES: Final = get_args(_WITH_EXTERNAL_ID)
"""Tuples of types are asked for faster than unions."""
_CONTENTS: Final[dict[type[items.Item], tuple[str, ...]]] = {
    kind: tuple(name for name in kind.__struct_fields__ if name not in _MADE) for kind in get_args(_WITH_CONTENT)
}
"""The fields that say something; the ids and salts made for an item do not."""
_OF_PLATFORM_AND_CAMPAIGN = ("platform", "campaign")
_NAMES: Final[dict[type[items.Item], tuple[str, ...]]] = {
    items.RegisterPlatform: ("id", "name", "external_id"),
    items.AddKey: ("platform", "rotates", "by"),
    items.RevokeKey: ("platform", "key_id", "by"),
    items.NoteAct: ("platform", "by", "subject"),
    items.OpenCampaign: ("id", "platform", "title", "external_id"),
    items.AmendCampaign: _OF_PLATFORM_AND_CAMPAIGN,
    items.PublishNotice: ("id", "platform", "campaign", "external_id"),
    items.PauseCampaign: _OF_PLATFORM_AND_CAMPAIGN,
    items.ResumeCampaign: _OF_PLATFORM_AND_CAMPAIGN,
    items.CloseCampaign: _OF_PLATFORM_AND_CAMPAIGN,
    items.AddTask: ("id", "platform", "campaign", "external_id"),
    items.Submit: (
        *("id", "platform", "campaign", "contributor", "fresh_id", "contributor_id"),
        *("task", "task_external_id", "replaces", "external_id"),
    ),
    items.Reveal: ("platform", "contribution"),
    items.Withdraw: ("platform", "contribution"),
    items.Review: ("id", "platform", "contribution", "reviewer", "fresh_id", "external_id"),
    items.Decide: (
        *("id", "platform", "contribution", "contribution_external_id", "reviewer", "fresh_id", "reviewer_id"),
        *("supersedes", "appeal", "external_id"),
    ),
    items.FileAppeal: ("id", "platform", "contribution", "decision", "external_id"),
    items.ResolveAppeal: ("platform", "appeal", "decision", "reviewer", "fresh_id"),
    items.GiveFeedback: ("id", "platform", "campaign", "contributor", "subject"),
    items.PublishResult: ("id", "platform", "campaign", "external_id"),
    items.EraseContent: ("platform", "subject"),
    items.GiveMandate: ("id", "platform", "name", "campaign", "until"),
    items.OpenContent: ("mandate", "subject"),
    items.LinkWallet: ("id", "platform", "contributor"),
    items.ObjectToLink: ("contributor", "signature"),
}
"""Texts that become keys in the database; whatever it cannot carry is refused before the group is made."""
_TEXTS: Final[dict[type[items.Item], Callable[[items.Item], tuple[str | None, ...]]]] = {
    kind: attrgetter(*names, names[0])  # of one name alone it would give no tuple
    for kind, names in _NAMES.items()
}


class Request(NamedTuple):
    """An item and its canonical bytes, with what all steps ask of it."""

    item: items.Item
    canonical: bytes
    kind: str
    """The kind of thing that the item makes, as external ids and openings name it; empty if it has no such id."""
    external_key: ExternalKey | None
    """Platform, kind and external id, if the item has one."""
    item_id: str
    """The id of what the item makes or changes."""

    def fingerprint(self, salt: bytes) -> bytes:
        """SHA-256 of 16 bytes of salt and the canonical bytes."""
        return hashlib.sha256(salt + self.canonical).digest()

    def fresh_fingerprint_salt(self) -> bytes:
        """16 bytes from the item's own salt, or from its id where all of it is public."""
        secret = self.item.salt if isinstance(self.item, _SALTED_TYPES) else self.item_id.encode()
        return hashlib.sha256(b"fingerprint" + secret).digest()[:16]


def prepare(item: items.Item) -> Request:
    """Check what needs no log and make the canonical bytes. Raises FieldError, TooLargeError."""
    kind = _KINDS.get(type(item), "")
    data = _canonical(item)
    return Request(item, data, kind, _external_key(item, kind), _item_id(item))


def _canonical(item: items.Item) -> bytes:
    if isinstance(item, items.Record):
        return _checked_statement(item)
    _check_names(item)
    _check_parts(item)
    if isinstance(item, items.Reveal):
        return _bounded(item.preimage, MAX_REQUEST_BYTES)
    try:
        data = canonical.encode(_content(item))
    except FormatError as error:
        raise FieldError(error.detail, field="content", remedy=error.remedy) from error
    return _bounded(data, MAX_RESULT_BYTES if isinstance(item, items.PublishResult) else MAX_REQUEST_BYTES)


def _external_key(item: items.Item, kind: str) -> ExternalKey | None:
    if isinstance(item, _EXTERNAL_TYPES) and item.external_id is not None:
        return item.platform, kind, item.external_id
    if isinstance(item, items.RegisterPlatform) and item.external_id is not None:
        return OPERATOR, kind, item.external_id
    return None


def _item_id(item: items.Item) -> str:
    match item:
        case items.Submit() | items.Decide():
            return item.id
        case items.AddKey(key=key):
            return key.id
        case items.RevokeKey(key_id=key_id):
            return key_id
        case items.AmendCampaign() | items.PauseCampaign() | items.ResumeCampaign() | items.CloseCampaign():
            return item.campaign
        case items.Reveal() | items.Withdraw():
            return item.contribution
        case items.ResolveAppeal(appeal=appeal):
            return appeal
        case items.EraseContent(subject=subject) | items.OpenContent(subject=subject) | items.NoteAct(subject=subject):
            return subject
        case items.ObjectToLink(contributor=contributor):
            return contributor
        case items.Record(statement=statement):
            return str(statement.__struct_config__.tag)
        case _:
            return item.id


def _check_parts(item: items.Item) -> None:
    if isinstance(item, _SALTED_TYPES):
        _check_bytes("salt", item.salt)
    match item:
        case items.RegisterPlatform() | items.AddKey():
            _check_name("key", item.key.id)
        case items.Submit():
            _check_submission(item)
        case items.Decide():
            _check_one_of(item.contribution, item.contribution_external_id, "contribution")
            if item.inputs is not None:
                _check_bytes("inputs_salt", item.inputs_salt or b"")
            for opened in item.reviews or ():
                _check_name("reviews", opened.review)
        case items.Review():
            _check_type("verdict", item.verdict, Verdict)
            for score in (*(item.scores or ()), *([] if item.score is None else [item.score])):
                _check_type("score", score, Score)
        case items.PublishResult():
            for entry in item.entries:
                _check_name("entries", entry)
        case items.GiveMandate():
            _check_bytes("digest", item.digest)
        case _:
            pass


def _check_submission(item: items.Submit) -> None:
    if item.task is not None:
        _check_one_of(item.task, item.task_external_id, "task")
    if item.commitment is not None:
        _check_type("commitment", item.commitment, Digest)
        if item.content is not None:
            raise FieldError(
                "Content and a commitment to it were sent.",
                field="content",
                remedy="To a sealed campaign send the commitment only, to any other the content only.",
            )


def _bounded(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise TooLargeError(
            f"The item has {len(data)} bytes; {limit} are allowed.",
            remedy="Send large content as a file's {sha256, bytes, type}.",
        )
    return data


def _content(item: items.Item) -> canonical.Encodable:
    if isinstance(item, items.RegisterPlatform):
        scopes: list[canonical.JsonValue] = [*item.key.scopes]
        return {"name": item.name, "scopes": scopes}
    if not isinstance(item, _WITH_CONTENT):
        return None
    return {
        name: value if type(value) is str or name in _JSON else msgspec.to_builtins(value)
        for name in _CONTENTS[type(item)]
        if (value := getattr(item, name)) is not None
    }


def _checked_statement(item: items.Record) -> bytes:
    try:
        data = encode(item.statement)
        parse(data)
    except FormatError as error:
        raise FieldError(error.detail, field="statement", remedy=error.remedy) from error
    return data


def _check_names(item: items.Item) -> None:
    """Check all names of an item at once; if something is wrong, one by one."""
    texts = [text for text in _TEXTS[type(item)](item) if text is not None]
    try:
        fine = "".join(texts).isprintable() and all(texts) and max(map(len, texts), default=0) <= MAX_ID_CHARACTERS
    except TypeError:
        fine = False
    if not fine:
        for name in _NAMES[type(item)]:
            if (value := getattr(item, name)) is not None:
                _check_name(name, value)


def _check_name(field: str, value: object) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_CHARACTERS or _has_controls(value):
        raise FieldError(
            f"{field} is not a text of 1 to {MAX_ID_CHARACTERS} characters.",
            field=field,
            remedy="Shorten it and leave out control characters.",
        )


def _check_type(field: str, value: object, kind: Any) -> None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise FieldError(f"{field}: {error}.", field=field, remedy="Write it as docs/formats shows.") from error


def _check_bytes(field: str, value: bytes) -> None:
    if len(value) != SALT_BYTES:
        raise FieldError(f"{field} has not {SALT_BYTES} bytes.", field=field, remedy="Make it from 32 random bytes.")


def _has_controls(text: str) -> bool:
    """Control characters and halves of surrogate pairs, which not every database and no UTF-8 can carry."""
    return not text.isprintable() and any(unicodedata.category(each) in ("Cc", "Cs") for each in text)


def _check_one_of(first: str | None, second: str | None, field: str) -> None:
    if (first is None) == (second is None):
        raise FieldError(
            f"Exactly one of {field} and {field}_external_id is given.", field=field, remedy="Leave one of them out."
        )
