"""Screenshots of each page: phone and desktop, light and dark, English and Persian where that shows something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page

from ledger.errors import ConfigError
from ledger.wire.members import NewMember, Role
from scripts.pages.browser import SIZES, VARIABLE, find_chromium, running_chromium
from scripts.pages.called import Called
from scripts.pages.connected import connect
from scripts.pages.wallet import Wallet
from scripts.pages.world import World

Size = Literal["phone", "desktop"]
_TALL: Final = {"phone": 1_200, "desktop": 1_600}
"""Pixels of height at most: what is below says no more to who looks at a picture."""
_AUDIT_MS: Final = 120_000


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
    connected: bool = False
    """Whether the platform is connected to others by then."""


def _settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")


def _link(name: str) -> Callable[[World], str]:
    return lambda world: f"/me#link={world.sign_in_token(name)}"


def _drop_receipt(world: World, page: Page) -> None:
    path = world.stage.folder / "receipt.json"
    path.write_bytes(world.receipt("ana"))
    page.set_input_files("input[type=file]", str(path))


def _drop_broken(world: World, page: Page) -> None:
    """A receipt that claims another place in the log, at the step that finds it out."""
    path = world.stage.folder / "broken.json"
    path.write_bytes(re.sub(rb"\\nindex [0-9]+", rb"\\nindex 1", world.receipt("ana")))
    page.set_input_files("input[type=file]", str(path))
    page.locator("[data-verdict=failed]").wait_for()


def _pay(_: World, page: Page) -> None:
    page.locator("nav.tabs a[href='#pay']").click()


def _wallet(_: World, page: Page) -> None:
    page.locator("nav.tabs a[href='#wallet']").click()


def _account(world: World) -> str:
    """The page that says how ana's amount was computed."""
    number = [each.number for each in world.platform.client.settlements()][-1]
    place = world.stage.deployment
    return f"/s/{place.chain_id}/{place.pool}/{number}/{world.people['ana'].address}"


def _run_audit(_: World, page: Page) -> None:
    page.locator("main form button").click()
    page.locator(".checks").wait_for(timeout=_AUDIT_MS)


def _with_key(world: World, page: Page) -> None:
    page.locator("#key").fill(world.key)
    page.keyboard.press("Enter")


def _console(world: World, page: Page) -> None:
    _with_key(world, page)
    page.locator("#part table").wait_for()
    page.wait_for_function("() => !document.querySelector('#part table').textContent.includes('…')")


def _part(*, opened: bool = False) -> Callable[[World, Page], None]:
    """A part of the console in which something stands; ``opened``: what stands last is looked at."""

    def ready(world: World, page: Page) -> None:
        _with_key(world, page)
        page.locator("#part article").first.wait_for()
        if opened:
            page.locator("#part article a.button").last.click()
            page.locator("#part tbody tr").first.wait_for()

    return ready


def _members(world: World, page: Page) -> None:
    """Three people of the platform, one of whom is let in."""
    people: tuple[tuple[str, Role], ...] = (("Ada", "owner"), ("Rita", "reviewer"), ("Tom", "treasurer"))
    for name, role in people:
        world.platform.client.add_member(NewMember(name=name, role=role))
    _with_key(world, page)
    page.locator("#part tbody tr:nth-child(2) button").first.click()
    page.locator("pre.command").wait_for()


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
    Picture("door-phone", lambda _: "/me", "phone", wallet="ana"),
    Picture("me", _link("ana"), wallet="ana"),
    Picture("me-phone-fa", _link("dan"), "phone", "fa", wallet="dan"),
    Picture("me-pay-phone", _link("ana"), "phone", wallet="ana", ready=_pay),
    Picture("me-wallet-phone-dark-fa", _link("ana"), "phone", "fa", True, wallet="ana", ready=_wallet),
    Picture("verify", lambda _: "/verify", ready=_drop_receipt),
    Picture("verify-phone", lambda _: "/verify", "phone", ready=_drop_receipt),
    Picture("verify-broken-phone-dark-fa", lambda _: "/verify", "phone", "fa", True, ready=_drop_broken),
    Picture("audit", lambda _: "/audit"),
    Picture("audit-report", lambda _: "/audit", ready=_run_audit),
    Picture("entries", lambda _: "/entries"),
    Picture("entry", lambda _: "/e/40"),
    Picture("entry-phone-fa", lambda _: "/e/40", "phone", "fa"),
    Picture("tree", lambda _: "/tree"),
    Picture("anchors", lambda _: "/anchors"),
    Picture("settlements", lambda _: "/s"),
    Picture("account", _account),
    Picture("platform", lambda _: "/platform", ready=_console),
    Picture("platform-review", lambda world: f"/platform#review/{world.campaigns['slow'].id}", ready=_reviewing),
    Picture("platform-phone-fa", lambda _: "/platform", "phone", "fa", ready=_console),
    Picture("platform-imports", lambda _: "/platform#imports", connected=True, ready=_part()),
    Picture(
        "platform-imports-phone-dark-fa",
        lambda _: "/platform#imports",
        "phone",
        "fa",
        True,
        connected=True,
        ready=_part(),
    ),
    Picture("platform-hooks", lambda _: "/platform#hooks", connected=True, ready=_part()),
    Picture("platform-endpoints", lambda _: "/platform#endpoints", connected=True, ready=_part()),
    Picture("platform-sendings", lambda _: "/platform#endpoints", connected=True, ready=_part(opened=True)),
    Picture("platform-members", lambda _: "/platform#members", ready=_members),
    Picture("seal", lambda _: "/seal"),
    Picture("docs", lambda _: "/docs"),
)


def take_pictures(world: World, out: Path, only: set[str]) -> Iterator[Path]:
    """Take them into ``out``; each file's path when it is there. Raises ConfigError where there is no browser."""
    program = find_chromium()
    if program is None:
        raise ConfigError("There is no Chromium here.", remedy=f"Install 'chromium', or name one in {VARIABLE}.")
    out.mkdir(parents=True, exist_ok=True)
    with running_chromium(program) as browser, Called().running() as called:
        for picture in PICTURES:
            if not only or picture.name in only:
                if picture.connected:
                    connect(world, called)
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
    clip = {"x": 0.0, "y": 0.0, "width": float(width), "height": float(min(max(tall, height), _TALL[picture.size]))}
    page.screenshot(path=str(to), full_page=True, clip=clip)  # type: ignore[arg-type]
    context.close()
    return to
