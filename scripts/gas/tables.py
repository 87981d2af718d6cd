"""The figures as tables: Markdown for pages and pipes, rich for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.gas.check_costs import CheckCosts
from scripts.gas.checks import CHECKS, Call
from scripts.gas.measured import Measured
from scripts.gas.peer_packages import Package
from scripts.gas.rows import QUOTED, ROWS, Part, Row
from scripts.gas.snapshot import ROOT, Snapshot

PAGES = (ROOT / "docs" / "gas.md", ROOT / "README.md")
"""Pages whose tables are written from the snapshot, between the marks."""
_HEADS = ("call", "gas", "limit", "floor", "")
Cells = tuple[str, ...]

_README_ROWS: tuple[tuple[str, Cells, tuple[tuple[str, Cells], ...]], ...] = (
    ("a contribution, 10,000 in one anchor", ("contribution",), (("EAS multiTimestamp", ("eas_timestamp_many",)),)),
    ("an anchor at 1,000,000 entries", ("anchor_1m",), ()),
    ("an inclusion verified there, execution", ("inclusion",), ()),
    ("a claim out of 100,000 accounts", ("claim_pool_first", "claim_pool_repeat"),
     (("Uniswap MerkleDistributor, which caps nothing", ("uniswap_first",)),)),
    ("100 neighbours' claims relayed, each", ("many_pool_first", "many_pool_repeat"),
     (("HUMAN bulkPayOut", ("human_first", "human_repeat")),)),
    ("the same in a RewardToken", ("many_token_first", "many_token_repeat"),
     (("a plain loop of transfers", ("disperse_first", "disperse_repeat")),)),
    ("a settlement of 10 campaigns, in all", ("settle_pool",), ()),
)  # fmt: skip
"""What is measured of ours and of others, first and repeat where there are two."""
_EXACT_FROM = 1_000
"""Rows of so many items are shown with two decimals: a contribution costs a few units only."""

_CHECK_TABLES = (
    (
        "Claims",
        {
            Call.CLAIM: "claim, pool, first",
            Call.MANY_POOL: "claimMany, pool, first, each",
            Call.MANY_TOKEN: "claimMany, token, first, each",
        },
    ),
    (
        "A settlement for 10 campaigns that were settled before, in a pool",
        {Call.PROPOSE: "propose", Call.ACTIVATE: "activate"},
    ),
    ("The log", {Call.ANCHOR: "anchor, 1,000,000 entries + 10,000"}),
)

Titled = tuple[str, Cells, list[Cells]]
"""A table: its title, its heads, its rows."""


def _each(figure: Measured) -> str:
    if figure.items < _EXACT_FROM:
        return f"{figure.each:,}"
    hundredths = -(-figure.gas * 100 // figure.items)
    return f"{hundredths // 100:,}.{hundredths % 100:02}"


def _floor(figure: Measured) -> str:
    if figure.floor is None:
        return ""
    hundredths = figure.floor * 100 // figure.items
    return f"{hundredths // 100:,}.{hundredths % 100:02}" if figure.items >= _EXACT_FROM else f"{figure.floor_each:,}"


def _note(row: Row, figure: Measured) -> str:
    notes = []
    if row.limit is not None and figure.each > row.limit:
        notes.append(f"over: {row.reason}" if row.reason else "over the limit")
    if figure.bound:
        notes.append("data's least price (EIP-7623) binds")
    return ", ".join(notes)


def _cells(row: Row, figures: Mapping[str, Measured]) -> Cells:
    figure = figures[row.key]
    limit = "" if row.limit is None else f"{row.limit:,}"
    return row.title, _each(figure), limit, _floor(figure), _note(row, figure)


def _rows(part: Part, figures: Mapping[str, Measured]) -> list[Cells]:
    return [_cells(row, figures) for row in ROWS if row.part is part and row.key in figures]


def _quoted() -> list[Cells]:
    return [
        (each.title, f"{each.first:,}" + (f" / {each.repeat:,}" if each.repeat else ""), "", "", "") for each in QUOTED
    ]


def _added(costs: CheckCosts, check: str, call: Call) -> str:
    """For each item, in tenths where it is no whole number: what is paid once in a batch is little for each."""
    added = costs.added(check, call)
    if added is None:
        return ""
    items = costs.whole[call].items
    if added % items == 0:
        return f"{added // items:,}"
    tenths = (abs(added) * 20 + items) // (2 * items)
    return f"{'-' if added < 0 else ''}{tenths // 10:,}.{tenths % 10}"


def check_tables(costs: CheckCosts) -> list[Titled]:
    """What each check adds, a table for each kind of call; none where nothing was measured."""
    if not costs.whole:
        return []
    found = []
    for title, calls in _CHECK_TABLES:
        whole = ("the call as it is", *(f"{costs.whole[call].each:,}" for call in calls))
        rows = [
            (check.title, *(_added(costs, check.key, call) for call in calls))
            for check in CHECKS
            if not calls.keys().isdisjoint(check.calls)
        ]
        found.append((title, ("check", *calls.values()), [whole, *rows]))
    return found


def figure_tables(figures: Mapping[str, Measured]) -> list[Titled]:
    """What the calls cost, a table for each part."""
    found = [(str(part), _HEADS, _rows(part, figures)) for part in Part]
    quoted = ("Quoted, not measured (first / repeat)", _HEADS, _quoted())
    return [*((title, heads, rows) for title, heads, rows in found if rows), quoted]


def markdown(tables: Sequence[Titled]) -> str:
    """All tables, each under its title."""
    return "\n\n".join(f"**{title}**\n\n{_table(heads, rows)}" for title, heads, rows in tables)


def _table(heads: Cells, rows: Sequence[Cells]) -> str:
    widths = [max(len(cells[column]) for cells in (heads, *rows)) for column in range(len(heads))]
    rule = "|".join("-" * (width + 1) + (":" if _is_number(heads, at) else "-") for at, width in enumerate(widths))
    lines = [_line(heads, heads, widths), f"|{rule}|", *(_line(heads, cells, widths) for cells in rows)]
    return "\n".join(lines)


def _is_number(heads: Cells, column: int) -> bool:
    """The first column names the row; a last one without a head has remarks."""
    return column > 0 and heads[column] != ""


def _line(heads: Cells, cells: Cells, widths: Sequence[int]) -> str:
    shown = (
        cell.rjust(width) if _is_number(heads, column) else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "| " + " | ".join(shown) + " |"


def show(tables: Sequence[Titled], console: Console) -> None:
    """Prints the tables: coloured on a terminal, Markdown elsewhere."""
    if not console.is_terminal:
        print(markdown(tables))
        return
    for title, heads, rows in tables:
        table = Table(title=title, title_justify="left")
        for column, head in enumerate(heads):
            table.add_column(head, justify="right" if _is_number(heads, column) else "left")
        for cells in rows:
            table.add_row(*cells, style="red" if cells[-1].startswith("over") else None)
        console.print(table)


# ---- pages ----


def _packages(packages: Mapping[str, Package]) -> str:
    rows = [(f"`{each.name}`", each.version, each.licence) for _, each in sorted(packages.items())]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])


def _short(figures: Mapping[str, Measured]) -> str:
    def shown(keys: Cells) -> str:
        return " / ".join(_each(figures[key]) for key in keys)

    rows = [
        f"| {ours} | {shown(keys)} | {'; '.join(f'{name}: {shown(theirs)}' for name, theirs in others)} |"
        for ours, keys, others in _README_ROWS
    ]
    return "\n".join(["| gas, first / repeat | CrowdLedger | others, measured beside it |", "|---|---|---|", *rows])


def blocks(snapshot: Snapshot) -> dict[str, str]:
    """The written parts of the pages by the name of their marks: ``<!-- gas:NAME -->`` to ``<!-- /gas:NAME -->``."""
    return {
        "table": markdown(figure_tables(snapshot.figures)),
        "checks": markdown(check_tables(snapshot.checks)),
        "short": _short(snapshot.figures),
        "packages": _packages(snapshot.packages),
    }


def renewed(text: str, snapshot: Snapshot) -> str:
    """A page's text with every marked part written anew; a page without marks is left as it is."""
    for name, block in blocks(snapshot).items():
        begin, end = f"<!-- gas:{name} -->", f"<!-- /gas:{name} -->"
        if begin in text:
            before, rest = text.split(begin, 1)
            _, after = rest.split(end, 1)
            text = f"{before}{begin}\n{block}\n{end}{after}"
    return text


def write_pages(snapshot: Snapshot, pages: Sequence[Path] = PAGES) -> None:
    """Writes the tables of the documentation anew."""
    for page in pages:
        text = page.read_text()
        if (made := renewed(text, snapshot)) != text:
            page.write_text(made)
