"""The audit report as a file in a real browser: no request, no fault of accessibility, no label on another."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page
from typer.testing import CliRunner

from ledger.audit.pages.language import Language
from ledger.cli import app
from ledger.pictures import Event, Picture, bars, columns, growth, stacked, style, timeline
from ledger.statements import kinds
from ledger.tree.keys import LogSigner
from tests.browser.conftest import OpenPage
from tests.unit.audit import logs
from tests.unit.book import story

NARROWEST_PX = 280
OVERLAPS = """() => [...document.querySelectorAll("div")].flatMap((place, number) => {
  const room = place.getBoundingClientRect();
  const labels = [...place.querySelectorAll("text")].map((each) => [each.textContent, each.getBoundingClientRect()]);
  return labels.flatMap(([words, box], index) => [
    ...(box.left < room.left - 2 || box.right > room.right + 2 ? [`${number}: ${words} stands out`] : []),
    ...labels.slice(0, index).filter(([, other]) =>
      Math.min(box.right, other.right) - Math.max(box.left, other.left) > 0 &&
      Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 5
    ).map(([other]) => `${number}: ${words} on ${other}`),
  ]);
})"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the report on a log that is wrong in several ways, in both languages."""
    folder = tmp_path_factory.mktemp("reports")
    signer = LogSigner.generate(story.ORIGIN)
    entries = logs.a_story(signer, 60, paid=True)
    again = kinds.encode(msgspec.structs.replace(kinds.parse(entries[1]), at=kinds.parse(entries[-1]).at))
    logs.publish(folder / "log", [*entries[:9], b'{"v":2}', *entries[10:], again], signer)
    for language in ("en", "fa"):
        page = folder / f"{language}.html"
        done = CliRunner().invoke(app, ["audit", str(folder / "log"), "--report", str(page), "--lang", language])
        assert done.exit_code == 1
    return folder


@pytest.mark.parametrize(
    ("language", "size", "dark"),
    [
        pytest.param("en", "desktop", False, marks=pytest.mark.long),
        ("en", "phone", True),
        pytest.param("fa", "phone", False, marks=pytest.mark.long),
    ],
)
def test_the_report_is_pleasant_for_everybody(
    reports: Path, open_page: OpenPage, axe: Callable[[Page], list[str]], language: str, size: str, dark: bool
) -> None:
    address = (reports / f"{language}.html").as_uri()
    asked: list[str] = []
    page = open_page("", base="about:blank", lang=language, size=size, dark=dark)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    assert asked == [address]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("h1").bounding_box()["y"] < 200  # type: ignore[index]
    assert page.locator("figure svg").count() >= 3
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.picture .line')).fill") == "none"
    )  # the style is in force
    assert axe(page) == []
    page.emulate_media(media="print")
    assert not page.locator("figure details").first.is_visible()
    assert page.locator(".group.error").is_visible()


def drawn(chance: random.Random) -> Iterator[Picture]:
    """Pictures of all sorts, from figures of all sizes."""
    for language in (Language("en"), Language("fa")):
        for _ in range(16):
            count, most = chance.choice([1, 2, 3, 8, 30]), chance.choice([5, 1000, 10**6, 10**13])
            begin, span = 1_790_000_000_000, chance.choice([1000, 3_600_000, 3 * 86_400_000, 400 * 86_400_000])
            times = [begin + chance.randrange(span) for _ in range(count)]
            figures = [chance.randrange(most) for _ in range(count)]
            name = chance.choice(["پردازش تصویرهای خیابانی در شهر تهران", "Birds of Lyon, seen twice"])
            words: dict[str, Any] = {"title": language.text("People"), "desc": ""}
            labels, number = language.labels(), language.number
            keys = [language.text(each) for each in ("Accepted", "Rejected", "Needs more work")]
            points = list(zip(times, figures, strict=True))
            events = [Event(at, number(each), name, "/") for at, each in points]
            yield growth(points, labels=labels, **words)
            yield columns([(language.date(at), each) for at, each in points], shown=number, **words)
            yield bars([(name, each) for each in figures], shown=number, **words)
            yield stacked([(name, (each, each // 2, 1)) for each in figures[:3]], keys=keys, shown=number, **words)
            yield timeline(events, labels=labels, **words)


def test_no_label_stands_on_another_in_a_real_font(open_page: OpenPage) -> None:
    places = "".join(f"<div>{picture}</div>" for picture in drawn(random.Random(7)))
    page = open_page("", base="about:blank")
    page.set_content(f"<style>div {{ width: {NARROWEST_PX}px; margin: 20px; }} {style()}</style>{places}")
    assert page.evaluate(OVERLAPS) == []
