"""Prolific: submissions as CSV or as its API gives them, and its webhooks. https://docs.prolific.com/api-reference

Prolific knows who took part and was paid; the answers themselves are with the survey, and come by its own connector.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final, Literal

from ledger.connectors import pulling, rows, signing
from ledger.connectors.connector import Ask, Connector, Delivery, FileForm, Hook, Options, Verified
from ledger.connectors.pulling import MAX_PAGES, Mark, Platform, Pulled, Source, needed
from ledger.connectors.reading import lines
from ledger.connectors.reading.lines import Item
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, Skipped
from ledger.connectors.verdicts import Bonus, amount, decision, total
from ledger.errors import FormatError
from ledger.statements.canonical import JsonValue

_TITLE: Final = "Prolific"
_COLUMNS: Final = frozenset(
    {"Submission id", "Participant id", "Status", "Started at", "Completed at", "Completion code"}
)
_CSV: Final = FileForm("submissions-csv", (".csv",), _COLUMNS)
_API: Final = frozenset({"id", "participant", "study_id", "status", "started_at", "entered_code"})
_JSON: Final = FileForm("submissions", (".json", ".jsonl"), _API)
_RESULTS: Final = FileForm("submission-list", (".json",), frozenset({"results"}))
_UNFINISHED: Final = frozenset({"RESERVED", "ACTIVE", "TIMED OUT", "PROCESSING", "SCREENED OUT", "PARTIALLY APPROVED"})
_CENTS: Final = 100
_PAGE: Final = 100


class ProlificHook:
    """``submission.status.change``; the submission is asked for, as the event has no bonuses and no code."""

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> Verified:
        """``X-Prolific-Request-Signature``: base64 of HMAC-SHA256 over the timestamp header and the body.

        docs.prolific.com/api-reference/webhooks/verifying . The event's id (``X-Event-ID``) is not signed, so that a
        replay could bear any: what comes again is known by its body. A submission that is in the same state once more
        says nothing new either.
        """
        stamp = delivery.headers.get("x-prolific-request-timestamp", "")
        at = signing.digits(stamp)
        given = signing.from_base64(delivery.headers.get("x-prolific-request-signature", ""))
        signing.check_hmac(stamp.encode() + delivery.body, given, secrets)
        signing.check_fresh(at * 1000, delivery.received_ms)
        return Verified(signing.body_id(delivery), at * 1000)

    def records(self, delivery: Delivery, ask: Ask | None) -> Sequence[Record]:
        """The submission as it is now; unfinished ones say nothing."""
        event = rows.mapping(lines.parse(delivery.body.decode(errors="replace")), "delivery")
        if event.get("event_type") != "submission.status.change":
            return ()
        if ask is None:
            raise FormatError(
                "This hook cannot ask Prolific for the submission.",
                remedy="Make the hook with the base_url https://api.prolific.com/api/v1 and a token.",
            )
        number = rows.path_id(event.get("resource_id"), "submission")
        found = rows.mapping(ask(f"/submissions/{number}/"), "submission")
        if found.get("id") != number:
            raise FormatError("Prolific answered with another submission.", remedy="Look at the hook's base_url.")
        record = _submission(1, found)
        return (record,) if isinstance(record, Record) else ()


class ProlificSource:
    """A study's submissions, page by page (docs.prolific.com/api-reference/submissions/get-submissions)."""

    speaks: Literal["http"] = "http"
    address = "https://api.prolific.com/api/v1"
    options: Mapping[str, str] = {"study": "the id of the study"}

    def headers(self, token: str) -> Mapping[str, str]:
        """An API token of the workspace."""
        return {"Authorization": f"Token {token}"}

    def pull(self, ask: Platform, options: Options, since: str | None) -> Iterator[Pulled]:
        """All submissions: nothing tells those that changed."""
        asked = {"study": needed(options, "study", self), "page_size": str(_PAGE)}
        line, before = 0, None
        for page in range(1, MAX_PAGES + 1):
            reply = rows.mapping(ask("/submissions/", {**asked, "page": str(page)}), "page")
            results = rows.sequence(reply.get("results"), "results")
            if results and results == before:
                raise FormatError("Prolific answers with the same page again.", remedy="Look at --from.")
            before = results
            for each in results:
                line += 1
                yield pulling.read(line, each, _submission)
            if not results or not _has_next(reply, len(results)):
                yield Mark(line)
                return
        raise FormatError(f"The study has over {MAX_PAGES} pages of submissions.", remedy="Look at --from.")


def _has_next(reply: Mapping[str, Any], count: int) -> bool:
    """Whether a page follows, by the links where the reply has them."""
    links = reply.get("_links")
    following = links.get("next") if isinstance(links, dict) else None
    return bool(following.get("href")) if isinstance(following, dict) else count == _PAGE


class Prolific:
    """Submissions of participants, what was decided on them, and bonuses."""

    name = "prolific"
    title = _TITLE
    forms: tuple[FileForm, ...] = (_CSV, _JSON, _RESULTS)
    hook: Hook | None = ProlificHook()
    source: Source | None = ProlificSource()

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The submissions. The CSV has no bonuses; the API's list does."""
        if form == _CSV:
            return rows.table(source, sorted(_COLUMNS), _row)
        member = "results" if form == _RESULTS else None
        return rows.items(source, _once, member)


def _once(item: Item) -> Record | Skipped:
    """A submission in a file, which is read once: a bonus on what is not decided yet would be lost unsaid."""
    fields = rows.mapping(item.value, "submission")
    record = _submission(item.line, fields)
    if isinstance(record, Record) and not record.decisions and _bonus(fields) is not None:
        raise FormatError(
            "A bonus was paid for a submission that is not decided.", remedy="Export it again once it is approved."
        )
    return record


def _row(row: Row) -> Record | Skipped:
    fields = row.fields
    return _submission(
        row.line,
        {
            "id": fields["Submission id"],
            "participant": fields["Participant id"],
            "status": fields["Status"],
            "completed_at": fields["Completed at"],
            "entered_code": fields["Completion code"],
        },
    )


def _submission(line: int, fields: Mapping[str, Any]) -> Record | Skipped:
    status = str(fields.get("status")).strip().upper().replace("_", " ").replace("-", " ")
    done = str(fields.get("completed_at") or "").strip()
    if status in _UNFINISHED or (status == "RETURNED" and not done):
        return Skipped(line, f"The submission is {status.lower()}.")
    submission = f"prolific:{rows.own_id(fields.get('id'), 'submission')}"
    code = str(fields.get("entered_code") or "")
    content: dict[str, JsonValue] = {"completion_code": code}
    contribution = ContributionRecord(
        external_id=submission,
        contributor=rows.own_id(fields.get("participant") or fields.get("participant_id"), "participant"),
        content=rows.timed(content, done),
    )
    return Record(line, (), (contribution,), _decisions(submission, status, _bonus(fields)))


def _bonus(fields: Mapping[str, Any]) -> Bonus | None:
    """The API lists bonuses in cents or pence."""
    paid = fields.get("bonus_payments") or []
    return total([amount(each) / _CENTS for each in rows.sequence(paid, "bonus_payments")])


def _decisions(submission: str, status: str, bonus: Bonus | None) -> tuple[DecisionRecord, ...]:
    if status == "APPROVED":
        return (decision(submission, status, "accepted", title=_TITLE, bonus=bonus, before=("rejected", "returned")),)
    if status == "REJECTED":
        return (decision(submission, status, "rejected", title=_TITLE, bonus=bonus),)
    if status == "RETURNED":
        words = "The participant gave the submission back; Prolific pays nothing for it."
        return (decision(submission, status, "rejected", words, title=_TITLE, bonus=bonus),)
    if status != "AWAITING REVIEW":
        raise FormatError(f"'{status[:40]}' is no status of a submission.", remedy="Export the submissions again.")
    return ()


CONNECTORS: Final[tuple[Connector, ...]] = (Prolific(),)
