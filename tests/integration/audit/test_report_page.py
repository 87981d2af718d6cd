"""The figures of a report that come from the chain: how long entries waited, and what pay is counted in."""

from __future__ import annotations

from ledger.audit.pages.figures import DELAYS_SECONDS, Figures, figures_of
from ledger.audit.pages.page import report_page
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.statements.decisions import DecisionMade
from ledger.statements.values import time_ms
from tests.integration.audit.staged import Staged, altered, index_of


def figures(staged: Staged, name: str, entries: list[bytes] | None = None) -> tuple[Figures, str]:
    """What is drawn of a log, and its page."""
    found: list[Figures] = []
    report = audit(
        FolderSource(staged.publish(name, entries)),
        node=staged.node,
        seen=lambda replay, chain: found.append(figures_of(replay, chain)),
    )
    page = report_page(report, found[0], language="en", at_ms=staged.tell.now_ms).decode()
    return found[0], page


def test_every_anchored_entry_waited_for_its_anchor(staged: Staged) -> None:
    staged.tell.tick()
    drawn, page = figures(staged, "good")
    sizes = [anchor.size for anchor in staged.anchors]
    assert [size for _, size in drawn.anchors] == sizes
    times = [staged.node.block(anchor.block).timestamp * 1000 for anchor in staged.anchors]
    assert [at for at, _ in drawn.anchors] == times
    assert (sum(drawn.delays), drawn.waiting) == (sizes[-1], 1)
    expected = [0] * (len(DELAYS_SECONDS) + 1)
    begin = 0
    for end, at in zip(sizes, times, strict=True):
        for statement in staged.tell.entries[begin:end]:
            waited = at - time_ms(statement.at)
            expected[sum(waited > bound * 1000 for bound in DELAYS_SECONDS)] += 1
        begin = end
    assert list(drawn.delays) == expected
    (pay,) = drawn.pay
    assert (pay.unit.name, pay.unit.decimals) == ("CLDEV", 18)
    assert "CLDEV" in page
    assert "How long entries waited" in page


def test_of_anchors_that_are_not_the_logs_nothing_is_drawn(staged: Staged) -> None:
    drawn, page = figures(staged, "bad", altered(staged, index_of(staged, DecisionMade), verdict="rejected"))
    assert (drawn.anchors, drawn.delays, drawn.waiting) == ((), (), 0)
    assert "How long entries waited" not in page
    assert "<h1>Failed" in page
