"""Contributors see what became of their work, take all of it with them, and can have it erased."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select

from api import erasing
from api.reads import files
from ledger.db import tables
from ledger.errors import UnavailableError
from ledger.statements import canonical, kinds
from ledger.statements.commitments import Opening, verify_opening
from ledger.statements.contents import ContentErased
from ledger.statements.contributions import ContributionSubmitted
from ledger.tree.receipts import Receipt, verify_log_part
from tests.integration.api.people import signed_in
from tests.integration.api.running import ON_BOTH, Api, Platform

SECRET = "what only ann and her platform know"


async def test_contributions_with_decision_and_dates(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign(appeal_window=3600)
    accepted = await platform.contribution(campaign, content=SECRET)
    rejected = await platform.contribution(campaign, content="other")
    waiting = await platform.contribution(campaign, content="third")
    await platform.contribution(campaign, contributor="bob", content="bob's")
    await platform.decision(accepted["id"])
    decision = await platform.decision(rejected["id"], verdict="rejected", feedback="Read it again.")
    ann = await signed_in(platform)
    first, second, third = await ann.contributions()
    assert (first["id"], first["content"], first["state"], first["erased"]) == (
        accepted["id"],
        SECRET,
        "decided",
        False,
    )
    assert first["decision"]["verdict"] == "accepted"
    assert first["payable_from"] == first["final_from"] > first["appeal_until"]
    assert (second["state"], second["decision"]["feedback"]) == ("decided", "Read it again.")
    assert (second["payable_from"], second["decision_receipt"].rsplit("/", 2)[1]) == (None, decision["id"])
    assert (third["id"], third["state"], third["decision"]) == (waiting["id"], "submitted", None)
    assert third["payable_from"] is not None, "the declared default accepts"
    for url in (first["receipt"], first["decision_receipt"]):
        assert (await api.http.get(url)).status_code == 200


async def test_contributions_page_by_cursor(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign()
    ids = [(await platform.contribution(campaign, content=number))["id"] for number in range(5)]
    ann = await signed_in(platform)
    found, cursor = [], None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = (await ann.get("/v1/contributors/me/contributions", limit=2, **more)).json()
        found += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == ids
    newest = (await ann.get("/v1/contributors/me/contributions", limit=2, order="newest")).json()
    assert [each["id"] for each in newest["items"]] == ids[:2:-1]
    query = {"limit": 9, "order": "newest", "cursor": newest["next"]}
    rest = (await ann.get("/v1/contributors/me/contributions", **query)).json()
    assert ([each["id"] for each in rest["items"]], rest["next"]) == (ids[2::-1], None)


async def test_nobody_sees_another_persons_work(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign()
    mine = await platform.contribution(campaign, content=SECRET)
    await platform.contribution(campaign, contributor="bob")
    decision = await platform.decision(mine["id"], verdict="rejected", feedback=SECRET)
    bob = await signed_in(platform, "bob")
    for path in ("me/contributions", "me/earnings", "me/export", "me"):
        reply = await bob.get(f"/v1/contributors/{path}")
        assert reply.status_code == 200
        assert SECRET not in reply.text
        assert mine["id"] not in reply.text
    never = mine["id"][:-4] + "beef"
    for path, body in (
        ("/v1/contributions/{}/withdraw", None),
        ("/v1/contributions/{}/reveal", {"opening": {"salt": "00" * 32, "preimage": "{}"}}),
        ("/v1/appeals", {"contribution": "{}", "grounds": "mine"}),
    ):
        replies = [
            await bob.post(
                path.format(each), None if body is None else json.loads(json.dumps(body).replace("{}", each))
            )
            for each in (mine["id"], never)
        ]
        assert [reply.status_code for reply in replies] == [404, 404], path
        same = {reply.text.replace(mine["id"], "...").replace(never, "...") for reply in replies}
        assert len(same) == 1, same
    assert (await bob.get(f"/v1/contributions/{mine['id']}/opening")).status_code == 404
    rating = {"campaign": campaign, "about": "decision", "subject": decision["id"], "score": "0"}
    assert (await bob.post("/v1/feedback", rating)).json()["rule"] == "subject-known"


async def test_earnings_final_pending_and_reviewing(api: Api, platform: Platform) -> None:
    quick = await platform.campaign(appeal_window=0, reviewer_rate="2")
    slow = await platform.campaign(
        appeal_window=3600, policy={"name": "score_rate", "max_amount": "10"}, title="Slow", bonus_limit="3"
    )
    done = await platform.contribution(quick)
    await platform.decision(done["id"], reviewer="carl")
    pending = await platform.contribution(slow)
    await platform.decision(pending["id"], score="0.55", bonus="3")
    undecided = await platform.contribution(slow, content=2)
    no = await platform.contribution(slow, content=3)
    await platform.decision(no["id"], verdict="rejected", feedback="no")
    ann = await signed_in(platform)
    reply = (await ann.get("/v1/contributors/me/earnings")).json()
    first, second = reply["items"]
    assert (first["campaign"], first["final"], first["pending"], first["unit"]) == (quick, "5", "0", "points")
    assert (second["title"], second["final"], second["pending"]) == ("Slow", "0", str(5 + 3 + 10))
    assert second["why"] == [
        "nobody has decided yet; the declared default accepts it at its deadline",
        "the appeal window is open",
    ]
    lines = {each["id"]: each for each in await ann.contributions()}
    assert second["pending_until"] == lines[undecided["id"]]["final_from"]
    (place,) = reply["paid_to"]
    assert (place["wallet"], place["words"]) == (
        None,
        "This waits for you until you link a wallet; it does not expire.",
    )
    carl = await signed_in(platform, "carl")
    (judged,) = (await carl.get("/v1/contributors/me/earnings")).json()["items"]
    assert (judged["final"], judged["reviewing"], judged["contributor"]) == (
        "2",
        "2",
        (await carl.get("/v1/contributors/me")).json()["people"][0]["id"],
    )


async def test_prizes_are_shared_when_the_campaign_is_over(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign(
        appeal_window=0, policy={"name": "prizes", "amounts": ["70", "30"], "min_score": "0.5"}, type="solving"
    )
    for who, score in (("ann", "0.8"), ("bob", "0.8"), ("carl", "0.9"), ("dan", "0.4")):
        made = await platform.contribution(campaign, contributor=who)
        await platform.decision(made["id"], score=score)
    ann = await signed_in(platform)
    (line,) = (await ann.get("/v1/contributors/me/earnings")).json()["items"]
    assert (line["final"], line["shared_at_end"]) == ("0", True)
    assert (await platform.post(f"/v1/campaigns/{campaign}/close")).status_code == 201
    won = {}
    for who in ("ann", "bob", "carl", "dan"):
        (line,) = (await (await signed_in(platform, who)).get("/v1/contributors/me/earnings")).json()["items"]
        won[who] = (line["final"], line["shared_at_end"])
    assert won == {"ann": ("15", False), "bob": ("15", False), "carl": ("70", False), "dan": ("0", False)}


async def test_the_export_holds_everything_and_proves_it(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign()
    made = await platform.contribution(campaign, content=SECRET, external_id="a-1")
    decision = await platform.decision(made["id"], verdict="rejected", feedback={"why": "too short"}, reviewer="carl")
    ann = await signed_in(platform)
    appeal = await ann.post("/v1/appeals", {"contribution": made["id"], "grounds": "It is long enough."})
    assert appeal.status_code == 201, appeal.text
    rating = {"campaign": campaign, "about": "decision", "subject": decision["id"], "score": "0.25", "words": "unkind"}
    assert (await ann.post("/v1/feedback", rating)).status_code == 201
    exported = (await ann.get("/v1/contributors/me/export")).json()
    assert exported == (await platform.get("/v1/contributors/ann/export")).json()
    assert (exported["own_id"], exported["log"]) == ("ann", "example.org/crowd")
    (work,) = exported["contributions"]
    assert (work["content"], work["decision"]["feedback"]) == (SECRET, {"why": "too short"})
    shown = {}
    for each in work["statements"]:
        receipt = Receipt.parse(canonical.encode(each["receipt"]))
        verify_log_part(receipt)
        statement = kinds.parse(receipt.statement)
        for opening in each["openings"]:
            opened = Opening.parse(canonical.encode(opening))
            shown[str(statement.__struct_config__.tag)] = opened.content()
            if isinstance(statement, ContributionSubmitted):
                assert verify_opening(opened, statement.commitment) == SECRET
    assert shown == {
        "contribution.submitted": SECRET,
        "decision.made": {"why": "too short"},
        "appeal.filed": {"grounds": "It is long enough."},
    }
    carl = (await platform.get("/v1/contributors/carl/export")).json()
    assert [(each["index"], each["words"]) for each in carl["judgments"]] == [(decision["index"], {"why": "too short"})]
    (given,) = exported["ratings"]
    assert (given["words"], given["score"], given["subject"]) == ("unkind", "0.25", decision["id"])
    eve = await api.platform("Eve")
    assert (await eve.get("/v1/contributors/ann/export")).status_code == 404


async def everything_stored(api: Api) -> bytes:
    """All that the database still holds of contents and people, as bytes."""
    held = b""
    for table in (tables.contents, tables.contributors, tables.externals, tables.sessions, tables.sign_in_links):
        for row in await api.service.reads.all(select(table)):
            held += b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row) + b"\n"
    return held


@ON_BOTH
async def test_erasure_leaves_a_log_that_verifies_and_nothing_else(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign(appeal_window=0)
    open_one = await platform.campaign(appeal_window=3600)
    done = await platform.contribution(campaign, contributor="ann@example.org", content=SECRET, external_id="of-ann")
    await platform.decision(done["id"], feedback=SECRET + " feedback", external_id="d-of-ann")
    again = await platform.contribution(open_one, contributor="ann@example.org", content=SECRET + " 2")
    said_no = await platform.decision(again["id"], verdict="rejected", feedback=SECRET + " 3")
    bobs = await platform.contribution(campaign, contributor="bob", content="bob's stays")
    ann = await signed_in(platform, "ann@example.org")
    await ann.post("/v1/appeals", {"contribution": again["id"], "grounds": SECRET + " grounds"})
    rating = {"campaign": campaign, "about": "campaign", "subject": campaign, "score": "1", "words": SECRET + " words"}
    assert (await ann.post("/v1/feedback", rating)).status_code == 201
    held = await everything_stored(both)
    assert SECRET.encode() in held
    assert b"ann@example.org" in held
    salt = bytes.fromhex(done["opening"]["salt"])
    assert salt in held

    erased = (await ann.post("/v1/contributors/me/erase")).json()
    assert erased["contents"] == 6
    assert erased["unfinished"] == [again["id"]]
    assert len(erased["warnings"]) == 3, "of the log, of what was not final, and that no wallet was linked"
    held = await everything_stored(both)
    for gone in (SECRET.encode(), b"ann@example.org", b"of-ann", salt):
        assert gone not in held
    assert b"bob's stays" in held
    said = [
        kinds.parse(data) for data in await both.service.reader.statements(0, (await both.service.reader.head()).size)
    ]
    stated = {(each.purpose, each.subject) for each in said if isinstance(each, ContentErased)}
    assert {("contribution", done["id"]), ("contribution", again["id"]), ("feedback", said_no["id"])} <= stated
    assert {each.reason for each in said if isinstance(each, ContentErased)} == {"wish"}
    verify_log_part(Receipt.parse((await both.http.get(f"/v1/contributions/{done['id']}/receipt")).content))
    assert (await ann.get("/v1/contributors/me")).status_code == 401, "the session is over"
    assert (await platform.get("/v1/contributors/ann@example.org/export")).status_code == 404
    line = (await platform.get(f"/v1/contributions/{done['id']}")).json()
    assert line["content"] is None
    assert line["contributor"].startswith("erased-")
    assert (await platform.get(f"/v1/contributions/{bobs['id']}")).json()["content"] == "bob's stays"
    new = await platform.contribution(campaign, contributor="ann@example.org", content=1)
    assert (await platform.get(f"/v1/contributions/{new['id']}")).json()["public_contributor"] != line[
        "public_contributor"
    ]


async def test_a_platform_erases_by_law_and_only_its_own(api: Api, platform: Platform) -> None:
    made = await platform.contribution(await platform.campaign(), content=SECRET)
    eve = await api.platform("Eve")
    assert (await eve.post("/v1/contributors/ann/erase", {"reason": "law"})).status_code == 404
    assert (await platform.post("/v1/contributors/ann/erase", {"reason": "retention"})).status_code == 422
    erased = await platform.post("/v1/contributors/ann/erase", {"reason": "law"})
    assert erased.status_code == 200, erased.text
    assert erased.json()["unfinished"] == [made["id"]]
    assert (await platform.post("/v1/contributors/ann/erase", {"reason": "law"})).status_code == 404


async def test_erasure_takes_files_that_nobody_else_names(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign()
    files = {}
    for name in ("own", "shared"):
        files[name] = (await platform.post("/v1/files", {"file": name})).json()
    for name, who in (("own", "ann"), ("shared", "ann"), ("shared", "bob")):
        await platform.contribution(campaign, contributor=who, content=files[name])
    ann, bob = await signed_in(platform), await signed_in(platform, "bob")
    assert (await ann.get(f"/v1/files/{files['own']['sha256']}")).json() == {"file": "own"}
    erased: dict[str, Any] = (await ann.post("/v1/contributors/me/erase")).json()
    assert erased["files"] == 1
    assert (await platform.get(f"/v1/files/{files['own']['sha256']}")).status_code == 404
    assert (await bob.get(f"/v1/files/{files['shared']['sha256']}")).json() == {"file": "shared"}


async def test_files_are_read_by_who_needs_them(api: Api, platform: Platform) -> None:
    campaign, other = await platform.campaign(), await platform.campaign()
    names = {}
    for name in ("work", "task", "elsewhere"):
        names[name] = (await platform.post("/v1/files", {"file": name})).json()
    for where, name in ((campaign, "task"), (other, "elsewhere")):
        task = {"content": {"question": "What is it?", "picture": names[name]}}
        assert (await platform.post(f"/v1/campaigns/{where}/tasks", task)).status_code == 201
    await platform.contribution(campaign, content=names["work"])
    await platform.contribution(campaign, contributor="bob")
    ann, bob = await signed_in(platform), await signed_in(platform, "bob")
    seen = {
        (name, who): (await person.get(f"/v1/files/{names[name]['sha256']}")).status_code
        for name in names
        for who, person in (("ann", ann), ("bob", bob))
    }
    assert seen == {
        ("work", "ann"): 200,
        ("work", "bob"): 404,
        ("task", "ann"): 200,
        ("task", "bob"): 200,
        ("elsewhere", "ann"): 404,
        ("elsewhere", "bob"): 404,
    }
    never = await ann.get(f"/v1/files/{'0' * 64}")
    hidden = await ann.get(f"/v1/files/{names['elsewhere']['sha256']}")
    assert never.json()["type"] == hidden.json()["type"]
    assert (await ann.post("/v1/files", {"a": 1})).status_code == 401


async def test_reviews_go_with_the_person_once_nothing_depends_on_them(api: Api, platform: Platform) -> None:
    judges = {"judges": 2, "agree": 1}
    campaign = await platform.campaign(judging=judges, appeal_window=0)
    words = []
    for done in (True, False):
        made = await platform.contribution(campaign, content=done)
        for judge in ("carl", "dora")[: 2 if done else 1]:
            review = {"contribution": made["id"], "reviewer": judge, "verdict": "rejected", "words": f"{judge} {done}"}
            assert (await platform.post("/v1/reviews", review | {"score": "0"})).status_code == 201
            words.append((f"{judge} {done}".encode(), done))
    held = await everything_stored(api)
    assert all(word in held for word, _ in words)
    ann = await signed_in(platform)
    erased = (await ann.post("/v1/contributors/me/erase")).json()
    assert erased["unfinished"] == [made["id"]]
    held = await everything_stored(api)
    assert [word in held for word, _ in words] == [not done for _, done in words]


async def test_an_erasure_that_broke_off_takes_the_files_when_it_is_sent_again(
    api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = (await platform.post("/v1/files", {"file": "own"})).json()
    await platform.contribution(await platform.campaign(), content=file)
    ann = await signed_in(platform)
    erase_file = files.erase

    async def crashes(*_: Any) -> None:
        raise UnavailableError("The store of files failed.")

    monkeypatch.setattr(files, "erase", crashes)
    assert (await ann.post("/v1/contributors/me/erase")).status_code == 503
    monkeypatch.setattr(files, "erase", erase_file)
    again = await ann.post("/v1/contributors/me/erase")
    assert again.status_code == 200, again.text
    assert (await platform.get(f"/v1/files/{file['sha256']}")).status_code == 404


async def test_own_ids_of_reviews_go_with_the_reviews(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign(judging={"judges": 1, "agree": 1}, appeal_window=0)
    made = await platform.contribution(campaign)
    review = {"contribution": made["id"], "reviewer": "carl", "verdict": "accepted", "external_id": "of ann by carl"}
    assert (await platform.post("/v1/reviews", review)).status_code == 201
    assert b"of ann by carl" in await everything_stored(api)
    await asyncio.sleep(0.01)
    assert (await (await signed_in(platform)).post("/v1/contributors/me/erase")).json()["unfinished"] == []
    assert b"of ann by carl" not in await everything_stored(api)


async def test_a_platform_is_told_when_work_is_payable_as_its_author_is(
    api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = await platform.campaign(appeal_window=3600)
    back = await platform.contribution(plain, content="back")
    await platform.post(f"/v1/contributions/{back['id']}/withdraw")
    old = await platform.contribution(plain, content="old")
    await platform.contribution(plain, content="new", replaces=old["id"])
    appealed = await platform.contribution(plain, content="appealed")
    await platform.decision(appealed["id"])
    ann = await signed_in(platform)
    assert (await ann.post("/v1/appeals", {"contribution": appealed["id"], "grounds": "more"})).status_code == 201
    shown = {each["id"]: each["payable_from"] for each in await ann.contributions()}
    assert shown[back["id"]] is None
    assert shown[old["id"]] is None
    for contribution, payable in shown.items():
        assert (await platform.get(f"/v1/contributions/{contribution}")).json()["payable_from"] == payable


async def test_what_comes_in_during_an_erasure_goes_too(
    api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = await platform.campaign()
    await platform.contribution(campaign, content=SECRET)
    forget = erasing._forget_identity

    async def in_the_last_moment(*arguments: Any) -> None:
        await platform.contribution(campaign, content=SECRET + " late", external_id="late")
        await forget(*arguments)

    monkeypatch.setattr(erasing, "_forget_identity", in_the_last_moment)
    erased = (await (await signed_in(platform)).post("/v1/contributors/me/erase")).json()
    assert (erased["contents"], len(erased["entries"])) == (2, 2)
    assert SECRET.encode() not in await everything_stored(api)
