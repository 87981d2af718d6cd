"""The platform's console in a real browser, on a platform of its own: keys, campaigns, reviews, appeals, payments."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ledger.client import Client
from ledger.demo.platform import brief
from ledger.wire import Criterion, Judging, NewDecision, NewTask
from ledger.wire.appeals import NewAppeal
from ledger.wire.people import NewSession
from scripts.pages.world import World
from tests.browser.console import Ours, enter

SENT_MS = 15_000
ATTACK = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
_NOTE_TYPES = """() => {
  const make = URL.createObjectURL.bind(URL);
  window.types = [];
  URL.createObjectURL = (blob) => { types.push(blob.type); return make(blob); };
}"""
OpenPage = Callable[..., Page]
Axe = Callable[[Page], list[str]]


def judge_as(page: Page, reviewer: str) -> None:
    page.get_by_label("Who are you?").fill(reviewer)
    page.keyboard.press("Enter")


def fill_in(page: Page, title: str, budget: str) -> None:
    """What every campaign must say."""
    words = {
        "Title": title,
        "What is asked": "Type what the letter says.",
        "Rules": "Letter by letter.",
        "An example that would be accepted": '{"text": "Dear mother"}',
        "An example that would be rejected": "unreadable",
        "Terms": "CC0",
        "Budget": budget,
    }
    for label, text in words.items():
        page.get_by_label(label, exact=True).fill(text)


def png(width: int = 24, height: int = 16) -> bytes:
    """A picture in one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b"".join(b"\0" + b"\x20\x80\x60" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def test_the_key_stays_in_the_tab_and_is_forgotten(scene: World, ours: Ours, open_page: OpenPage) -> None:
    page = open_page("/platform")
    page.get_by_label("API key").fill(ours.key[:-4] + "0000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This API key is not known")
    assert page.problems.pop().startswith("Failed to load resource")  # type: ignore[attr-defined]
    enter(page, ours.key)
    expect(page.get_by_text("Console Ltd")).to_be_visible()
    page.get_by_text("What this key allows").click()
    expect(page.get_by_text("ask for settlements")).to_be_visible()
    assert page.evaluate("document.cookie + JSON.stringify(localStorage)") == "{}"
    assert ours.key in page.evaluate("JSON.stringify(sessionStorage)")
    assert ours.key not in page.url
    page.evaluate("void (location.hash = '#campaigns/%/..%2fclaims')")  # no id: neither asked for nor stumbled over
    page.reload()
    expect(page.get_by_text("Console Ltd")).to_be_visible()
    expect(page.get_by_role("heading", name="Campaigns", level=2)).to_be_visible()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_label("API key")).to_be_visible()
    assert ours.key not in page.evaluate("JSON.stringify(sessionStorage) + document.documentElement.outerHTML")
    page.reload()
    expect(page.get_by_label("API key")).to_be_visible()


def test_a_key_shows_only_what_it_allows_and_can_be_made_and_revoked(ours: Ours, open_page: OpenPage) -> None:
    page = open_page("/platform#keys")
    enter(page, ours.key)
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose at least one scope.")
    page.get_by_label("review:").check()
    page.get_by_role("button", name="Make the key").click()
    made = page.locator("pre.command").inner_text()
    assert re.fullmatch(r"cl_[0-9a-f]{16}_[0-9a-f]{64}", made)
    other = open_page("/platform#keys")
    enter(other, made)
    parts = other.get_by_role("navigation", name="Parts of the console").get_by_role("link")
    expect(parts).to_have_text(["Campaigns", "Review", "Appeals", "Imports", "Costs and payments"])
    page.get_by_label("submit:").check()
    page.get_by_label("Good for").select_option("90 days")
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("pre.command")).not_to_have_text(made)
    known = list(ours.client.keys())
    (listed,) = [key for key in known if key.scopes == ["submit"]]
    assert listed.expires is not None
    page.get_by_role("button", name=f"Rotate {listed.id}").click()
    page.get_by_role("dialog").get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("button", name=re.compile("^Rotate"))).to_have_count(4)
    known = list(ours.client.keys())
    assert [key.scopes for key in known].count(["submit"]) == 2
    page.get_by_role("button", name=f"Revoke {made.split('_')[1]}").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=f"Revoke {made.split('_')[1]}")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("button", name=f"Revoke {made.split('_')[1]}")).to_have_count(0)
    other.reload()
    expect(other.get_by_label("API key")).to_be_visible()
    assert other.problems.pop().startswith("Failed to load resource")  # type: ignore[attr-defined]


@pytest.mark.long
def test_reviewing_by_keyboard_alone(ours: Ours, open_page: OpenPage) -> None:
    campaign = ours.campaign("By keyboard")
    first, second, third = (ours.send(campaign, {"label": label}, who=label) for label in ("wren", "robin", "tit"))
    page = open_page(f"/platform#review/{campaign}")
    enter(page, ours.key)
    judge_as(page, "rev-1")
    heading = page.locator("#judged")
    expect(heading).to_contain_text("1 of 3")
    page.get_by_role("button", name="Next").focus()
    for key, place in (("j", "2 of 3"), ("j", "3 of 3"), ("j", "3 of 3"), ("k", "2 of 3"), ("k", "1 of 3")):
        page.keyboard.press(key)
        expect(heading).to_contain_text(place)
        expect(heading).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_text("take back what is not sent yet")).to_be_visible()
    page.keyboard.press("?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Choose a verdict first.")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    feedback = page.get_by_label("Feedback, for the contributor")
    expect(feedback).to_be_focused()
    page.keyboard.type("ajkw: not a wren")  # letters are letters here
    expect(feedback).to_have_value("ajkw: not a wren")
    page.keyboard.press("Control+Enter")
    expect(heading).to_contain_text("1 of 2")
    expect(heading).to_be_focused()
    page.keyboard.press("u")
    expect(heading).to_contain_text("1 of 3")
    expect(feedback).to_have_value("ajkw: not a wren")
    page.keyboard.press("Enter")
    expect(heading).to_contain_text("1 of 2")
    page.keyboard.press("a")
    page.keyboard.press("f")
    page.keyboard.press("Escape")
    expect(heading).to_be_focused()
    page.keyboard.press("Enter")
    expect(heading).to_contain_text("1 of 1")
    assert ours.verdict(first) is None, "nothing is sent before its time"
    expect(page.locator(".outbox")).to_contain_text("recorded", timeout=SENT_MS)
    expect(page.get_by_text("is not sent yet")).to_have_count(0)
    page.wait_for_function("() => !document.querySelector('.outbox .waiting, .outbox .sending')", timeout=SENT_MS)
    assert [ours.verdict(each) for each in (first, second, third)] == ["rejected", "accepted", None]
    found = ours.client.contribution(first).decision
    assert found is not None
    assert found.feedback == "ajkw: not a wren"


@pytest.mark.long
def test_criteria_in_persian_digits_on_a_phone(ours: Ours, open_page: OpenPage) -> None:
    criteria = [Criterion(name="ring", weight=2), Criterion(name="wit", weight=1)]
    explained = brief(
        "Find a name.",
        "One name.",
        {"name": "Pixel"},
        {"name": "cat"},
        criteria={"ring": "It calls.", "wit": "It smiles."},
    )
    campaign = ours.campaign(
        "A name for the cat", type="solving", brief=explained, judging=Judging(judges=1, agree=1, criteria=criteria)
    )
    sent = ours.send(campaign, {"name": "Pixel"})
    page = open_page(f"/platform?lang=fa#review/{campaign}", lang="fa", size="phone")
    page.locator("#key").fill(ours.key)
    page.keyboard.press("Enter")
    page.locator("#reviewer").fill("rev-2")
    page.keyboard.press("Enter")
    page.locator(".verdicts .good").tap()
    page.locator("#score-0").fill("۰٫۸")
    page.locator("#score-1").fill("0.5")
    page.locator(".decide button.button:not(.second)").tap()
    expect(page.locator(".outbox .sent")).to_be_visible(timeout=SENT_MS)
    found = ours.client.contribution(sent).decision
    assert found is not None
    assert (found.verdict, found.score) == ("accepted", "0.7")
    assert page.evaluate("document.documentElement.scrollWidth <= screen.width")


def test_what_was_sent_is_shown_and_never_runs(ours: Ours, open_page: OpenPage, tmp_path: Path) -> None:
    campaign = ours.campaign("Whatever people send")
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "b.html").write_text(ATTACK)
    (tmp_path / "c.txt").write_text(f"Words. {ATTACK}")
    picture = ours.client.upload(tmp_path / "a.png", "image/png")
    task = ours.client.add_task(campaign, NewTask(content={"photo": picture, "question": ATTACK})).id
    ours.send(campaign, {"label": ATTACK, "more": [1, True, None, {"deep": ATTACK}]}, "a", task)
    ours.send(campaign, ours.client.upload(tmp_path / "b.html", "text/html"), "b")
    ours.send(campaign, ours.client.upload(tmp_path / "c.txt", "text/plain"), "c")
    page = open_page(f"/platform#review/{campaign}")
    enter(page, ours.key)
    judge_as(page, "rev-3")
    expect(page.get_by_text("<script>").first).to_be_visible()
    image = page.get_by_alt_text("The picture that was sent")
    expect(image).to_be_visible()
    assert image.get_attribute("src").startswith("blob:")  # type: ignore[union-attr]
    assert image.evaluate("each => each.decode().then(() => each.naturalWidth)") == 24
    page.get_by_role("button", name="Next").click()
    page.evaluate(_NOTE_TYPES)
    page.get_by_role("button", name="Load the file").click()
    save = page.get_by_role("link", name="Save the file")
    expect(save).to_be_visible()
    assert page.evaluate("types") == ["application/octet-stream"], "nothing that a browser would run"
    with page.expect_download() as download:
        save.click()
    assert Path(download.value.path()).read_text() == ATTACK
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".seen")).to_contain_text("<script>")
    assert page.title() != "owned"


@pytest.mark.long
def test_an_appeal_is_answered(ours: Ours, open_page: OpenPage) -> None:
    campaign = ours.campaign("Appealed")
    sent = ours.send(campaign, {"label": "juvenile robin"})
    decision = NewDecision(contribution=sent, verdict="rejected", feedback="No red breast.", reviewer="rev-4")
    ours.client.decide(decision)
    ours.client.appeal(NewAppeal(contribution=sent, grounds="Juveniles have none."))
    page = open_page("/platform#appeals")
    enter(page, ours.key)
    judge_as(page, "rev-4")
    expect(page.locator(".seen")).to_contain_text("Juveniles have none.")
    expect(page.locator(".seen")).to_contain_text("No red breast.")
    page.get_by_role("button", name="Accept", exact=True).click()
    page.get_by_label("Your reason, for the contributor").fill("Right.")
    page.get_by_role("button", name="Decide").click()
    # whoever decided cannot judge the appeal: the service refuses it, and it comes back with the reason
    expect(page.locator(".decide .error")).not_to_be_empty(timeout=SENT_MS)
    page.problems.clear()  # type: ignore[attr-defined]
    page.get_by_role("button", name="change").click()
    judge_as(page, "rev-5")
    page.get_by_role("button", name="Accept", exact=True).click()
    page.get_by_label("Your reason, for the contributor").fill("Right, a juvenile.")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator(".outbox .sent")).to_be_visible(timeout=SENT_MS)
    assert ours.verdict(sent) == "accepted"
    expect(page.get_by_text("Nothing waits for you here.")).to_be_visible()


def test_a_campaign_is_opened_paused_announced_and_closed(ours: Ours, open_page: OpenPage) -> None:
    page = open_page("/platform")
    enter(page, ours.key)
    page.get_by_role("link", name="Open a campaign").click()
    page.get_by_role("button", name="Open the campaign").click()
    title = page.get_by_label("Title")
    expect(title).to_be_focused()
    expect(title).to_have_accessible_description("This is needed.")
    fill_in(page, "Letters from 1910", "1000")
    page.get_by_label("What it pays").select_option("prizes")
    page.get_by_label("Prizes, one on each line").fill("300\n200")
    page.get_by_label("Least score that can win").fill("0.5")
    page.get_by_role("button", name="Everything else: edit it as JSON").click()
    written = page.get_by_label("The request, as POST /v1/campaigns takes it")
    assert '"prizes"' in written.input_value()
    written.fill(written.input_value().replace('"terms": "CC0"', '"terms": "CC BY 4.0"'))
    page.get_by_role("button", name="Open the campaign").click()
    page.get_by_role("link", name="Letters from 1910").click()
    expect(page.get_by_role("heading", name="Letters from 1910")).to_be_visible()
    (line,) = [each for each in ours.client.campaigns() if each.title == "Letters from 1910"]
    found = ours.client.campaign(line.id)
    assert (found.terms, found.policy["amounts"], found.policy["min_score"]) == ("CC BY 4.0", ["300", "200"], "0.5")
    assert found.brief["example_accepted"] == {"text": "Dear mother"}
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("The campaign is paused.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("The campaign takes work again.")).to_be_visible()
    page.get_by_label("News, or the answer to a question").fill("Two pages were missing.")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("It is published.")).to_be_visible()
    assert [each.text for each in ours.client.notices(line.id)] == ["Two pages were missing."]
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="Close it").click()
    expect(page.get_by_text("The campaign is closed.")).to_be_visible()
    assert ours.client.campaign(line.id).closed


def test_money_is_typed_in_tokens_and_kept_in_base_units(scene: World, ours: Ours, open_page: OpenPage) -> None:
    page = open_page("/platform#campaigns/new")
    enter(page, ours.key)
    fill_in(page, "Paid in tokens", "1,000")
    page.get_by_label("Wallet that opens and funds it in the pool").fill(scene.people["ana"].address)
    page.get_by_label("Amount", exact=True).fill("2.5")
    page.get_by_role("button", name="Open the campaign").click()
    expect(page.get_by_label("Budget")).to_be_focused()
    page.get_by_label("Budget").fill("1000")
    page.get_by_role("button", name="Open the campaign").click()
    expect(page.get_by_role("heading", name="Now fund it")).to_be_visible()
    (line,) = [each for each in ours.client.campaigns() if each.title == "Paid in tokens"]
    found = ours.client.campaign(line.id)
    assert (found.policy["amount"], found.budget) == (str(25 * 10**17), str(1_000 * 10**18))
    assert found.onchain is not None
    expect(page.get_by_text(found.onchain.charter)).to_be_visible()


@pytest.mark.long
def test_a_sign_in_link_with_a_code_to_scan(scene: World, ours: Ours, open_page: OpenPage) -> None:
    campaign = ours.campaign("Signed in")
    ours.send(campaign, {"label": "robin"}, "gertrud")
    page = open_page("/platform#people")
    enter(page, ours.key)
    page.get_by_label("Your own id of the contributor").fill("gertrud")
    page.get_by_role("button", name="Make the link").click()
    code = page.get_by_alt_text("The link as a code to scan with a phone")
    expect(code).to_be_visible()
    assert code.evaluate("each => each.decode().then(() => each.naturalWidth > 0)")
    link = page.locator("pre.command").inner_text()
    assert link.startswith(f"{scene.url}/me#link=sl_")
    with Client(scene.url) as stranger:
        assert stranger.open_session(NewSession(token=link.partition("=")[2])).people


@pytest.mark.long
def test_costs_and_settlements(scene: World, open_page: OpenPage) -> None:
    page = open_page("/platform#payments")
    enter(page, scene.key)
    expect(page.get_by_text("can be claimed").first).to_be_visible()
    page.get_by_role("button", name="Ask for a settlement").click()
    expect(page.get_by_role("heading", name="Settlements you asked for")).to_be_visible()
    expect(page.locator("table").first.locator("tbody tr").first).to_be_visible()
    page.locator("summary", has_text="Does it follow?").click()
    expect(page.get_by_text("anchoring the log")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize(("lang", "size", "dark"), [("en", "desktop", False), ("fa", "phone", True)])
def test_everybody_can_use_it(scene: World, open_page: OpenPage, axe: Axe, lang: str, size: str, dark: bool) -> None:
    page = open_page(f"/platform?lang={lang}", lang=lang, size=size, dark=dark)
    assert axe(page) == []
    page.locator("#key").fill(scene.key)
    page.keyboard.press("Enter")
    page.locator(".tabs").wait_for()
    slow = scene.campaigns["slow"].id
    parts = ("imports", "hooks", "endpoints", "payments", "people", "members", "keys")
    for place in ("campaigns", "campaigns/new", f"campaigns/{slow}", f"review/{slow}", *parts):
        page.evaluate("place => { location.hash = place }", place)
        if place.startswith("review"):
            page.locator("#reviewer").fill("rev-9")
            page.keyboard.press("Enter")
        page.wait_for_load_state("networkidle")
        assert axe(page) == [], place
        assert page.evaluate("document.documentElement.scrollWidth <= screen.width"), place
