"""Getting what was earned in a real browser: by a wallet of one's own and relayed; paid on the chain either way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from scripts.pages.wallet import Wallet
from scripts.pages.world import TOKEN, World

EARNED = 6 * TOKEN
MAINNET = 1


def balance(scene: World, name: str) -> int:
    return scene.people[name].balance(scene.stage.node, scene.stage.deployment.token)


def pay_of(page: Page) -> None:
    page.locator("nav.tabs a[href='#pay']").click()


def test_by_a_wallet_that_must_switch_its_chain(
    scene: World, open_page: Callable[..., Page], wallet_of: Callable[[str], Wallet], axe: Callable[[Page], list[str]]
) -> None:
    wallet = wallet_of("ida")
    wallet.chain_id = MAINNET
    page = open_page("/me", wallet=wallet)
    page.get_by_role("button", name="Sign in with Pocket").click()
    pay_of(page)
    expect(page.get_by_role("heading", name="Ready for you")).to_be_visible()
    expect(page.locator(".sum")).to_have_text("6\u00a0CLDEV")
    assert axe(page) == []

    wallet.refuses = True
    page.get_by_role("button", name="Get it with Pocket").click()
    expect(page.get_by_role("alert")).to_contain_text("You said no in the wallet, so nothing happened.")
    wallet.refuses = False
    wallet.asked.clear()
    page.get_by_role("button", name="Get it with Pocket").click()
    expect(page.locator(".notice.good")).to_contain_text("Paid: 6\u00a0CLDEV")
    assert wallet.asked[:5] == [
        "eth_requestAccounts",
        "eth_chainId",
        "wallet_switchEthereumChain",
        "eth_chainId",
        "eth_sendTransaction",
    ]
    assert wallet.chain_id == scene.stage.chain.chain_id
    assert balance(scene, "ida") == EARNED
    payment = page.locator(".payments li")
    expect(payment).to_have_count(1)
    expect(payment).to_contain_text("6\u00a0CLDEV")
    shown = payment.locator("code").last.get_attribute("title") or ""
    receipt = scene.stage.node.receipt(shown)
    assert receipt is not None
    assert (receipt.succeeded, receipt.sender) == (True, scene.people["ida"].address)
    assert page.get_by_role("heading", name="Ready for you").count() == 0


def test_relayed_on_a_phone_in_persian(
    scene: World, open_page: Callable[..., Page], axe: Callable[[Page], list[str]]
) -> None:
    """By a link, with no wallet in the browser and no coin for gas."""
    page = open_page(f"/me#link={scene.sign_in_token('jon')}", lang="fa", size="phone", dark=True)
    pay_of(page)
    expect(page.locator(".sum")).to_contain_text("۶\u00a0CLDEV")
    assert axe(page) == []
    page.locator("section.ready button").click()
    expect(page.locator(".notice.good")).to_contain_text("۶\u00a0CLDEV")
    assert balance(scene, "jon") == EARNED
    expect(page.locator(".payments li")).to_have_count(1)
    left = scene.stage.chain.rpc("eth_getBalance", scene.people["jon"].address, "latest")
    assert int(left, 16) == TOKEN, "the relayer paid the gas"


def test_several_wallets_are_paid_by_one_transaction(
    scene: World, open_page: Callable[..., Page], wallet_of: Callable[[str], Wallet]
) -> None:
    """fay was paid to one wallet, linked another, and gets what waits for both: ``claimMany`` by the page's encoder."""
    mine = [scene.people[name].address.lower() for name in ("fay", "gil")]

    def with_both(route: Any) -> None:
        """As if both were hers: the chain alone decides whether the proof is good."""
        reply = route.fetch()
        route.fulfill(response=reply, json={**reply.json(), "accounts": mine})

    wallet = wallet_of("fay")
    page = open_page("/me", wallet=wallet, wait="domcontentloaded")
    page.route(re.compile("/v1/contributors/me/payments"), with_both)
    page.get_by_role("button", name="Sign in with Pocket").click()
    pay_of(page)
    expect(page.locator(".sum")).to_have_text("12\u00a0CLDEV")
    page.get_by_role("button", name="Get it with Pocket").click()
    expect(page.locator(".notice.good")).to_have_count(2)
    assert (balance(scene, "fay"), balance(scene, "gil")) == (EARNED, EARNED)
    assert wallet.asked.count("eth_sendTransaction") == 1
