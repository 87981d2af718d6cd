"""How the log grew and where its money is, against rows written for it, on both databases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Table, insert

from api.reads import history
from ledger.db import tables
from tests.integration.api.running import Api

POOL = "0x" + "aa" * 20
OTHER = "0x" + "bb" * 20
LARGEST = 2**256 - 1


async def put(api: Api, table: Table, *rows: dict[str, Any]) -> None:
    async with api.service.reads.database.begin() as connection:
        for row in rows:
            await connection.execute(insert(table).values({"log": "main", **row}))


def entry(index: int, at_ms: int) -> dict[str, Any]:
    return {
        "entry_index": index,
        "kind": "campaign.notice",
        "at_ms": at_ms,
        "statement": b"{}",
        "leaf_hash": index.to_bytes(32, "big"),
        "subject": None,
    }


async def test_growth_of_a_log_that_was_silent_for_long(both: Api) -> None:
    """A thousand entries in the first second, a day of nothing, a thousand more: the picture has the silence."""
    day = 24 * 60 * 60 * 1000
    begin = (await history.growth(both.service.reads, 1, 10))[0][0]
    early = [entry(index, begin + index) for index in range(1, 1000)]
    late = [entry(index, begin + day + index) for index in range(1000, 2000)]
    await put(both, tables.entries, *early, *late)
    course = await history.growth(both.service.reads, 2000, 24)
    assert [size for _, size in course[1:-1]] == [1000] * 22
    assert course[0] == (begin, 1)
    assert course[-1] == (begin + day + 1999, 2000)
    times = [at for at, _ in course]
    assert times == sorted(times)
    assert await history.growth(both.service.reads, 3, 24) == [(begin, 1), (begin + 1, 2), (begin + 2, 3)]
    assert await history.growth(both.service.reads, 0, 24) == []


async def test_anchors_are_those_of_the_sizes_with_the_time_they_were_sent(both: Api) -> None:
    begin = (await history.growth(both.service.reads, 1, 10))[0][0]
    await put(both, tables.entries, *[entry(index, begin + 1000 * index) for index in range(1, 10)])
    chain = {"chain_id": 31337, "root": bytes(32), "contract": POOL, "log_id": "0x" + "ab" * 32, "finalized": True}
    for size in (2, 5, 6, 9):
        await put(both, tables.anchors, {**chain, "size": size, "tx": f"0x{size:064x}", "block": size})
    sent = {"chain_id": 31337, "sender": POOL, "raw": b"", "intent": "anchor", "recipient": POOL, "data": b"", "gas": 1}
    sent |= {"max_fee": "1", "state": "mined", "detail": ""}
    await put(both, tables.transactions, {**sent, "nonce": 0, "hash": f"0x{5:064x}", "at_ms": begin + 7777})
    found = await history.anchors_until(both.service.reads, [1, 4, 5, 8])
    assert [(each.size, each.at_ms - begin) for each in found] == [(2, 1000), (5, 7777), (6, 5000)]
    assert await history.anchors_until(both.service.reads, []) == []


async def test_money_is_added_up_exactly_whatever_its_size(both: Api) -> None:
    claims = [(POOL, "01", LARGEST), (POOL, "02", LARGEST), (POOL, "03", 7), (OTHER, "01", 10**24 + 1)]
    for pool, account, amount in claims:
        row = {"chain_id": 31337, "pool": pool, "account": "0x" + account * 20, "cumulative": str(amount)}
        await put(both, tables.claims, row | {"final_cumulative": "0", "state": "claimed"})
    settled = {"chain_id": 31337, "parent": 0, "proposal": "0x", "size": 1, "root": "0x"}
    for number, total, state, campaigns in (
        (1, 5, "activated", {"a": 9, "b": 4}),
        (2, 8, "settled", {"b": 6}),
        (3, 99, "vetoed", {"a": 99}),
    ):
        lines = json.dumps([{"campaign": name, "total": str(sum_), "final": False} for name, sum_ in campaigns.items()])
        row = {"pool": POOL, "number": number, "total": str(total), "state": state, "campaigns": lines}
        await put(both, tables.settlements, settled | row)
    money = await history.money(both.service.reads)
    assert money == {
        (31337, POOL): history.Sums(funded=0, awarded=15, payable=8, paid=2 * LARGEST + 7),
        (31337, OTHER): history.Sums(funded=0, awarded=0, payable=0, paid=10**24 + 1),
    }


async def test_the_reply_is_small_and_for_everybody(both: Api) -> None:
    reply = await both.http.get("/v1/audit/history?points=10")
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert [each["size"] for each in reply.json()["entries"]] == [1]
    assert (reply.json()["anchors"], reply.json()["money"]) == ([], [])
    for points in ("1", "201", "x"):
        assert (await both.http.get(f"/v1/audit/history?points={points}")).status_code == 422


async def test_other_points_make_nobody_count_the_money_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []

    async def money(_: object) -> dict[tuple[int, str], history.Sums]:
        counted.append(1)
        return {}

    monkeypatch.setattr(history, "money", money)
    for points in range(2, 20):
        assert (await api.http.get(f"/v1/audit/history?points={points}")).status_code == 200
    assert len(counted) == 1


@pytest.mark.parametrize("show", ["open", "all"])
async def test_list_of_campaigns(api: Api, show: str) -> None:
    """The newest first, page by page; those that ended stand among all, not among the open ones."""
    platform = await api.platform("Birds & Words")
    ids = [await platform.campaign(title=f"Campaign {number}") for number in range(14)]
    assert (await platform.post(f"/v1/campaigns/{ids[13]}/close")).status_code == 201
    first = (await api.http.get(f"/campaigns?show={show}", headers={"Accept": "text/html"})).text
    assert ("Campaign 13" in first) == (show == "all")
    assert "Birds &amp; Words" in first
    expected = list(reversed(ids if show == "all" else ids[:13]))
    assert ids_in(first) == expected[:12]
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = (await api.http.get(older, headers={"Accept": "text/html"})).text
    assert ids_in(second) == expected[12:]
    assert 'rel="next"' not in second


def ids_in(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('href="/campaigns/')[1:]]


async def test_a_log_without_campaigns_says_what_to_do(api: Api) -> None:
    text = (await api.http.get("/campaigns?show=all", headers={"Accept": "text/html"})).text
    assert "No campaign was opened yet" in text
