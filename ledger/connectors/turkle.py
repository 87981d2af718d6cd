"""Turkle: MTurk's shape of results, from one's own server. https://github.com/hltcoe/turkle (batch results CSV).

Turkle decides and pays nothing; both are done here. Its API (docs/API.rst there) tells how far a batch is and gives its
results; up to 3.1.0 it counts their letters as bytes, so that what is not ASCII is cut off. Its admin site does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import BinaryIO, Final, Literal

from ledger.connectors import rows
from ledger.connectors.connector import Connector, FileForm, Hook, Options
from ledger.connectors.pulling import Mark, Platform, Pulled, Source, needed
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import ContributionRecord, Read, Record, Refused, TaskRecord
from ledger.errors import FormatError

_COLUMNS: Final = frozenset({"HITId", "AssignmentId", "WorkerId", "AcceptTime", "SubmitTime", "Turkle.Username"})
_CUT_REMEDY: Final = (
    "Pull by its admin site, which does not cut: --option account=NAME, and the account's password in the token file."
)


class TurkleSource:
    """A batch of a server, whole each time that more of it is finished."""

    speaks: Literal["http"] = "http"
    address = None
    options: Mapping[str, str] = {
        "batch": "the number of the batch, as it stands in its address in the admin site",
        "account": "an account of the admin site that may see the batch; its password is then in the token file",
    }

    def headers(self, token: str) -> Mapping[str, str]:
        """The API's token."""
        return {"Authorization": f"Token {token}"}

    def pull(self, ask: Platform, options: Options, since: str | None) -> Iterator[Pulled]:
        """All assignments that are finished; nothing while no more are than at ``since``."""
        batch, account = needed(options, "batch", self), options.get("account")
        if account:
            ask.sign_in("/admin/login/", account)
        progress = rows.mapping(ask(f"/api/batches/{batch}/progress/"), "progress")
        finished = progress.get("total_finished_task_assignments")
        if not isinstance(finished, int):
            raise FormatError("This is no progress of a batch.", remedy="Look whether --from names a Turkle.")
        if str(finished) == since or not finished:
            yield Mark(0, str(finished))
            return
        path = f"/admin/turkle/batch/{batch}/download/" if account else f"/api/batches/{batch}/results/"
        with closing(ask.file(path)) as file:
            line = seen = whole = 0
            for read in _rows(file):
                line, seen, whole = read.line, seen + 1, whole + isinstance(read, Record)
                yield read
            if seen < finished or _is_cut(file):
                words = f"Turkle's reply is cut off: of {finished} finished assignments {whole} came whole."
                yield Refused(line + 1, words, _CUT_REMEDY)
        yield Mark(line + 1, str(finished))


class Turkle:
    """Results of a batch, as the server's page and its REST API give them."""

    name = "turkle"
    title = "Turkle"
    forms: tuple[FileForm, ...] = (FileForm("batch-results", (".csv",), _COLUMNS),)
    hook: Hook | None = None
    source: Source | None = TurkleSource()

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The assignments. Who works without an account is nobody's second contribution: each is a new contributor."""
        return _rows(source)


def _rows(source: BinaryIO) -> Iterator[Read]:
    return rows.table(source, sorted(_COLUMNS - {"Turkle.Username"}), _record)


def _is_cut(file: BinaryIO) -> bool:
    """Whether the results end within their last row: each of Turkle's ends with its line."""
    file.seek(-1, 2)
    return file.read(1) != b"\n"


def _record(row: Row) -> Record:
    task = f"turkle:{rows.own_id(row.fields['HITId'], 'HITId')}"
    assignment = rows.own_id(row.fields["AssignmentId"], "AssignmentId")
    worker = row.fields["WorkerId"].strip()
    contribution = ContributionRecord(
        external_id=f"turkle:{assignment}",
        contributor=rows.own_id(worker, "WorkerId") if worker else f"anonymous:{assignment}",
        content=rows.timed(rows.prefixed(row.fields, "Answer."), row.fields["SubmitTime"]),
        task=task,
    )
    return Record(row.line, (TaskRecord(task, rows.prefixed(row.fields, "Input.")),), (contribution,))


CONNECTORS: Final[tuple[Connector, ...]] = (Turkle(),)
