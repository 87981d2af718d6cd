"""Wallets change with notice: consent, objection, contracts that sign (ERC-1271), and what /me tells of it."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account

from ledger.statements import canonical, kinds
from ledger.statements.values import time_ms
from ledger.statements.wallets import WalletLinked
from ledger.tree.receipts import Receipt
from tests.integration.api.beside_chain import OPERATOR, Place
from tests.integration.api.people import later, linked, personal_sign, signed_in, signed_in_by
from tests.integration.api.running import Api, Platform, running, settings, until

DELAY_SECONDS = 3600


@pytest.fixture
async def slow(sqlite_database_url: str, tmp_path: Any, log_signer: Any) -> Any:
    """A log whose wallet links wait for an hour."""
    async with running(settings(tmp_path, sqlite_database_url, log_signer, wallet_delay=DELAY_SECONDS)) as found:
        yield found


async def test_the_wallet_in_force_objects_once(slow: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = await slow.platform()
    await platform.contribution(await platform.campaign())
    old, first = await linked(platform)
    ann = await signed_in(platform)
    (me,) = (await ann.get("/v1/contributors/me")).json()["people"]
    assert (me["wallet"], me["pending"]["address"]) == (None, old.address.lower())
    assert me["pending"]["objection"] is None, "nothing is in force that could object"
    (place,) = (await ann.get("/v1/contributors/me/earnings")).json()["paid_to"]
    assert place["words"].startswith(f"This will be paid to {old.address.lower()}, from ")
    later(monkeypatch, DELAY_SECONDS + 1)
    await platform.contribution(await platform.campaign(decision_deadline=86_400, appeal_window=0))
    (place,) = (await ann.get("/v1/contributors/me/earnings")).json()["paid_to"]
    said = f"This will be paid to {old.address.lower()}; change it until {place['change_until']}."
    assert place["words"].startswith(said)
    newest = (await ann.contributions())[-1]
    assert time_ms(newest["final_from"]) - time_ms(place["change_until"]) == DELAY_SECONDS * 1000 + 1
    thief, second = await linked(platform)
    (me,) = (await ann.get("/v1/contributors/me")).json()["people"]
    assert me["wallet"] == old.address.lower()
    pending = me["pending"]
    assert (pending["entry"], pending["address"]) == (second["index"], thief.address.lower())
    assert "sign the objection" in me["notice"]
    body = {"contributor": me["id"], "link": second["index"]}
    for signer, link, status in ((thief, second["index"], 409), (old, first["index"], 409)):
        text = pending["objection"].replace(f"entry {second['index']} ", f"entry {link} ")
        reply = await slow.http.post(
            "/v1/wallets/objections", json=body | {"link": link, "signature": personal_sign(signer, text)}
        )
        assert reply.status_code == status, reply.text
    good = body | {"signature": personal_sign(old, pending["objection"])}
    once = await slow.http.post("/v1/wallets/objections", json=good)
    twice = await slow.http.post("/v1/wallets/objections", json=good)
    assert (once.status_code, twice.status_code) == (201, 200)
    assert twice.json()["receipt"] == once.json()["receipt"]
    other = personal_sign(old, "Something else.")
    again = await slow.http.post("/v1/wallets/objections", json=body | {"signature": other})
    assert (again.status_code, again.json()["rule"]) == (409, "objects-once")
    (me,) = (await ann.get("/v1/contributors/me")).json()["people"]
    assert me["pending"]["objection"] is None
    links = (await ann.get("/v1/contributors/me/export")).json()["wallet_links"]
    assert [each.get("objects_to") for each in links] == [None, None, second["index"]]
    assert time_ms(me["pending"]["in_force_from"]) - time_ms(pending["in_force_from"]) == DELAY_SECONDS * 1000
    assert (await signed_in_by(slow, old)).token
    assert [each["id"] for each in (await (await signed_in_by(slow, old)).get("/v1/contributors/me")).json()["people"]]
    assert (await (await signed_in_by(slow, thief)).get("/v1/contributors/me")).json()["people"] == []


async def test_with_consent_nobody_objects(slow: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = await slow.platform()
    await platform.contribution(await platform.campaign())
    old, _ = await linked(platform)
    later(monkeypatch, DELAY_SECONDS + 1)
    ann = await signed_in(platform)
    new = Account.create()
    message = (await ann.post("/v1/wallets/message", {"address": new.address})).json()["message"]
    body = {"message": message, "signature": personal_sign(new, message)}
    forged = await ann.post("/v1/wallets", body | {"consent": personal_sign(new, message)})
    assert forged.status_code == 409, forged.text
    made = await ann.post("/v1/wallets", body | {"consent": personal_sign(old, message)})
    assert made.status_code == 201, made.text
    (me,) = (await ann.get("/v1/contributors/me")).json()["people"]
    assert (me["pending"]["address"], me["pending"]["objection"]) == (new.address.lower(), None)


async def test_a_session_links_only_its_own(api: Api, platform: Platform) -> None:
    await platform.contribution(await platform.campaign())
    await platform.contribution(await platform.campaign(), contributor="bob")
    ann, bob = await signed_in(platform), await signed_in(platform, "bob")
    account = Account.create()
    message = (await ann.post("/v1/wallets/message", {"address": account.address})).json()["message"]
    body = {"message": message, "signature": personal_sign(account, message)}
    stolen = await bob.post("/v1/wallets", body)
    assert (stolen.status_code, stolen.json()["rule"]) == (409, "link-names")
    ann_id = (await ann.get("/v1/contributors/me")).json()["people"][0]["id"]
    assert (
        await bob.post("/v1/wallets/message", {"address": account.address, "contributor": ann_id})
    ).status_code == 422
    assert (await api.http.post("/v1/wallets/message", json={"address": account.address})).status_code == 401
    assert (await platform.post("/v1/wallets/message", {"address": account.address})).json()["field"] == "contributor"


def wallet_contract() -> bytes:
    """Init code of a contract whose ``isValidSignature`` accepts signatures that begin with 0x11."""
    accept = bytes.fromhex("5b631626ba7e60e01b60005260206000f3")
    check = bytes.fromhex("60643560f81c601114")
    refuse = bytes.fromhex("600060005260206000f3")
    target = len(check) + 3 + len(refuse)
    runtime = check + bytes([0x60, target, 0x57]) + refuse + accept
    return bytes([0x60, len(runtime), 0x60, 0x0C, 0x60, 0x00, 0x39, 0x60, len(runtime), 0x60, 0x00, 0xF3]) + runtime


async def test_a_wallet_that_is_a_contract_is_asked(place: Place, beside: Api) -> None:
    sent = place.chain.rpc("eth_sendTransaction", {"from": OPERATOR.address, "data": "0x" + wallet_contract().hex()})

    async def mined() -> bool:
        return place.chain.rpc("eth_getTransactionReceipt", sent) is not None

    await until(mined)
    wallet = str(place.chain.rpc("eth_getTransactionReceipt", sent)["contractAddress"]).lower()
    platform = await beside.platform()
    await platform.contribution(await platform.campaign())
    asked = await platform.post("/v1/wallets/message", {"contributor": "ann", "address": wallet})
    body = {"contributor": "ann", "message": asked.json()["message"]}
    for refused in ("0x22" + "00" * 70, "0x" + "22" * 64 + "1b"):
        reply = await platform.post("/v1/wallets", body | {"signature": refused})
        assert (reply.status_code, reply.json()["type"]) == (422, "/problems/signature-invalid"), reply.text
    made = await platform.post("/v1/wallets", body | {"signature": "0x11" + "00" * 70})
    assert made.status_code == 201, made.text
    statement = kinds.parse(Receipt.parse(canonical.encode(made.json()["receipt"])).statement)
    assert isinstance(statement, WalletLinked)
    assert statement.erc1271 is not None
    assert place.node.block(statement.erc1271.block).hash == statement.erc1271.block_hash
    message = (await beside.http.post("/v1/sessions/message", json={"address": wallet})).json()["message"]
    for signature, status in (("0x22", 422), ("0x11", 201), ("0x11", 401)):
        reply = await beside.http.post("/v1/sessions", json={"message": message, "signature": signature})
        assert reply.status_code == status, reply.text
    elsewhere = OPERATOR.address
    message = (await beside.http.post("/v1/sessions/message", json={"address": elsewhere})).json()["message"]
    reply = await beside.http.post("/v1/sessions", json={"message": message, "signature": "0x11"})
    assert reply.status_code == 422, "no contract stands there"
