"""The commonest statements read fast: bytes that differ from a statement known to be good in hex digits only.

The *shape* of bytes is what remains of them when every hex digit is made 0. Where a common statement was read the long
way (``kinds.parse``), which checks everything, its shape is kept. Bytes of the same shape have their quotes, colons and
commas in the same places and no escapes; so once the decoder has found all names and literals to be such as the kind
has, they are the same members in the same order (no two names here share a shape) in canonical JSON, and their values
are as long and as punctuated as the good ones were. What is left to check are the values in which not every hex digit
may stand for every other: the digits that make a UUID one of a version, a time, a score.

Whatever cannot be said to be good is read the long way, which alone says what is wrong; the tests hold both equal.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import lru_cache
from sys import intern
from typing import Final, Literal

import msgspec

from ledger.errors import FormatError
from ledger.statements.base import Statement
from ledger.statements.campaigns import TaskAdded
from ledger.statements.contributions import ContributionSubmitted, Signature
from ledger.statements.decisions import DecisionMade, Method, ReviewGiven, Verdict
from ledger.statements.values import Score, time_ms

MAX_SHAPES: Final = 4096
"""More are not kept: names may be anything, and a log must not fill the memory of whoever reads it."""
MAX_PEOPLE: Final = 65_536
"""So many are known again at sight."""
_HEX_TO_ZERO: Final = bytes.maketrans(b"123456789abcdef", b"0" * 15)
_VARIANT: Final = "89ab"


class _Plain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, tag_field="kind"):
    """Members of a kind, as texts without patterns. What has others is read the long way: the decoder refuses them."""

    v: Literal[1]
    at: str
    id: str


class _Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    address: str
    value: str


class _Submitted(_Plain, frozen=True, kw_only=True, tag="contribution.submitted"):
    campaign: str
    contributor: str
    commitment: str
    terms: str
    task: str | None = None
    replaces: str | None = None
    signature: _Signature | None = None


class _Method(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    type: Literal["human", "consensus", "gold", "model"]
    name: str | None = None
    version: str | None = None
    inputs: str | None = None


class _Decided(_Plain, frozen=True, kw_only=True, tag="decision.made"):
    contribution: str
    verdict: Verdict
    score: str
    method: _Method
    reviewer: str | None = None
    feedback: str | None = None
    supersedes: str | None = None
    appeal: str | None = None
    signature: _Signature | None = None


class _Task(_Plain, frozen=True, kw_only=True, tag="task.added"):
    campaign: str
    commitment: str


class _Reviewed(_Plain, frozen=True, kw_only=True, tag="review.given"):
    contribution: str
    reviewer: str
    commitment: str


_SUBMITTED: Final = msgspec.json.Decoder(_Submitted)
_DECIDED: Final = msgspec.json.Decoder(_Decided)
_TASK: Final = msgspec.json.Decoder(_Task)
_REVIEWED: Final = msgspec.json.Decoder(_Reviewed)
_Made = ContributionSubmitted | DecisionMade | TaskAdded | ReviewGiven
_Reader = Callable[[bytes], _Made | None]


class Shapes:
    """The shapes that were learned."""

    __slots__ = ("_at", "_last", "_readers")

    def __init__(self) -> None:
        self._readers: dict[bytes, _Reader] = {}
        # Statements of one shape come in runs, and those of one time.
        self._last: tuple[bytes, _Reader] = (b"", _submitted)
        self._at = ""

    def read(self, data: bytes) -> _Made | None:
        """The statement of canonical bytes; None if they must be read the long way."""
        shape = data.translate(_HEX_TO_ZERO)
        last, reader = self._last
        if shape != last:
            known = self._readers.get(shape)
            if known is None:
                return None
            self._last = shape, known
            reader = known
        try:
            made = reader(data)
            if made is not None and made.at != self._at:
                time_ms(made.at)
                self._at = made.at
        except (msgspec.DecodeError, FormatError):
            return None
        return made

    def learn(self, data: bytes, statement: Statement) -> None:
        """Keep the shape of a statement that was read the long way, if the fast way reads it alike."""
        reader = _READERS.get(type(statement))
        if reader is None or len(self._readers) >= MAX_SHAPES or b"\\" in data:
            return
        with contextlib.suppress(msgspec.DecodeError):  # a member that is not among the plain ones
            if reader(data) == statement:
                self._readers[data.translate(_HEX_TO_ZERO)] = reader


def _submitted(data: bytes) -> ContributionSubmitted | None:
    plain = _SUBMITTED.decode(data)
    id_, campaign, contributor = plain.id, plain.campaign, _person(plain.contributor)
    task, replaces, signature = plain.task, plain.replaces, plain.signature
    if not (
        contributor is not None
        and id_[14] == campaign[14] == "7"
        and id_[19] in _VARIANT
        and campaign[19] in _VARIANT
        and (task is None or _is_id(task))
        and (replaces is None or _is_id(replaces))
        and (signature is None or _is_signature(signature))
    ):
        return None
    return ContributionSubmitted(
        v=1,
        at=plain.at,
        id=id_,
        campaign=campaign,
        contributor=contributor,
        commitment=plain.commitment,
        terms=plain.terms,
        task=task,
        replaces=replaces,
        signature=None if signature is None else Signature(address=signature.address, value=signature.value),
    )


def _decided(data: bytes) -> DecisionMade | None:
    plain = _DECIDED.decode(data)
    id_, contribution, score, reviewer = plain.id, plain.contribution, plain.score, plain.reviewer
    supersedes, appeal, method, signature = plain.supersedes, plain.appeal, plain.method, plain.signature
    if not (
        id_[14] == contribution[14] == "7"
        and id_[19] in _VARIANT
        and contribution[19] in _VARIANT
        and (reviewer is None or _person(reviewer) is not None)
        and (supersedes is None or _is_id(supersedes))
        and (appeal is None or _is_id(appeal))
        and (score == "1" or _is_score(score))
        and (signature is None or _is_signature(signature))
    ):
        return None
    return DecisionMade(
        v=1,
        at=plain.at,
        id=id_,
        contribution=contribution,
        verdict=plain.verdict,
        score=score,
        method=Method(type=method.type, name=method.name, version=method.version, inputs=method.inputs),
        reviewer=reviewer,
        feedback=plain.feedback,
        supersedes=supersedes,
        appeal=appeal,
        signature=None if signature is None else Signature(address=signature.address, value=signature.value),
    )


def _task(data: bytes) -> TaskAdded | None:
    plain = _TASK.decode(data)
    if not (_is_id(plain.id) and _is_id(plain.campaign)):
        return None
    return TaskAdded(v=1, at=plain.at, id=plain.id, campaign=plain.campaign, commitment=plain.commitment)


def _reviewed(data: bytes) -> ReviewGiven | None:
    plain = _REVIEWED.decode(data)
    reviewer = _person(plain.reviewer)
    if reviewer is None or not (_is_id(plain.id) and _is_id(plain.contribution)):
        return None
    return ReviewGiven(
        v=1,
        at=plain.at,
        id=plain.id,
        contribution=plain.contribution,
        reviewer=reviewer,
        commitment=plain.commitment,
    )


_READERS: Final[dict[type[Statement], _Reader]] = {
    ContributionSubmitted: _submitted,
    DecisionMade: _decided,
    TaskAdded: _task,
    ReviewGiven: _reviewed,
}


@lru_cache(maxsize=MAX_PEOPLE)
def _person(text: str) -> str | None:
    """One text for all statements of a person: it is looked up often and kept with each. None if it is no such id."""
    return intern(text) if text[14] == "4" and text[19] in _VARIANT else None


def _is_id(text: str) -> bool:
    return text[14] == "7" and text[19] in _VARIANT


def _is_signature(signature: _Signature) -> bool:
    address, value = signature.address, signature.value
    return address.startswith("0x") and value.startswith("0x") and value.endswith(("1b", "1c"))


@lru_cache(maxsize=4096)
def _is_score(text: str) -> bool:
    try:
        msgspec.convert(text, Score)
    except msgspec.ValidationError:
        return False
    return True
