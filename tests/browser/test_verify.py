"""Receipts checked on the page, and on the page that was saved: right ones and broken ones, whoever checks them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from ledger.client import Client
from ledger.wire.people import NewSession
from scripts.pages.world import World

OpenPage = Callable[..., Page]
Axe = Callable[[Page], list[str]]
LOG_STEPS = ["format", "key", "signature", "inclusion", "statement"]


@pytest.fixture
def receipt(scene: World, tmp_path: Path) -> Path:
    path = tmp_path / "receipt.json"
    path.write_bytes(scene.receipt("fay"))
    return path


def give(page: Page, *paths: Path) -> None:
    page.locator("input[type=file]").set_input_files(paths)
    page.locator(".result").wait_for()


def steps(page: Page) -> dict[str, str]:
    """Verdicts by step, as the page shows them."""
    found: list[list[str]] = page.locator("[data-step]").evaluate_all(
        "items => items.map((item) => [item.dataset.step, item.dataset.verdict])"
    )
    return dict(found)


def no_wider(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def broken(receipt: Path, **changed: str) -> Path:
    """The receipt with lines of its proof changed: what they begin with -> what stands there instead."""
    members = json.loads(receipt.read_bytes())
    lines = members["proof"].split("\n")
    for begin, other in changed.items():
        lines = [other if line.startswith(f"{begin} ") else line for line in lines]
    path = receipt.with_name(f"broken-{'-'.join(changed)}.json")
    path.write_text(json.dumps({**members, "proof": "\n".join(lines)}, separators=(",", ":"), ensure_ascii=False))
    return path


def test_a_receipt_and_its_anchor(open_page: OpenPage, scene: World, receipt: Path, axe: Axe) -> None:
    page = open_page("/verify")
    assert not axe(page)
    give(page, receipt)
    assert steps(page) == dict.fromkeys(LOG_STEPS, "ok") | {"key": "unproven", "anchor": "ok", "chain": "skipped"}
    expect(page.get_by_role("heading", level=2)).to_have_text("This receipt is right, if its key is the log's")
    assert page.locator(".picture").count() == 2
    page.get_by_text("Check more").click()
    page.get_by_label("A node of the chain").fill(scene.rpc)
    page.get_by_role("button", name="Ask this node").click()
    page.locator("[data-step='key-on-chain'][data-verdict=ok]").wait_for()
    expect(page.get_by_role("heading", level=2)).to_have_text("This receipt is right")
    assert steps(page)["chain"] == "ok"
    for summary in page.get_by_text("What this proves").all():
        summary.click()
    assert not axe(page)
    page.get_by_label("The keys that this service publishes").check()
    page.locator("[data-step=key][data-verdict=ok]").wait_for()
    assert set(steps(page).values()) == {"ok"}


def test_keys_alone_lead_through_the_page(open_page: OpenPage, receipt: Path) -> None:
    """Nothing needs a mouse: the files, what is unfolded, the choice of the key, and starting over."""
    page = open_page("/verify")
    page.on("filechooser", lambda chooser: chooser.set_files(receipt))  # heard of long before a key is pressed
    expect(page.get_by_text("Choose a receipt")).to_be_visible()
    page.locator("main").focus()
    page.keyboard.press("Tab")
    expect(page.locator("input[type=file]")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator(".result").wait_for()
    page.get_by_text("Check more").focus()
    page.keyboard.press("Enter")
    page.get_by_label("I take the receipt's own word").focus()
    page.keyboard.press("ArrowDown")
    page.locator("[data-step=key][data-verdict=ok]").wait_for()
    page.get_by_role("button", name="Check another one").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".result")).to_have_count(0)
    assert page.evaluate("document.activeElement.type") == "file"


def test_a_broken_receipt_on_a_phone_in_persian(open_page: OpenPage, receipt: Path, axe: Axe) -> None:
    page = open_page("/verify", lang="fa", size="phone", dark=True)
    assert page.evaluate("document.documentElement.dir") == "rtl"
    give(page, broken(receipt, index="index 1"))
    assert steps(page) == {
        "format": "ok", "key": "unproven", "signature": "ok", "inclusion": "failed",
        "statement": "unreached", "anchor": "unreached", "chain": "unreached",
    }  # fmt: skip
    assert page.locator(".picture .bad").count() > 0
    assert no_wider(page)
    assert not axe(page)
    give(page, broken(receipt, **{"—": "— nobody AAAAAAAAAA=="}))
    expect(page.locator("[data-verdict=failed]")).to_have_attribute("data-step", "signature")
    words = page.locator("[data-step=signature]").inner_text()
    assert "signature" not in words, "it is said in Persian"


def test_an_opening_and_a_file_that_is_no_work(open_page: OpenPage, scene: World, receipt: Path) -> None:
    opening = receipt.with_name("mine.json")
    opening.write_bytes(scene.opening("fay"))
    page = open_page("/verify", size="phone")
    give(page, receipt, opening)
    assert steps(page)["opening"] == "ok"
    expect(page.locator("[data-step=opening]")).to_contain_text("extra-0")
    photo = receipt.with_name("photo.png")
    photo.write_bytes(b"\x89PNG, and more")
    page.locator("input[type=file]").set_input_files(photo)
    page.locator("[data-step=file][data-verdict=failed]").wait_for()
    assert steps(page)["anchor"] == "unreached"
    assert no_wider(page)
    page.get_by_role("button", name="Remove photo.png").click()
    page.locator("[data-step=anchor][data-verdict=ok]").wait_for()


def test_a_proof_needs_a_key(open_page: OpenPage, scene: World, tmp_path: Path) -> None:
    path = tmp_path / "entry.tlog-proof"
    path.write_bytes(httpx.get(f"{scene.url}/v1/entries/3/proof").content)
    page = open_page("/verify")
    give(page, path)
    assert steps(page) == {"format": "ok", "key": "skipped", "signature": "skipped"} | dict.fromkeys(
        ["inclusion", "statement"], "ok"
    ) | {"anchor": "skipped"}
    expect(page.get_by_role("heading", level=2)).to_have_text("This could not be checked to the end")
    page.get_by_text("Check more").click()
    page.get_by_label("The keys that this service publishes").check()
    page.locator("[data-step=signature][data-verdict=ok]").wait_for()
    page.get_by_label("A key that I know from elsewhere").check()
    page.get_by_label("The log's key", exact=True).fill("nobody+00000000+AAAA")
    page.keyboard.press("Tab")
    expect(page.get_by_role("status").first).to_contain_text("not an Ed25519 key")


@pytest.mark.parametrize("name", ["no node", "a node that lies"])
def test_a_node_that_is_of_no_use(open_page: OpenPage, scene: World, receipt: Path, name: str) -> None:
    page = open_page("/verify")
    if name == "a node that lies":
        page.route(
            "http://127.0.0.1:9/", lambda route: route.fulfill(json={"jsonrpc": "2.0", "id": 1, "result": "0x1"})
        )
    give(page, receipt)
    page.get_by_text("Check more").click()
    page.get_by_label("A node of the chain").fill("http://127.0.0.1:9/")
    page.keyboard.press("Enter")
    verdict, step = ("unable", "chain") if name == "no node" else ("failed", "chain_id")
    page.locator(f"[data-verdict={verdict}]").wait_for()
    assert [each for each, found in steps(page).items() if found == verdict] == [step]
    page.problems.clear()  # type: ignore[attr-defined]  # the browser reports the connection that was refused


def test_a_browser_that_lacks_something_says_so(open_page: OpenPage, receipt: Path) -> None:
    """Without Ed25519 the rest is checked; without WebCrypto nothing is. Neither says that the receipt is broken."""
    page = open_page("/verify")
    refused = "() => Promise.reject(new DOMException('', 'NotSupportedError'))"
    page.evaluate(f"() => {{ crypto.subtle.importKey = {refused}; }}")
    give(page, receipt)
    assert steps(page)["signature"] == "unable"
    assert steps(page)["anchor"] == "ok"
    expect(page.get_by_role("heading", level=2)).to_have_text("This could not be checked to the end")
    page.evaluate("() => { Object.defineProperty(crypto, 'subtle', { value: undefined }); }")
    give(page, receipt)
    page.locator("[data-step=format][data-verdict=unable]").wait_for()
    expect(page.get_by_role("status").last).to_contain_text("only on pages with https")


def test_the_page_that_was_saved_needs_nobody(chromium: Browser, scene: World, receipt: Path) -> None:
    saved = receipt.with_name("crowdledger-verify.html")
    saved.write_bytes(httpx.get(f"{scene.url}/verify.html", headers={"accept-language": "fa"}).content)
    context = chromium.new_context()
    context.set_offline(True)
    page = context.new_page()
    problems: list[Any] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
    page.goto(saved.as_uri())
    give(page, receipt)
    assert [step for step, verdict in steps(page).items() if verdict == "ok"] == [
        "format", "signature", "inclusion", "statement", "anchor",
    ]  # fmt: skip
    assert page.locator("a[href^='/'], a[href^='http']").count() == 0
    give(page, broken(receipt, index="index 2"))
    assert steps(page)["inclusion"] == "failed"
    assert not problems
    context.close()


def test_a_link_names_the_receipt(open_page: OpenPage, scene: World) -> None:
    contribution = scene.contributions["fay", "quick"][0]
    page = open_page(f"/verify#receipt=/v1/contributions/{contribution}/receipt")
    page.locator(".result").wait_for()
    assert steps(page)["inclusion"] == "ok"
    page.get_by_role("link", name="See the entry in the log").click()
    page.wait_for_url("**/e/*")


def test_a_certificate(open_page: OpenPage, scene: World, tmp_path: Path, axe: Axe) -> None:
    session = scene.platform.client.open_session(NewSession(token=scene.sign_in_token("fay")))
    with Client(scene.url, session.token) as fay:
        data = fay.certificate(scene.campaigns["quick"].id)
    path = tmp_path / "certificate.json"
    path.write_bytes(data)
    page = open_page("/verify", size="phone")
    give(page, path)
    expect(page.get_by_role("heading", level=2)).to_have_text("This certificate is right, if the key is the log's")
    expect(page.locator(".figures dd").first).to_have_text("3")
    assert no_wider(page)
    assert not axe(page)
    path.write_bytes(data.replace(b'"accepted":3', b'"accepted":2'))
    page.locator("input[type=file]").set_input_files(path)
    expect(page.get_by_role("status").first).to_contain_text("figures do not follow")
