"""Public pages in front of a log of a million entries: each drawn within a second, by a browser that never saw it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser

from ledger.client import Client
from scripts.bench.loading import LoadedLog, copy_of, sqlite_log
from scripts.bench.service import wait_until_ready

pytestmark = pytest.mark.long

SIZE = 1_000_000
MOST_MS = 1_000
MOST_BYTES = 200_000
ROUNDS = 5
_BUILD = Path(__file__).parents[2] / "build" / "bench"
_TIMES = """() => {
  const [page] = performance.getEntriesByType('navigation');
  const [paint] = performance.getEntriesByName('first-contentful-paint');
  const all = performance.getEntriesByType('resource').concat(page);
  const weight = all.reduce((sum, each) => sum + each.transferSize, 0);
  return [page.responseStart, paint?.startTime ?? Infinity, page.loadEventEnd, weight];
}"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a page came: milliseconds to its first byte, to its first content drawn and to its load event; its bytes."""

    times: tuple[float, float, float]
    weight: int


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedLog]:
    """The log of ``make bench``, made by the engine where it is not there yet (some 10 minutes); a copy of it."""
    folder = tmp_path_factory.mktemp("large") / "log"
    yield copy_of(sqlite_log(_BUILD, SIZE), folder)
    shutil.rmtree(folder)


def paths(campaign: str) -> list[str]:
    return [
        *("/", "/campaigns", "/campaigns?show=all", f"/campaigns/{campaign}"),
        *("/entries", "/entries?kind=decision.made", f"/entries?campaign={campaign}", "/entries?kind=campaign.opened"),
        *("/entries?before=500000", f"/e/{SIZE // 2}", f"/e/{SIZE - 1}", "/tree", "/tree?entry=777777"),
        *("/anchors", "/s", "/audit", "/verify", "/me", "/platform", "/seal", "/docs"),
    ]


def visit(chromium: Browser, url: str) -> Drawn:
    """With empty caches, on a phone's screen."""
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(url, wait_until="load")
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length > 0")
    *times, weight = page.evaluate(_TIMES)
    context.close()
    return Drawn(tuple(times), weight)


def test_every_page_is_drawn_within_a_second(chromium: Browser, large: LoadedLog) -> None:
    """The first visit after the service has started, when nothing is kept yet, is told and not judged."""
    wanted = paths(large.account.campaign)
    with large.site.server() as server:
        url = f"http://127.0.0.1:{server.port}"
        with Client(url, large.account.key) as client:
            wait_until_ready(client)
        first = {path: visit(chromium, url + path) for path in wanted}
        rounds = [{path: visit(chromium, url + path) for path in wanted} for _ in range(ROUNDS)]
    print(f"\n{'page':60} {'first visit':>23} {'median of ' + str(ROUNDS):>23} {'bytes':>8}")
    print(f"{'':60} {'byte':>7} {'drawn':>7} {'load':>7} {'byte':>7} {'drawn':>7} {'load':>7}")
    slow = []
    for path in wanted:
        own = [each[path] for each in rounds]
        usual = [median(each.times[kind] for each in own) for kind in range(3)]
        weight = first[path].weight
        print(f"{path:60} " + " ".join(f"{each:7.0f}" for each in (*first[path].times, *usual)) + f" {weight:8}")
        if usual[1] > MOST_MS or weight > MOST_BYTES:
            slow.append(path)
    assert not slow
