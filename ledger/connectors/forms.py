"""Form services (Porsline, FormAfzar and others) and django-crowdsourcing.

Services differ in how they name the parts of an answer, and their forms in their questions; the names below are
common ones. A table whose columns are named otherwise goes in with a mapping (``crowdledger import --mapping``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from ledger.connectors import rows, signing
from ledger.connectors.connector import Ask, Connector, Delivery, FileForm, Hook, Options, Verified
from ledger.connectors.pulling import Source
from ledger.connectors.reading import lines
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record
from ledger.connectors.verdicts import decision
from ledger.errors import FormatError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue

_WRAPPERS: Final = ("data", "response", "submission", "form_response", "entry", "payload")
"""Members in which a service wraps the answer."""
_IDS: Final = ("response_id", "submission_id", "entry_id", "responseId", "submissionId", "tracking_code", "uuid", "id")
_PEOPLE: Final = ("respondent_id", "respondentId", "contributor", "user_id", "userId", "hidden_user")
_TIMES: Final = ("submitted_at", "submittedAt", "created_at", "createdAt", "date_submitted", "submit_date")
_ANSWERS: Final = ("answers", "fields", "responses", "questions")
_PRIVATE: Final = ("ip", "ip_address", "user_agent")
_DIGEST_DIGITS: Final = 32
_DJANGO: Final = frozenset({"survey", "submitted_at", "featured", "is_public"})
_MODERATION: Final = frozenset({"featured", "is_public"})
_ABOUT: Final = _DJANGO | {"user", "session_key", "ip_address"}


class FormHook:
    """Any service that posts an answer as JSON with a secret in a header."""

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> Verified:
        """The secret in a header whose name ends with ``-secret``, or as a bearer token."""
        signing.check_secret_header(delivery, secrets)
        return Verified(signing.body_id(delivery), None)

    def records(self, delivery: Delivery, ask: Ask | None) -> Sequence[Record]:
        """One answer, or a list of them. Raises FormatError for one that has no id."""
        body = lines.parse(delivery.body.decode(errors="replace"))
        return [_answer(rows.mapping(each, "answer")) for each in (body if isinstance(body, list) else [body])]


class Forms:
    """Answers to forms and surveys, by webhook; their tables go in with a mapping."""

    name = "forms"
    title = "Form services"
    forms: tuple[FileForm, ...] = ()
    hook: Hook | None = FormHook()
    source: Source | None = None

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """Raises FormatError: each form's table has columns of its own."""
        raise FormatError("A form's table has columns of its own.", remedy="Import it with --mapping.")


class DjangoCrowdsourcing:
    """django-crowdsourcing: submissions to surveys, moderated. github.com/wnyc/django-crowdsourcing (views.py)."""

    name = "django-crowdsourcing"
    title = "django-crowdsourcing"
    forms: tuple[FileForm, ...] = (FileForm("submissions", (".csv",), _DJANGO),)
    hook: Hook | None = None
    source: Source | None = None

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """Submissions have no ids in the file: one is known by all that it says, but for the moderators' flags."""
        return rows.table(source, sorted(_DJANGO), _submission)


def _answer(body: dict[str, JsonValue]) -> Record:
    layers: list[dict[str, JsonValue]] = [body]
    for name in _WRAPPERS:
        inner = layers[-1].get(name)
        if isinstance(inner, dict):
            layers.append(inner)
    number = _first(layers, _IDS)
    if number is None:
        raise FormatError("The answer has no id.", remedy=f"Let the service send one of {', '.join(_IDS)}.")
    given: JsonValue = next((layers[-1][name] for name in _ANSWERS if name in layers[-1]), None)
    known = {*_IDS, *_PEOPLE, *_TIMES, *_PRIVATE}
    content: dict[str, JsonValue]
    if isinstance(given, dict):
        content = given
    elif given is not None:
        content = {"answers": given}
    else:
        content = {name: value for name, value in layers[-1].items() if name not in known}
    own = rows.own_id(number, "id")
    person = _first(layers, _PEOPLE)
    contributor = f"anonymous:{own}" if person in (None, "") else rows.own_id(person, "respondent")
    return Record(
        1, (), (ContributionRecord(f"forms:{own}", contributor, rows.timed(content, _first(layers, _TIMES))),)
    )


def _first(layers: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Any:
    """The first of these names that the innermost layer has, then the next one out."""
    for layer in reversed(layers):
        for name in names:
            if isinstance(layer.get(name), str | int) and layer[name] != "":
                return layer[name]
    return None


def _submission(row: Row) -> Record:
    fields = row.fields
    said: dict[str, JsonValue] = {name: value for name, value in fields.items() if name not in _MODERATION}
    digest = hashlib.sha256(canonical.encode(said)).hexdigest()[:_DIGEST_DIGITS]
    user, session = fields.get("user", "").strip(), fields.get("session_key", "").strip()
    content: dict[str, JsonValue] = {name: value for name, value in fields.items() if name not in _ABOUT}
    person = user or (f"session:{session}" if session else f"anonymous:{digest}")
    contribution = ContributionRecord(
        external_id=f"django-crowdsourcing:{digest}",
        contributor=rows.own_id(person, "user"),
        content=rows.timed({**content, "survey": fields["survey"]}, fields["submitted_at"]),
    )
    return Record(row.line, (), (contribution,), _moderation(contribution.external_id, fields))


def _moderation(contribution: str, fields: Mapping[str, str]) -> tuple[DecisionRecord, ...]:
    """Featured is praise, hidden is a refusal; public alone is what a survey does by default, and decides nothing."""
    if rows.truth(fields["is_public"]) is False:
        words = "The moderators do not show this submission."
        return (decision(contribution, "hidden", "rejected", words, title=DjangoCrowdsourcing.title),)
    if rows.truth(fields["featured"]):
        return (decision(contribution, "featured", "accepted", title=DjangoCrowdsourcing.title),)
    return ()


CONNECTORS: Final[tuple[Connector, ...]] = (Forms(), DjangoCrowdsourcing())
