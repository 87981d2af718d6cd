"""The application beside a real chain: writes wait for the comparison; campaigns, wallets, rewards, claims."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_account import Account
from sqlalchemy import insert, select, update

from api import comparison
from ledger.book.reward_tree import RewardTree, reward_leaf
from ledger.chain import contracts
from ledger.db import tables
from ledger.statements import onchain
from ledger.statements.onchain import keccak256
from ledger.tree import merkle
from tests.integration.api.beside_chain import CHAIN_ID, OPERATOR, OPERATORS_KEY, Place, until_problem, until_ready
from tests.integration.api.people import personal_sign, signed_in_by
from tests.integration.api.running import BRIEF, Api, Platform, running, until


async def test_campaign_can_be_opened_with_the_reply(place: Place, beside: Api) -> None:
    """The reply holds all that ``openCampaign`` takes, and the contract gives the id it foretells."""
    platform = await beside.platform()
    opener = OPERATOR.address
    reply = await platform.post(
        "/v1/campaigns",
        {
            "title": "T",
            "type": "rating",
            "brief": BRIEF,
            "terms": "",
            "policy": {"name": "piece_rate", "amount": "5000000000000000000"},
            "budget": "5000000000000000000000",
            "goal": "100",
            "funding_deadline": "2030-01-01T00:00:00+02:00",
            "closing_date": "2031-01-01T00:00:00Z",
            "opener": opener,
        },
    )
    assert reply.status_code == 201, reply.text
    told = reply.json()["onchain"]
    assert told["id"] == onchain.campaign_id(opener, place.deployment.log_id, told["charter"])
    assert (told["pool"], told["chain_id"]) == (place.deployment.pool, CHAIN_ID)
    assert told["funding_deadline"] == 1_893_448_800
    call = contracts.open_campaign_call(
        told["charter"], int(told["goal"]), told["funding_deadline"], told["closing_date"]
    )
    opened = place.node.call(place.deployment.pool, call, sender=opener)
    assert "0x" + opened.hex() == told["id"]
    shown = (await platform.get(f"/v1/campaigns/{reply.json()['id']}")).json()
    assert shown["onchain"] == told

    async def named() -> bool:
        return beside.service.unit.decimals == 18

    await until(named)
    page = await beside.http.get(f"/campaigns/{reply.json()['id']}")
    assert f"5\u00a0{beside.service.unit.name} for every accepted" in page.text


async def test_writes_wait_while_the_node_is_down(place: Place) -> None:
    async with running(place.settings(rpc_urls=("http://127.0.0.1:9",))) as api:
        await until_problem(api)
        ready = await api.http.get("/ready")
        assert (ready.status_code, ready.json()["type"]) == (503, "/problems/node-unavailable")
        refused = await api.http.post("/v1/platforms", json={"name": "P"}, headers=OPERATORS_KEY)
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/unavailable")
        assert refused.headers["retry-after"]
        assert "The node at http://127.0.0.1:9 does not answer" in refused.json()["detail"]
        assert "Check that the node runs" in refused.json()["remedy"]
        assert (await api.http.get("/v1/audit/summary")).status_code == 200


async def test_other_contracts_and_chains_are_refused(place: Place) -> None:
    """Not our contracts at the address, a chain with another id: writes wait, /ready says what to do."""
    path = place.folder / f"{CHAIN_ID}.json"
    good = path.read_text()
    changes = {
        "wrong-contract": good.replace(place.deployment.contribution_log, place.deployment.token),
        "wrong-chain": good.replace(f'"chain_id": {CHAIN_ID}', '"chain_id": 5'),
    }
    for slug, text in changes.items():
        path.write_text(text)
        async with running(place.settings()) as api:
            await until_problem(api)
            reply = await api.http.get("/ready")
            assert (reply.status_code, reply.json()["type"]) == (503, f"/problems/{slug}")
            assert not api.service.writer.writes_allowed


async def test_writes_stop_for_good_where_the_contract_is_ahead(place: Place) -> None:
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(5)]
    place.anchor(5, merkle.root(leaves), [])
    async with running(place.settings()) as api:
        await _until_stopped(api, "The contract holds 5 entries of this log, we hold 1.")


async def test_writes_stop_for_good_where_the_root_differs(place: Place) -> None:
    async with running(place.settings()) as api:
        await until_ready(api)
        await api.platform()
    place.anchor(2, merkle.root([merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")]), [])
    async with running(place.settings()) as api:
        await _until_stopped(api, "another root")


async def _until_stopped(api: Api, words: str) -> None:
    await until_problem(api)
    reply = await api.http.post("/v1/platforms", json={"name": "P"}, headers=OPERATORS_KEY)
    assert (reply.status_code, reply.json()["type"]) == (503, "/problems/log-diverged")
    assert words in reply.json()["detail"]
    assert (await api.http.get("/ready")).json()["type"] == "/problems/log-diverged"
    assert (await api.http.get("/logs/main/checkpoint")).status_code == 200


async def test_writes_stop_where_the_log_diverges_while_it_is_written(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that does not answer stops nothing."""
    monkeypatch.setattr(comparison, "_AGAIN_SECONDS", 0.05)
    async with running(place.settings(rpc_urls=(place.chain.url, "http://127.0.0.1:9"))) as api:
        await until_ready(api)
        await api.platform()
        place.anchor(5, merkle.root([merkle.leaf_hash(b"%d" % number) for number in range(5)]), [])
        await _until_stopped(api, "The contract holds 5 entries of this log, we hold 2.")


async def test_the_log_agrees_with_its_anchor(place: Place) -> None:
    async with running(place.settings()) as api:
        await until_ready(api)
        await api.platform()
        root = await api.service.reader.root_at(2)
    place.anchor(2, root, [])
    async with running(place.settings()) as api:
        await until_ready(api)
        await api.platform("Second")


async def test_wallet_is_linked_by_its_own_signature(beside: Api) -> None:
    platform = await beside.platform()
    await platform.contribution(await platform.campaign(), contributor="ann")
    account = Account.create()
    wanted = {"contributor": "ann", "address": account.address}
    message, unused = [(await platform.post("/v1/wallets/message", wanted)).json()["message"] for _ in range(2)]
    assert message.startswith("crowd.test wants you to sign in")
    assert f"Chain ID: {CHAIN_ID}" in message
    signature = personal_sign(account, message)
    body = {"contributor": "ann", "message": message, "signature": signature}
    wrong = await platform.post("/v1/wallets", body | {"message": message.replace("crowd.test", "evil.test", 1)})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "message")
    forged = await platform.post("/v1/wallets", body | {"signature": signature[:-4] + "001b"})
    assert forged.status_code in (409, 422)
    linked = await platform.post("/v1/wallets", body)
    assert linked.status_code == 201, linked.text
    again = await platform.post("/v1/wallets", body)
    assert (again.status_code, again.json()["index"]) == (200, linked.json()["index"])
    assert again.json()["receipt"] == linked.json()["receipt"]
    late = await platform.post("/v1/wallets", body | {"message": unused, "signature": personal_sign(account, unused)})
    assert (late.status_code, late.json()["rule"]) == (409, "link-replaces-latest")
    second = (await platform.post("/v1/wallets/message", wanted)).json()
    assert f"the link in entry {linked.json()['index']}" in second["message"]
    unknown = await platform.post("/v1/wallets/message", {"contributor": "nobody", "address": account.address})
    assert unknown.status_code == 404


async def settle_rows(api: Api, place: Place, accounts: list[tuple[str, int]], state: str = "activated") -> RewardTree:
    """What the worker keeps of a settlement."""
    tree = RewardTree(accounts)
    same: dict[str, Any] = {"log": "main", "chain_id": CHAIN_ID, "pool": place.deployment.pool, "number": 1}
    settlement = {
        "parent": 0,
        "proposal": "0x" + "ee" * 32,
        "size": 1,
        "root": tree.root,
        "total": str(sum(units for _, units in accounts)),
        "state": state,
        "campaigns": "[]",
    }
    lines = [
        same | {"position": position, "account": account, "cumulative": str(units)}
        for position, (account, units) in enumerate(tree.accounts)
    ]
    async with api.service.reads.database.begin() as connection:
        await connection.execute(insert(tables.settlements).values(same | settlement))
        await connection.execute(insert(tables.settlement_accounts), lines)
    return tree


async def test_rewards_settlements_and_claims(place: Place, beside: Api) -> None:
    accounts = [("0x" + f"{number:02x}" * 20, 10**20 + number) for number in range(1, 6)]
    rich = accounts[2][0]
    await settle_rows(beside, place, accounts, state="settled")
    assert (await beside.http.get(f"/v1/rewards/{rich}")).json()["rewards"] == []
    async with beside.service.reads.database.begin() as connection:
        await connection.execute(update(tables.settlements).values(state="activated"))

    (reward,) = (await beside.http.get(f"/v1/rewards/{rich}")).json()["rewards"]
    assert (reward["earned"], reward["claimed"], reward["claimable"]) == (str(10**20 + 3), "0", str(10**20 + 3))
    node = reward_leaf(rich, int(reward["earned"]))
    for sibling in (bytes.fromhex(each[2:]) for each in reward["proof"]):
        node = keccak256(min(node, sibling) + max(node, sibling))
    settlement = (await beside.http.get("/v1/settlements/1")).json()
    assert settlement["root"] == "0x" + node.hex()
    assert (await beside.http.get("/v1/settlements")).json() == {"items": [settlement], "next": None}
    assert (await beside.http.get("/v1/audit/summary")).json()["settlement"] == settlement

    asked = await beside.http.post("/v1/claims", json={"addresses": [rich, accounts[0][0], rich]})
    assert asked.status_code == 202, asked.text
    items = asked.json()["items"]
    assert [item["account"] for item in items] == [rich, accounts[0][0]]
    assert asked.headers["location"] == items[0]["url"] == f"http://crowd.test/v1/claims/{items[0]['id']}"
    polled = (await beside.http.get(f"/v1/claims/{items[0]['id']}")).json()
    assert (polled["state"], polled["transaction"]) == ("asked", None)
    again = await beside.http.post("/v1/claims", json={"addresses": [accounts[1][0], rich]})
    assert (again.status_code, again.json()["rule"]) == (409, "one-claim-at-a-time")
    nothing = await beside.http.post("/v1/claims", json={"addresses": [accounts[1][0], "0x" + "99" * 20]})
    assert (nothing.status_code, nothing.json()["rule"]) == (409, "claimable")
    async with beside.service.reads.database.engine.connect() as connection:
        rows = (await connection.execute(select(tables.claim_requests.c.account))).scalars().all()
    assert sorted(rows) == sorted([rich, accounts[0][0]])
    too_many = await beside.http.post("/v1/claims", json={"addresses": [rich] * 201})
    assert (too_many.status_code, too_many.json()["field"]) == (422, "addresses")


async def test_many_accounts_are_paid_by_one_proof(place: Place, beside: Api) -> None:
    accounts = [("0x" + f"{number:02x}" * 20, 10**20 + number) for number in range(1, 8)]
    tree = await settle_rows(beside, place, accounts)
    some = [account for account, _ in accounts[2:5]]
    nobody = "0x" + "99" * 20
    path = "/v1/rewards/together"
    (item,) = (await beside.http.get(path, params={"address": [*some, some[0], nobody]})).json()["items"]
    proof = tree.multiproof(some)
    assert item["accounts"] == list(proof.accounts)
    assert [int(each) for each in item["cumulatives"]] == list(proof.cumulatives)
    assert [bytes.fromhex(each[2:]) for each in item["proof"]] == list(proof.proof)
    assert [int(each) for each in item["flags"]] == list(proof.flags)
    assert (item["chain_id"], item["pool"], item["settlement"]) == (CHAIN_ID, place.deployment.pool, 1)
    assert (await beside.http.get(path, params={"address": nobody})).json()["items"] == []
    for wrong in ({}, {"address": "0x12"}, {"address": [some[0]] * 201}):
        assert (await beside.http.get(path, params=wrong)).status_code == 422


async def test_payments_that_the_chain_does_not_tell_are_a_sum(place: Place, beside: Api) -> None:
    """What was claimed is said even where no event is found; a wallet that is nobody's sees its own all the same."""
    account = Account.create()
    row = {"log": "main", "chain_id": CHAIN_ID, "pool": place.deployment.pool, "account": account.address.lower()}
    claimed = {"cumulative": "7", "final_cumulative": "7", "state": "final", "transaction": None}
    async with beside.service.reads.database.begin() as connection:
        await connection.execute(insert(tables.claims).values(row | claimed))
    who = await signed_in_by(beside, account)
    told = (await who.get("/v1/contributors/me/payments")).json()
    assert told == {"accounts": [account.address.lower()], "items": [], "unlisted": "7"}


async def test_settlement_is_asked_once(beside: Api) -> None:
    platform = await beside.platform()
    first, again = await platform.post("/v1/settlements"), await platform.post("/v1/settlements")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    path = first.headers["location"].removeprefix("http://crowd.test")
    polled = await beside.http.get(path)
    assert polled.json()["state"] == "asked"


async def test_paid_contribution_reads_so(place: Place, beside: Api) -> None:
    """From earned to paid, in the words of the page."""
    platform: Platform = await beside.platform()
    campaign = await platform.campaign(opener=OPERATOR.address, appeal_window=0)
    written = await platform.contribution(campaign)
    await platform.decision(written["id"])
    path = f"/c/{written['id']}"
    assert "Link a wallet to get it." in (await beside.http.get(path)).text
    account = Account.create()
    message = (await platform.post("/v1/wallets/message", {"contributor": "ann", "address": account.address})).json()[
        "message"
    ]
    signature = personal_sign(account, message)
    await platform.post("/v1/wallets", {"contributor": "ann", "message": message, "signature": signature})
    assert "one linked before it until then" in (await beside.http.get(path)).text
    async with beside.service.reads.database.begin() as connection:
        await connection.execute(update(tables.wallet_links).values(at_ms=0))
    assert "with the next settlement, as far as the campaign" in (await beside.http.get(path)).text
    await settle_rows(beside, place, [(account.address.lower(), 5)], state="settled")
    size = (await beside.service.reader.head()).size
    async with beside.service.reads.database.begin() as connection:
        await connection.execute(update(tables.settlements).values(size=size))
    assert "with the next settlement" in (await beside.http.get(path)).text, "the settlement does not list the campaign"
    lines = json.dumps([{"campaign": campaign, "total": "5", "final": False}])
    async with beside.service.reads.database.begin() as connection:
        await connection.execute(update(tables.settlements).values(campaigns=lines))
    assert "(or less: the campaign" in (await beside.http.get(path)).text, "no funds are known"
    funds = {"funded": "5000", "returned": "0", "goal_reached": True, "closed": False, "block": 1, "entry_index": 1}
    async with beside.service.reads.database.begin() as connection:
        await connection.execute(insert(tables.campaign_funds).values(log="main", campaign=campaign, **funds))
    assert "(or less" not in (await beside.http.get(path)).text
    assert "in settlement 1, which can be claimed after its waiting time" in (await beside.http.get(path)).text
    async with beside.service.reads.database.begin() as connection:
        await connection.execute(update(tables.settlements).values(state="activated"))
    assert "can be claimed by" in (await beside.http.get(path)).text
    claim = {
        "log": "main",
        "chain_id": CHAIN_ID,
        "pool": place.deployment.pool,
        "account": account.address.lower(),
        "cumulative": "5",
        "final_cumulative": "0",
        "state": "claimed",
        "transaction": "0x" + "ab" * 32,
    }
    async with beside.service.reads.database.begin() as connection:
        await connection.execute(insert(tables.claims).values(claim))
    text = (await beside.http.get(path)).text
    assert f'<code dir="ltr">0x{"ab" * 32}</code>' in text, "no explorer is configured: the hash to copy"
