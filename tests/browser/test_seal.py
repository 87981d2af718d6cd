"""An entry sealed on the page is one that ``ledger`` opens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from ledger.statements.commitments import Opening, verify_opening
from scripts.pages.world import World

OpenPage = Callable[..., Page]


@pytest.mark.parametrize(("lang", "size"), [pytest.param("en", "desktop", marks=pytest.mark.long), ("fa", "phone")])
def test_what_is_sealed_can_be_opened(
    open_page: OpenPage, scene: World, axe: Callable[[Page], list[str]], lang: str, size: str
) -> None:
    campaign = scene.campaigns["judged"].id
    page = open_page("/seal", lang=lang, size=size)
    page.locator("#campaign").fill("not an id")
    page.locator("#work").fill("گنجشک, or a sparrow")
    page.keyboard.press("Tab")
    page.locator("form button").click()
    expect(page.get_by_role("alert")).to_contain_text("not an id")
    expect(page.locator("#campaign")).to_have_attribute("aria-invalid", "true")
    page.locator("#campaign").fill(campaign)
    page.keyboard.press("Enter")
    page.locator("#sealed").wait_for()
    assert not axe(page)
    with page.expect_download() as download:
        page.locator("#opening").click()
    opening = Opening.parse(download.value.path().read_bytes())
    commitment = page.locator("#commitment").inner_text()
    assert verify_opening(opening, commitment) == "گنجشک, or a sparrow"
    preimage = opening.preimage.decode()
    assert f'"contributor":"{page.locator("#contributor_id").inner_text()}"' in preimage
    assert f'"campaign":"{campaign}"' in preimage
    assert f'"log":"{scene.stage.deployment.origin}"' in preimage
    assert page.evaluate("fetch('/health').then(() => 'out', () => 'kept')") == "kept", "the policy lets nothing out"
    page.problems.clear()  # type: ignore[attr-defined]  # the browser reports what its policy stopped
