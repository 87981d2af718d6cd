"""Kickstarter and Indiegogo: reports of backers, one pledge a row, kept as evidence of what was promised.

Kickstarter: help.kickstarter.com, "How can I use the backer report"; its columns are named as in reports since 2014.
Indiegogo: support.indiegogo.com, the CSV of "Perks Claimed & Donations". Names and addresses of backers are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from ledger.connectors import rows
from ledger.connectors.connector import Connector, FileForm, Hook, Options
from ledger.connectors.pulling import Source
from ledger.connectors.reading.money import money
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import PledgeRecord, Read, Record, Skipped
from ledger.statements.canonical import JsonValue

_BACKERS: Final = frozenset({"Backer Number", "Backer UID", "Pledge Amount", "Pledged At", "Pledged Status"})
_PLEDGES: Final = frozenset({"Pledge ID", "Perk ID", "Funding Date", "Amount"})
_OPTIONS: Final = frozenset({"currency"})
_KICKSTARTER_KEPT: Final = ("Reward Title", "Reward ID", "Reward Minimum", "Shipping Country", "Pledged Status")
_NO_MONEY: Final = ("canceled", "cancelled", "dropped", "errored", "pending", "refunded")
_INDIEGOGO_KEPT: Final = ("Perk", "Perk ID", "Fulfillment Status", "Payment Method")


class Kickstarter:
    """The backer report. The option ``currency`` says what an amount without a sign is in."""

    name = "kickstarter"
    title = "Kickstarter"
    forms: tuple[FileForm, ...] = (FileForm("backer-report", (".csv",), _BACKERS, _OPTIONS),)
    hook: Hook | None = None
    source: Source | None = None

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """The pledges that were collected; others brought no money."""
        return rows.table(source, sorted(_BACKERS), lambda row: _backer(row, options.get("currency")))


class Indiegogo:
    """The list of contributions. The option ``currency`` says what an amount without a sign is in."""

    name = "indiegogo"
    title = "Indiegogo"
    forms: tuple[FileForm, ...] = (FileForm("contributions", (".csv",), _PLEDGES, _OPTIONS),)
    hook: Hook | None = None
    source: Source | None = None

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """All contributions: Indiegogo lists those that were paid."""
        return rows.table(source, sorted(_PLEDGES), lambda row: _pledge(row, options.get("currency")))


def _backer(row: Row, currency: str | None) -> Record | Skipped:
    fields = row.fields
    status = fields["Pledged Status"].strip().lower()
    if status not in ("", "collected"):
        return Skipped(row.line, f"The pledge is {status if status in _NO_MONEY else 'not collected'}.")
    backer = rows.own_id(fields["Backer UID"], "Backer UID")
    paid = money(fields["Pledge Amount"], currency)
    return Record(
        row.line,
        pledges=(
            PledgeRecord(
                # A backer number is given once in a project and never again.
                external_id=f"kickstarter:{rows.own_id(fields['Backer Number'], 'Backer Number')}:{backer}",
                backer=backer,
                amount=paid.amount,
                currency=paid.currency,
                content=rows.timed(_kept(fields, _KICKSTARTER_KEPT), fields["Pledged At"]),
            ),
        ),
    )


def _pledge(row: Row, currency: str | None) -> Record:
    fields = row.fields
    number = rows.own_id(fields["Pledge ID"], "Pledge ID")
    paid = money(fields["Amount"], currency)
    return Record(
        row.line,
        pledges=(
            PledgeRecord(
                external_id=f"indiegogo:{number}",
                backer=f"pledge:{number}",
                amount=paid.amount,
                currency=paid.currency,
                content=rows.timed(_kept(fields, _INDIEGOGO_KEPT), fields["Funding Date"], order="mdy"),
            ),
        ),
    )


def _kept(fields: dict[str, str], names: tuple[str, ...]) -> dict[str, JsonValue]:
    return {name: fields[name] for name in names if fields.get(name)}


CONNECTORS: Final[tuple[Connector, ...]] = (Kickstarter(), Indiegogo())
