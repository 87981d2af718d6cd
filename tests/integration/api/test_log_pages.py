"""Pages about the log: entries with their proofs, the explorer, the tree, anchors, settlements and what accounts are
paid for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from html import unescape
from typing import Any

import pytest
from sqlalchemy import insert

from api.kept import KeptEach
from api.reads import settled
from ledger.book.reward_tree import RewardTree
from ledger.db import tables
from ledger.tree import merkle
from tests.integration.api.running import Api, Platform
from tests.integration.worker.row_stores import ANN, BOB, PLACE

POOL = {"log": "main", "chain_id": PLACE.chain_id, "pool": PLACE.pool}
HASH = "0x" + "5a" * 32


async def page_of(api: Api, path: str, status: int = 200) -> str:
    reply = await api.http.get(path, headers={"Accept": "text/html"})
    assert reply.status_code == status, reply.text
    return reply.text


def entries_in(page: str) -> list[int]:
    """The entries that the explorer lists."""
    return [int(each) for each in re.findall(r'<div class="what"><a href="/e/(\d+)">', page)]


@pytest.fixture
async def campaign(platform: Platform) -> str:
    return await filled(platform)


async def filled(platform: Platform) -> str:
    """A campaign with four contributions, of which the first three are decided."""
    campaign = await platform.campaign()
    for number in range(4):
        written = await platform.contribution(campaign, contributor=f"person-{number % 2}", external_id=str(number))
        if number < 3:
            await platform.decision(written["id"])
    return campaign


async def insert_rows(api: Api, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    async with api.service.reads.database.begin() as connection:
        await connection.execute(insert(table), rows)


# ---- entries ----


async def test_an_entry_shows_what_leads_to_the_root(api: Api, campaign: str) -> None:
    size = (await api.service.reader.head()).size
    statements = await api.service.reader.statements(0, size)
    leaves = [merkle.leaf_hash(each) for each in statements]
    for index in (0, 3, size - 1):
        page = await page_of(api, f"/e/{index}")
        for each in merkle.inclusion_proof(index, size, leaves):
            assert each.hex() in page
        assert merkle.root(leaves).hex() in page
        assert leaves[index].hex() in page
        assert (f'rel="prev" href="/e/{index - 1}"' in page) == (index > 0)
        assert (f'rel="next" href="/e/{index + 1}"' in page) == (index < size - 1)
    contribution = (await api.http.get("/v1/entries/3")).json()["statement"]
    page = await page_of(api, "/e/3")
    for link in (f"/c/{contribution['id']}", f"/campaigns/{campaign}", f"contributor={contribution['contributor']}"):
        assert link in page
    assert f"{contribution['commitment']}" in page


async def test_the_explorer_shows_the_newest_and_what_is_sought(api: Api, campaign: str) -> None:
    size = (await api.service.reader.head()).size
    assert entries_in(await page_of(api, "/entries")) == list(range(size - 1, -1, -1))
    assert entries_in(await page_of(api, "/entries?before=3")) == [2, 1, 0]
    found = (await api.http.get("/v1/entries", params={"campaign": campaign})).json()["items"]
    assert entries_in(await page_of(api, f"/entries?campaign={campaign}")) == [each["index"] for each in found]
    decided = [each for each in found if each["kind"] == "decision.made"]
    page = await page_of(api, f"/entries?campaign={campaign}&kind=decision.made")
    assert entries_in(page) == [each["index"] for each in decided]
    person = next(each["statement"]["contributor"] for each in found if each["kind"] == "contribution.submitted")
    theirs = (await api.http.get("/v1/entries", params={"contributor": person})).json()["items"]
    assert entries_in(await page_of(api, f"/entries?contributor={person}")) == [each["index"] for each in theirs]


async def test_one_field_finds_numbers_ids_and_hashes(api: Api, campaign: str) -> None:
    entry = (await api.http.get("/v1/entries/3")).json()
    statement = entry["statement"]
    number = await api.http.get("/entries?q=3", follow_redirects=False)
    assert (number.status_code, number.headers["location"]) == (303, "/e/3")
    assert entries_in(await page_of(api, f"/entries?q={entry['leaf_hash']}")) == [3]
    persian = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    number = await api.http.get("/entries?q=۳ ", follow_redirects=False)
    assert (number.status_code, number.headers["location"]) == (303, "/e/3")
    assert 'value="3"' in await page_of(api, "/tree?entry=٣")
    await page_of(api, "/tree?entry=x", 422)
    assert entries_in(await page_of(api, f"/entries?q={entry['leaf_hash'].translate(persian)}")) == [3]
    about = (await api.http.get("/v1/entries", params={"contribution": statement["id"]})).json()["items"]
    assert entries_in(await page_of(api, f"/entries?q={statement['id']}")) == [each["index"] for each in about]
    assert 3 in entries_in(await page_of(api, f"/entries?q={statement['contributor']}"))
    decision = about[-1]
    assert entries_in(await page_of(api, f"/entries?q={decision['statement']['id']}")) == [decision["index"]]
    assert entries_in(await page_of(api, f"/entries?q={'0' * 64}")) == []


SENSELESS = ["q=999999", "q=hello", "q=%3Cscript%3E", "kind=nothing", "campaign=x", "contributor=0"]


@pytest.mark.parametrize("query", [*SENSELESS, f"kind=task.added&cursor={'A' * 9}"])
async def test_a_search_that_means_nothing_says_why(api: Api, query: str) -> None:
    page = await page_of(api, f"/entries?{query}", 422)
    assert 'role="alert"' in page
    assert "<script>" not in page.replace('<script type="module"', "")


# ---- the tree ----


async def test_the_tree_can_be_climbed_from_the_root_to_each_entry(api: Api, campaign: str) -> None:
    size = (await api.service.reader.head()).size
    seen, todo, leaves = {"/tree"}, ["/tree"], set()
    while todo:
        page = await page_of(api, todo.pop())
        for link in re.findall(r'<a href="(/[^"]*)"', unescape(page)):
            if link.startswith("/e/"):
                leaves.add(int(link.removeprefix("/e/")))
            elif link.startswith("/tree?level") and link not in seen:
                seen.add(link)
                todo.append(link)
    assert leaves == set(range(size))
    assert merkle.root_at(
        size, [merkle.leaf_hash(each) for each in await api.service.reader.statements(0, size)]
    ).hex() in (await page_of(api, "/tree"))
    assert f'href="/e/{size - 1}"' in await page_of(api, f"/tree?entry={size - 1}")


@pytest.mark.parametrize("query", ["level=40", "level=0&n=5000", "entry=5000"])
async def test_a_node_that_is_not_there(api: Api, query: str) -> None:
    await page_of(api, f"/tree?{query}", 404)


# ---- anchors ----


async def test_anchors_with_what_each_one_adds(api: Api, campaign: str) -> None:
    await page_of(api, "/anchors")
    api.service.deployment = PLACE
    place = {"log": "main", "chain_id": PLACE.chain_id, "contract": PLACE.contribution_log, "log_id": PLACE.log_id}
    rows = [
        place | {"size": size, "root": bytes(32), "tx": f"0x{size:064x}", "block": 100 + size, "finalized": size < 5}
        for size in (2, 4, 7)
    ]
    await insert_rows(api, tables.anchors, rows)
    page = await page_of(api, "/anchors")
    for size, added in ((7, 3), (4, 2), (2, 2)):
        assert f'<tr id="a{size}"><th scope="row"><a href="/e/{size - 1}">{size}</a></th><td>{added}</td>' in page
    assert page.count("tag good") == 2
    assert "First anchored with 4 entries, in block 104." in await page_of(api, "/e/3")


# ---- settlements ----


async def test_settlements_and_what_an_account_is_paid_for(both: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api, campaign = both, await filled(await both.platform())
    assert "pays nothing" in await page_of(api, "/s")
    api.service.deployment = PLACE
    submitted = (await api.http.get("/v1/entries", params={"campaign": campaign})).json()["items"]
    works = [each for each in submitted if each["kind"] == "contribution.submitted"]
    made = [each for each in submitted if each["kind"] == "decision.made"]
    lines = f'[{{"campaign": "{campaign}", "onchain_id": "{HASH}", "total": "15", "final": false}}]'
    for number, state, accounts in (
        (1, "activated", {ANN: 5}),
        (2, "vetoed", {ANN: 10}),
        (3, "settled", {ANN: 10, BOB: 5}),
    ):
        tree = RewardTree(accounts.items())
        row = {"number": number, "parent": number // 2, "proposal": HASH, "size": 4 + number, "root": tree.root}
        row |= {"total": str(sum(accounts.values())), "state": state, "campaigns": lines}
        await insert_rows(api, tables.settlements, [POOL | row])
        listed = [
            POOL | {"number": number, "position": position, "account": account, "cumulative": str(units)}
            for position, (account, units) in enumerate(tree.accounts)
        ]
        await insert_rows(api, tables.settlement_accounts, listed)
    for number, position, account, units, work in (
        (1, 0, ANN, 5, 0),
        (2, 0, ANN, 4, 1),
        (3, 0, ANN, 5, 1),
        (1, 1, "", 3, 3),  # waits for a wallet until the third settlement
        (3, 1, BOB, 2, 2),
        (3, 2, BOB, 3, 3),
    ):
        share = {"number": number, "size": 4 + number, "position": position, "account": account, "units": str(units)}
        share |= {"contributor": works[work]["statement"]["contributor"], "rule": "piece_rate"}
        share |= {"entry": works[work]["index"], "final": works[work]["index"] + 3}
        if position == 2:
            share |= {"rule": "waited", "entry": None, "final": None}
        await insert_rows(api, tables.settlement_shares, [POOL | share])

    page = await page_of(api, "/s")
    assert [int(each) for each in re.findall(rf"/s/\d+/{PLACE.pool}/(\d+)\"", page)] == [3, 2, 1]
    path = f"/s/{PLACE.chain_id}/{PLACE.pool}/3"
    page = await page_of(api, path)
    assert f"{path}/{ANN}" in page
    assert "<bdi>10\u00a0" in page
    assert page.count("<bdi>5\u00a0") >= 3  # what is new of ann's, and all of bob's
    assert f"{path}/{BOB}" in await page_of(api, f"{path}?account={BOB.upper().replace('0X', '0x')}")
    assert "no share" in await page_of(api, f"{path}?account=0x{'00' * 20}")

    page = await page_of(api, f"{path}/{BOB}")
    assert "2 awards add up to exactly this amount." in page
    assert page.count("earned before there was a wallet") == 1
    assert f"/c/{works[3]['statement']['id']}" in page
    page = await page_of(api, f"{path}/{ANN}")
    assert "2 awards add up to exactly this amount." in page  # nothing of the settlement that was vetoed
    assert f"/c/{works[0]['statement']['id']}" in page
    assert f"/e/{made[0]['index']}" in page
    assert "Which sentence follows?" in page
    assert "some are not listed yet" in await page_of(api, f"/s/{PLACE.chain_id}/{PLACE.pool}/2/{ANN}")
    assert "<dt>Accounts</dt><dd>2</dd>" in await page_of(api, path)
    assert "no share" in await page_of(api, f"{path}?account=%00")
    for wrong in (
        f"{path}/%00",
        f"{path}/0x{'00' * 20}",
        f"/s/{PLACE.chain_id}/{PLACE.pool}/4",
        "/s/x/y/z",
        f"/s/1/{PLACE.pool}/3",
    ):
        await page_of(api, wrong, 404)

    added_up = []

    async def slowly(*_: object) -> tuple[int, int]:
        added_up.append(1)
        await asyncio.sleep(0.2)
        return 2, 10

    api.service.share_sums = KeptEach(0, 10)
    monkeypatch.setattr(settled, "sum_of_shares", slowly)
    for _ in range(3):
        await page_of(api, f"{path}/{ANN}")
    assert len(added_up) == 1, "what takes long is not added up for every visitor"
