"""Alarms and metrics have the same names in the code that raises them, in what is shown, and in docs/operations.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import sqlalchemy as sa
from prometheus_client.core import CounterMetricFamily

from api import metrics
from api.metrics import Figures, OfWriter
from api.reads.sendings import Outbox
from api.reads.worker import SILENT, Account, Lease, Node, Report
from api.traffic import Traffic
from ledger.db.tables import metadata
from ledger.errors import LIMITS
from ledger.wire import ALARMS
from ledger.worker import reporting
from ledger.worker.ports import PlanReason

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "operations.md").read_text()
OF_PROCESS = ("crowdledger_requests", "crowdledger_request_seconds", "crowdledger_limited")
PARTS = ("Means", "Shows", "Do", "If nothing is done")


def raised() -> set[str]:
    """The names in the worker's own table of alarms."""
    (method,) = (
        node
        for node in ast.walk(ast.parse(Path(reporting.__file__).read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "_alarms"
    )
    tables = [node for node in ast.walk(method) if isinstance(node, ast.Dict)]
    return {str(key.value) for table in tables for key in table.keys if isinstance(key, ast.Constant)}


def test_alarms_have_one_set_of_names() -> None:
    assert len(set(ALARMS)) == len(ALARMS)
    assert raised() | {SILENT} == set(ALARMS)


def test_every_alarm_has_a_section_that_says_what_to_do() -> None:
    sections = dict(re.findall(r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
    assert set(sections) == set(ALARMS)
    for name, text in sections.items():
        assert re.findall(r"^\*\*(.+)\.\*\*", text, re.MULTILINE) == list(PARTS), name
        assert f"[{name}](#{name})" in PAGE[: PAGE.index("## The worker")]


def test_every_reason_of_a_plan_is_explained() -> None:
    table = PAGE[PAGE.index("| reason |") : PAGE.index("## The lease")]
    assert set(re.findall(r"`([a-z-]+)`", table.partition("\n|---")[2])) >= set(get_args(PlanReason))


def test_the_queries_of_the_page_are_answered() -> None:
    queries = re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert queries
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        for query in queries:
            assert connection.execute(sa.text(query)).all() == []


def test_every_limit_is_named() -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| `crowdledger_limited_total")]
    for limit in LIMITS:
        assert re.search(rf"\b{limit}\b", row), limit


def test_the_table_of_metrics_is_what_is_shown() -> None:
    node, account = Node(shown="n", aside="", lag_blocks=1), Account(role="operator", address="0x1", balance=1)
    report = Report(at_ms=0, plan=None, nodes=[node], accounts=[account], alarms=[])
    figures = Figures(
        log="main",
        size=1,
        anchored=0,
        oldest_ms=0,
        pending=0,
        replaced=0,
        deliveries={"dead": 1},
        refused={"forged": 1},
        outbox=Outbox({"failing": 1}, {"dead": 1}, 1, 0),
        lease=Lease("a", 1),
        report=report,
        alarms=[],
    )
    shown = set()
    traffic = Traffic()
    traffic.answered(200, 0.1)
    families = [
        *metrics.Families([figures], now_ms=0).collect(),
        *metrics.OfProcess(traffic, {"main": OfWriter(1, 1)}).collect(),
    ]
    for family in families:
        (labels,) = {frozenset(sample.labels) - {"le"} for sample in family.samples}
        suffix = "_total" if isinstance(family, CounterMetricFamily) else ""
        assert "log" in labels or family.name in OF_PROCESS
        shown.add((family.name + suffix, labels - {"log"}))
    told = re.findall(r"^\| `(crowdledger_\w+)(?:\{([a-z,]+)\})?` \|", PAGE, re.MULTILINE)
    assert {(name, frozenset(labels.split(",")) - {""}) for name, labels in told} == shown
