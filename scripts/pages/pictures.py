"""Screenshots of each page: phone and desktop, light and dark, English and Persian where that shows something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page

from ledger.errors import ConfigError
from scripts.pages.browser import SIZES, VARIABLE, find_chromium, running_chromium
from scripts.pages.wallet import Wallet
from scripts.pages.world import World

Size = Literal["phone", "desktop"]
_TALL: Final = 2_400
"""Pixels of height at most: what is below says no more to who looks at a picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as somebody sees it. ``ready`` brings it into the state to show, ``path`` says where it is."""

    name: str
    path: Callable[[World], str]
    size: Size = "desktop"
    lang: str = "en"
    dark: bool = False
    ready: Callable[[World, Page], None] | None = None
    wallet: str | None = None


def _settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")


def _link(name: str) -> Callable[[World], str]:
    return lambda world: f"/me#link={world.sign_in_token(name)}"


def _drop_receipt(world: World, page: Page) -> None:
    path = world.stage.folder / "receipt.json"
    path.write_bytes(world.receipt("ana"))
    page.set_input_files("input[type=file]", str(path))


def _pay(_: World, page: Page) -> None:
    page.locator("nav.tabs a[href='#pay']").click()


def _with_key(world: World, page: Page) -> None:
    page.get_by_label("API key").fill(world.key)
    page.keyboard.press("Enter")


def _console(world: World, page: Page) -> None:
    _with_key(world, page)
    page.locator("#part table").wait_for()
    page.wait_for_function("() => !document.querySelector('#part table').textContent.includes('…')")


def _reviewing(world: World, page: Page) -> None:
    _with_key(world, page)
    page.locator("#reviewer").fill("judge-9")
    page.keyboard.press("Enter")


PICTURES: Final = (
    Picture("overview", lambda _: "/"),
    Picture("overview-phone-dark-fa", lambda _: "/", "phone", "fa", True),
    Picture("campaigns", lambda _: "/campaigns"),
    Picture("campaign", lambda world: f"/campaigns/{world.campaigns['quick'].id}"),
    Picture("campaign-phone-fa", lambda world: f"/campaigns/{world.campaigns['slow'].id}", "phone", "fa"),
    Picture("contribution-phone", lambda world: f"/c/{world.contributions['ana', 'quick'][0]}", "phone"),
    Picture("me", _link("ana"), wallet="ana"),
    Picture("me-pay-phone", _link("ana"), "phone", wallet="ana", ready=_pay),
    Picture("me-phone-fa", _link("dan"), "phone", "fa", wallet="dan"),
    Picture("verify", lambda _: "/verify", ready=_drop_receipt),
    Picture("verify-phone-dark", lambda _: "/verify", "phone", dark=True, ready=_drop_receipt),
    Picture("audit", lambda _: "/audit"),
    Picture("entries", lambda _: "/entries"),
    Picture("entry", lambda _: "/e/40"),
    Picture("tree", lambda _: "/tree"),
    Picture("anchors", lambda _: "/anchors"),
    Picture("settlements", lambda _: "/s"),
    Picture("platform", lambda _: "/platform", ready=_console),
    Picture("platform-review", lambda world: f"/platform#review/{world.campaigns['slow'].id}", ready=_reviewing),
    Picture("seal", lambda _: "/seal"),
)


def take_pictures(world: World, out: Path, only: set[str]) -> Iterator[Path]:
    """Take them into ``out``; each file's path when it is there. Raises ConfigError where there is no browser."""
    program = find_chromium()
    if program is None:
        raise ConfigError("There is no Chromium here.", remedy=f"Install 'chromium', or name one in {VARIABLE}.")
    out.mkdir(parents=True, exist_ok=True)
    with running_chromium(program) as browser:
        for picture in PICTURES:
            if not only or picture.name in only:
                yield _take(browser, world, picture, out / f"{picture.name}.png")


def _take(browser: Browser, world: World, picture: Picture, to: Path) -> Path:
    width, height = SIZES[picture.size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale={"en": "en-GB", "fa": "fa-IR"}[picture.lang],
        color_scheme="dark" if picture.dark else "light",
        reduced_motion="reduce",
        device_scale_factor=1,
    )
    if picture.wallet is not None:
        person = world.people[picture.wallet]
        Wallet(person.wallet, world.rpc, world.stage.chain.chain_id).put_into(context)
    page = context.new_page()
    page.goto(world.url + picture.path(world))
    _settled(page)
    if picture.ready is not None:
        picture.ready(world, page)
        _settled(page)
    tall = int(page.evaluate("document.documentElement.scrollHeight"))
    clip = {"x": 0.0, "y": 0.0, "width": float(width), "height": float(min(max(tall, height), _TALL))}
    page.screenshot(path=str(to), full_page=True, clip=clip)  # type: ignore[arg-type]
    context.close()
    return to
