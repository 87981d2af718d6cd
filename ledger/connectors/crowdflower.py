"""CrowdFlower, later Figure Eight and Appen: the full report, a judgment a row.

Columns that begin with ``_`` are the platform's; of the others the option ``answers`` (comma separated) names those
that people filled in. Without it they are those that have a ``_gold`` column, or else those in which people differ on
one unit within the first rows of the file.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from ledger.connectors import rows
from ledger.connectors.connector import Connector, FileForm, Hook, Options
from ledger.connectors.pulling import Source
from ledger.connectors.reading import tables
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, TaskRecord
from ledger.connectors.verdicts import decision, score_of
from ledger.errors import FormatError
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Method

_TITLE: Final = "CrowdFlower"
_COLUMNS: Final = frozenset(
    {"_unit_id", "_id", "_worker_id", "_trust", "_tainted", "_created_at", "_started_at", "_channel"}
)
_LOOK_AHEAD_ROWS: Final = 2000
_GOLD: Final = ("_gold", "_gold_reason")


class CrowdFlower:
    """Judgments, decided by the platform's trust in who made them."""

    name = "crowdflower"
    title = _TITLE
    forms: tuple[FileForm, ...] = (FileForm("full-report", (".csv",), _COLUMNS, frozenset({"answers"})),)
    hook: Hook | None = None
    source: Source | None = None

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The judgments. Raises FormatError where nobody can tell which columns are answers."""
        found = tables.rows(source)
        first = list(itertools.islice(found, _LOOK_AHEAD_ROWS))
        named = options.get("answers")
        sample = [row for row in first if isinstance(row, Row)]
        answers = [name.strip() for name in named.split(",")] if named else _answers(sample)
        columns = _COLUMNS.union(answers)
        return rows.of_rows(itertools.chain(first, found), sorted(columns), lambda row: _record(row, answers))


def _answers(sample: list[Row]) -> list[str]:
    names = [name for name in sample[0].fields if not name.startswith("_")] if sample else []
    gold = [name for name in names if f"{name}_gold" in names]
    if gold:
        return gold
    seen: dict[tuple[str, str], str] = {}
    differing = {
        name
        for row in sample
        for name in names
        if seen.setdefault((row.fields.get("_unit_id", ""), name), row.fields[name]) != row.fields[name]
    }
    if sample and not differing:
        raise FormatError(
            "Nothing tells which columns are people's answers.",
            remedy="Name them with the option answers=column,column.",
        )
    return [name for name in names if name in differing]


def _record(row: Row, answers: Iterable[str]) -> Record:
    fields = row.fields
    task = f"crowdflower:{rows.own_id(fields['_unit_id'], '_unit_id')}"
    chosen: dict[str, JsonValue] = {name: fields[name] for name in answers}
    shown: dict[str, JsonValue] = {
        name: value
        for name, value in fields.items()
        if not name.startswith("_") and not name.endswith(_GOLD) and name not in chosen
    }
    contribution = ContributionRecord(
        external_id=f"crowdflower:{rows.own_id(fields['_id'], '_id')}",
        contributor=rows.own_id(fields["_worker_id"], "_worker_id"),
        content=rows.timed(chosen, fields["_created_at"], order="mdy"),
        task=task,
    )
    return Record(row.line, (TaskRecord(task, shown),), (contribution,), (_decision(contribution.external_id, fields),))


def _decision(contribution: str, fields: dict[str, str]) -> DecisionRecord:
    """Trust is the share of test questions that the worker answered right: a decision by gold."""
    trust = fields["_trust"].strip()
    method = Method(type="gold", name="crowdflower.trust", parameters={"trust": trust[:40]})
    if rows.truth(fields["_tainted"]):
        words = f"The platform marked this judgment as tainted: trust {trust} on its test questions was too low."
        return decision(contribution, "tainted", "rejected", words, title=_TITLE, score="0", method=method)
    if rows.truth(fields.get("_missed")):
        reasons = [value for name, value in fields.items() if name.endswith("_gold_reason") and value]
        words = " ".join(["A test question was answered wrongly.", *reasons])
        return decision(contribution, "missed", "rejected", words, title=_TITLE, score="0", method=method)
    return decision(contribution, "trusted", "accepted", title=_TITLE, score=score_of(trust), method=method)


CONNECTORS: Final[tuple[Connector, ...]] = (CrowdFlower(),)
