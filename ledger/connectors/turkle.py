"""Turkle: MTurk's shape of results, from one's own server. https://github.com/hltcoe/turkle (batch results CSV).

Turkle decides and pays nothing; both are done here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from ledger.connectors import rows
from ledger.connectors.connector import Connector, FileForm, Hook, Options
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import ContributionRecord, Read, Record, TaskRecord

_COLUMNS: Final = frozenset({"HITId", "AssignmentId", "WorkerId", "AcceptTime", "SubmitTime", "Turkle.Username"})


class Turkle:
    """Results of a batch, as the server's page and its REST API give them."""

    name = "turkle"
    title = "Turkle"
    forms: tuple[FileForm, ...] = (FileForm("batch-results", (".csv",), _COLUMNS),)
    hook: Hook | None = None

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The assignments. Who works without an account is nobody's second contribution: each is a new contributor."""
        return rows.table(source, sorted(_COLUMNS - {"Turkle.Username"}), _record)


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
