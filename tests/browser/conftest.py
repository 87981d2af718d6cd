"""A real Chromium, a real service with worker and chain, and a world in many states; one of each for this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger.client import Client
from scripts.pages.browser import SIZES, VARIABLE, find_chromium, running_chromium
from scripts.pages.wallet import Wallet
from scripts.pages.world import World, running_world
from tests.browser.console import Ours

_ROOT = Path(__file__).parents[2]
_AXE = _ROOT / "node_modules" / "axe-core" / "axe.min.js"
_VIOLATIONS = """async () => (await axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
})).violations"""  # alone: all that passes is a megabyte on a large page
_ANSWERS = _ROOT / "tests" / "data" / "snow2008-rte.csv"
_PATIENCE_MS = 20_000

OpenPage = Callable[..., Page]
expect.set_options(timeout=_PATIENCE_MS)  # other tests share the machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say it plainly where there is no browser: what a person sees cannot be tested then."""
    if find_chromium() is not None:
        return
    mark = pytest.mark.skip(reason=f"no Chromium on this machine: install 'chromium', or name one in {VARIABLE}")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(mark)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser: this folder's, because Playwright's event loop must not be there when tests with their own run."""
    program = find_chromium()
    assert program is not None
    with running_chromium(program) as browser:
        yield browser


@pytest.fixture(scope="package")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world. Tests change it: each keeps to people of its own (scripts/pages/world.py names them)."""
    with running_world(tmp_path_factory.mktemp("world"), _ANSWERS) as world:
        yield world


@pytest.fixture(scope="module")
def ours(scene: World) -> Iterator[Ours]:
    """A platform of the module's own."""
    with Client(scene.url, scene.stage.admin_key) as operator:
        key = operator.register_platform("Console Ltd").key
    assert key is not None
    with Client(scene.url, key) as client:
        yield Ours(client, key)


@pytest.fixture
def open_page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[OpenPage]:
    """Opens pages: ``open_page("/verify", lang="fa", size="phone", dark=True, wallet=wallet, base=URL)``.

    Fails the test at its end where a page wrote an error to the console, broke its content security policy, or asked
    for something that was not there. A test that provokes one takes it off ``page.problems``.
    """
    opened: list[tuple[Any, Page]] = []

    def open_page(
        path: str,
        *,
        lang: str = "en",
        size: Literal["phone", "desktop"] = "desktop",
        dark: bool = False,
        wallet: Wallet | None = None,
        base: str | None = None,
        wait: Literal["load", "domcontentloaded", "networkidle"] = "load",
    ) -> Page:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            is_mobile=size == "phone",
            has_touch=size == "phone",
            locale={"en": "en-GB", "fa": "fa-IR"}.get(lang, lang),
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(_PATIENCE_MS)
        if wallet is not None:
            wallet.put_into(context)
        page = context.new_page()
        problems: list[str] = []
        page.problems = problems  # type: ignore[attr-defined]
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        opened.append((context, page))
        page.goto((base or request.getfixturevalue("scene").url) + path, wait_until=wait)
        return page

    yield open_page
    found = [problem for _, page in opened for problem in page.problems]  # type: ignore[attr-defined]
    for context, _ in opened:
        context.close()
    assert not found, "\n".join(found)


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """The serious and critical findings of axe on a page, a line each; put in as a script that no policy stops."""
    source = _AXE.read_text()

    def axe(page: Page) -> list[str]:
        page.evaluate(source)
        found = page.evaluate(_VIOLATIONS)
        return [
            f"{each['id']} ({each['impact']}): {each['help']}: "
            + "; ".join(
                node["html"][:160] + " " + str(node.get("failureSummary", ""))[:300] for node in each["nodes"][:3]
            )
            for each in found
            if each["impact"] in ("serious", "critical")
        ]

    return axe


@pytest.fixture
def wallet_of(scene: World) -> Callable[[str], Wallet]:
    """A person's wallet, on the scene's chain."""
    return lambda name: Wallet(scene.people[name].wallet, scene.rpc, scene.stage.chain.chain_id)
