"""The console's webhooks, by keyboard: a platform calls us, we call a server; what came, and what was sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from ledger.wire.endpoints import NewEndpoint
from ledger.wire.hooks import NewHook
from scripts.pages.called import Called
from tests.browser.console import Ours, enter

DELIVERIES = Path(__file__).parents[1] / "data" / "connectors" / "label-studio" / "ls-1.23.2-webhooks.jsonl"
OpenPage = Callable[..., Page]
Axe = Callable[[Page], list[str]]


@pytest.fixture
def called() -> Iterator[Called]:
    with Called().running() as found:
        yield found


def press(button: Locator) -> None:
    """As somebody does who has no mouse."""
    button.focus()
    button.press("Enter")


def look_again_until(page: Page, holds: Callable[[], bool]) -> None:
    """What came is shown as it was when somebody looked, and the service takes its time."""
    for _ in range(40):
        press(page.get_by_role("button", name="Look again"))
        page.wait_for_timeout(250)
        if holds():
            return


def test_a_platform_calls_us(ours: Ours, open_page: OpenPage) -> None:
    ours.campaign("Taken from elsewhere")
    page = open_page("/platform#hooks")
    enter(page, ours.key)
    page.get_by_label("Platform", exact=True).select_option("Label Studio")
    page.get_by_label("Into the campaign").select_option("Taken from elsewhere")
    press(page.get_by_role("button", name="Make the webhook"))
    shown = page.locator(".notice pre.command")
    expect(shown).to_have_count(2)
    url, secret = shown.all_inner_texts()
    card = page.get_by_role("article", name="Label Studio")
    expect(card.locator("pre.command")).to_have_text(url)

    bodies = [json.dumps(json.loads(line)["body"]) for line in DELIVERIES.read_text().splitlines()]
    genuine = {"X-CrowdLedger-Secret": secret, "Content-Type": "application/json"}
    for body in bodies:
        assert httpx.post(url, content=body, headers=genuine).status_code == 200
    assert httpx.post(url, content=bodies[0], headers=genuine | {"X-CrowdLedger-Secret": "x" * 20}).status_code == 401
    assert httpx.post(url, content='{"action": "ANNOTATION_CREATED", "task": 3}', headers=genuine).status_code == 200
    press(card.get_by_role("link", name="What came"))
    page.wait_for_function("() => document.querySelectorAll('#part tbody tr').length === 6")
    waiting, failed = page.get_by_role("cell", name="waiting"), page.get_by_role("row").filter(has_text="not recorded")
    look_again_until(page, lambda: waiting.count() == 0)
    expect(page.locator("tbody .tag.good")).to_have_count(5)
    entry = page.locator("tbody a").last.get_attribute("href")
    assert entry is not None
    assert httpx.get(url.partition("/v1/")[0] + f"/v1{entry.replace('/e/', '/entries/')}").status_code == 200
    expect(failed.get_by_role("cell").nth(3)).not_to_be_empty()
    with page.expect_response(lambda reply: reply.request.method == "GET" and "/deliveries" in reply.url):
        press(page.get_by_role("button", name="again").nth(1))  # the first one looks, this one tries
    look_again_until(page, lambda: failed.count() == 1)
    expect(failed).to_have_count(1)

    press(page.get_by_role("link", name="All webhooks in"))
    expect(shown).to_have_count(0)
    press(card.get_by_text("New secret"))
    press(card.get_by_role("button", name="Put it in force"))
    expect(shown).to_have_count(2)
    assert shown.nth(1).inner_text() != secret
    expect(card.get_by_text("The secret before is good until")).to_be_visible()
    assert httpx.post(url, content=bodies[0], headers=genuine).status_code == 200, "for a day"
    press(card.get_by_role("button", name="Remove"))
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    press(page.get_by_role("button", name="Remove it"))
    expect(card).to_have_count(0)
    assert httpx.post(url, content=bodies[0], headers=genuine).status_code == 401


def test_what_cannot_be_made_says_why(ours: Ours, open_page: OpenPage) -> None:
    ours.campaign("Asked back")
    page = open_page("/platform#hooks")
    enter(page, ours.key)
    page.get_by_label("Platform", exact=True).select_option("PYBOSSA")
    page.get_by_label("Into the campaign").select_option("Asked back")  # a browser sends no form before there is one
    press(page.get_by_role("button", name="Make the webhook"))
    expect(page.get_by_role("alert")).to_contain_text("base_url")
    page.problems.clear()  # type: ignore[attr-defined]


@pytest.mark.long
def test_we_call_a_server(ours: Ours, open_page: OpenPage, called: Called) -> None:
    page = open_page("/platform#endpoints")
    enter(page, ours.key)
    page.get_by_label("Its address").fill(called.url)
    page.get_by_label("A note for yourself").fill("Ours")
    press(page.get_by_text("Only of some events"))
    page.get_by_label("Contribution recorded").focus()
    page.keyboard.press("Space")
    press(page.get_by_role("button", name="Make the webhook"))
    secret = page.locator(".notice pre.command").inner_text()
    assert secret.startswith("whsec_")
    card = page.get_by_role("article", name=called.url)
    expect(card.get_by_text("Contribution recorded")).to_be_visible()
    press(card.get_by_role("button", name="Send a test"))
    expect(card.get_by_role("status")).to_contain_text("The test arrived: 200")
    called.status = 500
    press(card.get_by_role("button", name="Send a test"))
    expect(card.get_by_role("status")).to_contain_text("The test did not arrive.")
    called.status = 200

    sent = ours.send(ours.campaign("Told"), {"label": "robin"})
    press(card.get_by_role("link", name="What was sent"))
    row = page.get_by_role("row").filter(has_text="Contribution recorded")
    for _ in range(80):
        if row.filter(has_text="arrived").count():
            break
        press(page.get_by_role("button", name="Look again"))
        page.wait_for_timeout(250)
    expect(row.filter(has_text="arrived")).to_have_count(1)
    headers, body = called.took[-1]
    event = json.loads(body)
    assert (event["type"], event["data"]["contribution"]) == ("contribution.recorded", sent)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    made = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert f"v1,{base64.b64encode(made).decode()}" in headers["webhook-signature"].split(" ")

    count = len(called.took)
    page.get_by_label("All events behind number").fill(str(event.get("number", 1) - 1))
    press(page.get_by_role("button", name="Send them again"))
    expect(page.get_by_text("They are sent again, one after the other.")).to_be_visible()
    for _ in range(80):
        if len(called.took) > count:
            break
        page.wait_for_timeout(250)
    assert called.took[-1][0]["webhook-id"] == headers["webhook-id"]

    press(page.get_by_role("link", name="All webhooks out"))
    press(card.get_by_role("button", name="New secret"))
    press(page.get_by_role("button", name="Make it"))
    expect(card.get_by_text("The secret before signs too until")).to_be_visible()
    press(card.get_by_role("button", name="Turn off"))
    expect(card.locator(".title .tag")).to_have_text("off")
    press(card.get_by_role("button", name="Turn on"))
    expect(card.locator(".title .tag")).to_have_text("on")
    press(card.get_by_role("button", name="Remove"))
    press(page.get_by_role("button", name="Remove it"))
    expect(card).to_have_count(0)


@pytest.mark.long
@pytest.mark.parametrize(("lang", "size", "dark"), [("fa", "phone", False)])
def test_everybody_can_read_it(
    ours: Ours, open_page: OpenPage, axe: Axe, called: Called, lang: str, size: str, dark: bool
) -> None:
    campaign = ours.campaign("پرنده‌ها")
    hook = ours.client.make_hook(NewHook(connector="label-studio", campaign=campaign))
    endpoint = ours.client.make_endpoint(NewEndpoint(url=f"{called.url}/{'x' * 300}", types=["claim.paid"]))
    headers = {"X-CrowdLedger-Secret": hook.secret, "Content-Type": "application/json"}
    assert httpx.post(hook.url, content='{"action": "NEWS"}', headers=headers).status_code == 200
    page = open_page(f"/platform?lang={lang}#hooks", lang=lang, size=size, dark=dark)
    page.locator("#key").fill(ours.key)
    page.keyboard.press("Enter")
    for place in ("hooks", f"hooks/{hook.id}", "endpoints", f"endpoints/{endpoint.id}"):
        page.evaluate("place => { location.hash = place }", place)
        page.wait_for_load_state("networkidle")
        assert axe(page) == [], place
        assert page.evaluate("document.documentElement.scrollWidth <= screen.width"), place
    ours.client.remove_endpoint(endpoint.id)
