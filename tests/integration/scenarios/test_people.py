"""Rights of people whatever they work on: money that waits, a wallet that objects, work that no platform can drop."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from eth_account import Account

from ledger.statements.signatures import Domain, contribution_digest
from ledger.statements.wallets import WalletLinked, WalletObjected
from tests.integration.api.running import ORIGIN
from tests.integration.scenarios.crowd import CHAIN_ID, Crowd, random_salt, sign
from tests.integration.scenarios.lies import green, only, planted, told

RATE = 10


async def _work(crowd: Crowd, campaign: str, person: str) -> None:
    await crowd.decide(await crowd.submit(campaign, person, {"answer": str(uuid.uuid4())}), reviewer="editor")
    await crowd.until_final(campaign)


async def _earned(crowd: Crowd, wallet: Any) -> int:
    rewards = (await crowd.get(f"/v1/rewards/{wallet.address.lower()}"))["rewards"]
    return sum(int(each["earned"]) for each in rewards)


async def _at(crowd: Crowd, kind: type) -> datetime:
    """When the last statement of a kind was written."""
    *_, (_, last) = await crowd.statements(kind)
    return datetime.fromisoformat(last.at)


@pytest.mark.long
@pytest.mark.parametrize("wallet_delay", [3])
async def test_money_waits_for_a_wallet_and_a_wallet_objects(crowd: Crowd, wallet_delay: int) -> None:
    """Pia is paid once she has a wallet; when another is linked to her, her own holds it back for twice as long."""
    policy = {"name": "piece_rate", "amount": str(RATE)}
    campaign = await crowd.open(funds=100, policy=policy, budget="100", appeal_window=0)
    await _work(crowd, campaign, "pia")
    settled = await crowd.settle()
    assert ([line["total"] for line in settled["campaigns"]], settled["total"]) == ([str(RATE)], "0")

    await crowd.link("pia")
    old, public = crowd.wallets["pia"], await crowd.public("pia")
    await crowd.until_in_force("pia")
    settled = await crowd.settle()
    assert (settled["campaigns"], settled["total"]) == ([], str(RATE))  # only where it goes has changed
    await crowd.claim("pia")
    assert crowd.balance("pia") == RATE

    # Somebody in the platform links another wallet to Pia; her own wallet objects, and the link waits twice as long.
    await crowd.link("pia")
    linked_at = await _at(crowd, WalletLinked)
    key = await crowd.session("pia")
    (me,) = (await crowd.get("/v1/contributors/me", key=key))["people"]
    assert (me["wallet"], me["pending"]["address"]) == (old.address.lower(), crowd.wallets["pia"].address.lower())
    objection = {"contributor": public, "link": me["pending"]["entry"]}
    signed = objection | {"signature": sign(old, me["pending"]["objection"])}
    await crowd.post("/v1/wallets/objections", signed)
    assert len(await crowd.statements(WalletObjected)) == 1
    (me,) = (await crowd.get("/v1/contributors/me", key=key))["people"]
    in_force = datetime.fromisoformat(me["pending"]["in_force_from"])
    assert round((in_force - linked_at).total_seconds()) == 2 * wallet_delay
    await crowd.until(lambda: (datetime.now(UTC) - linked_at).total_seconds() > wallet_delay)
    await _work(crowd, campaign, "pia")
    await crowd.settle()
    assert (await _earned(crowd, old), await _earned(crowd, crowd.wallets["pia"])) == (2 * RATE, 0)

    await crowd.until(lambda: datetime.now(UTC) > in_force)
    await _work(crowd, campaign, "pia")
    finding = only(await planted(crowd, {campaign: 4 * RATE}), campaign=campaign)
    assert "Rule piece_rate: each award is paid once" in finding.detail
    await crowd.settle()
    assert (await _earned(crowd, old), await _earned(crowd, crowd.wallets["pia"])) == (2 * RATE, RATE)
    assert await crowd.recomputed(campaign) == {public: {"piece_rate": 3 * RATE}}
    await green(crowd)
    new, crowd.wallets["old"] = crowd.wallets["pia"], old
    found = await told(crowd, moved={"old": -RATE, "pia": RATE})  # published pay moved to the new wallet
    lost, gained = (only(found, account=wallet.address.lower()) for wallet in (old, new))
    assert (lost.award.claimed, lost.award.awarded) == (RATE, 2 * RATE)
    assert (gained.award.claimed, gained.award.awarded) == (2 * RATE, RATE)
    assert {lost.award.contributor, gained.award.contributor} == {public}


@pytest.mark.long
async def test_direct_work_that_the_platform_is_silent_about_is_paid(crowd: Crowd) -> None:
    """Quin signs an entry and sends it without the platform, which neither decides nor can drop it."""
    campaign = await crowd.open(
        funds=100,
        policy={"name": "piece_rate", "amount": str(RATE)},
        budget="100",
        direct=True,
        limits={"participants": 10, "per_person": 1},
        decision_deadline=2,
        decision_default="accepted",
        appeal_window=0,
    )
    wallet = Account.create()
    who = await _enter(crowd, campaign, wallet)
    (listed,) = (await crowd.get("/v1/contributions", campaign=campaign))["items"]
    assert (listed["contributor"], listed["verdict"]) == (f"wallet:{wallet.address.lower()}", None)
    await _platform_does_not_act_for(crowd, listed["contributor"])
    key = await _signed_in(crowd, wallet)
    asked = {"address": wallet.address.lower()}
    message = (await crowd.post("/v1/wallets/message", asked, key=key, code=200))["message"]
    await crowd.post("/v1/wallets", {"message": message, "signature": sign(wallet, message)}, key=key)
    crowd.wallets["quin"] = wallet
    await crowd.until_final(campaign)
    finding = only(await planted(crowd, {campaign: 2 * RATE}), campaign=campaign)
    assert (finding.award.claimed, finding.award.awarded) == (2 * RATE, RATE)
    await crowd.until(lambda: crowd.worker.context.book.wallet_at(who, crowd.worker.context.book.size) is not None)
    await crowd.settle()
    assert await crowd.recomputed(campaign) == {who: {"piece_rate": RATE}}
    await crowd.claim("quin")
    assert crowd.balance("quin") == RATE
    await green(crowd)
    found = await told(crowd, totals={campaign: 0}, moved={"quin": -RATE})  # the platform leaves Quin out
    finding = only(found, campaign=campaign, account=None)
    assert (finding.award.rule, finding.award.claimed, finding.award.awarded) == ("piece_rate", 0, RATE)
    assert "what is final is paid, and contribution" in finding.detail
    assert "is undecided (the default is 'accepted')" in finding.detail


async def _enter(crowd: Crowd, campaign: str, wallet: Any) -> str:
    """The public id under which the signed work was taken, without any key."""
    who, salt = str(uuid.uuid4()), random_salt()
    shown = (await crowd.api.http.get(f"/v1/campaigns/{campaign}/brief")).json()["items"][-1]
    place = {"v": 1, "purpose": "contribution", "log": ORIGIN, "campaign": campaign, "contributor": who}
    content = {"answer": "nobody asked me"}
    preimage = json.dumps(place | {"content": content}, sort_keys=True, separators=(",", ":"))
    commitment = hashlib.sha256(b"\x43" + salt + preimage.encode()).hexdigest()
    domain = Domain(CHAIN_ID, crowd.deployment.contribution_log, crowd.deployment.log_id)
    terms = shown["terms_digest"]
    digest = contribution_digest(domain, campaign=campaign, contributor=who, commitment=commitment, terms=terms)
    value = "0x" + bytes(wallet.unsafe_sign_hash(digest).signature).hex()
    body = {
        "campaign": campaign,
        "contributor_id": who,
        "content": content,
        "salt": salt.hex(),
        "terms": terms,
        "signature": {"address": wallet.address.lower(), "value": value},
    }
    reply = await crowd.api.http.post("/v1/direct/contributions", json=body)
    assert reply.status_code == 201, reply.text
    return who


async def _platform_does_not_act_for(crowd: Crowd, name: str) -> None:
    """The platform can neither link a wallet of its own to Quin nor sign in as Quin nor take the name for itself."""
    asked = {"contributor": name, "address": Account.create().address.lower()}
    await crowd.post("/v1/wallets/message", asked, code=403)
    await crowd.post("/v1/sign-in-links", {"contributor": name}, code=403)
    other = await crowd.open(policy={"name": "piece_rate", "amount": "1"}, budget="10")
    work = await crowd.submit(other, "rob", {"answer": 1})
    stranger = f"wallet:{Account.create().address.lower()}"
    decision = {"contribution": work, "verdict": "accepted", "reviewer": stranger}
    assert (await crowd.post("/v1/decisions", decision, code=422))["field"] == "reviewer"


async def _signed_in(crowd: Crowd, wallet: Any) -> str:
    """A session of whoever holds the wallet."""
    asked = await crowd.api.http.post("/v1/sessions/message", json={"address": wallet.address.lower()})
    message = asked.json()["message"]
    opened = await crowd.api.http.post("/v1/sessions", json={"message": message, "signature": sign(wallet, message)})
    assert opened.status_code == 201, opened.text
    return str(opened.json()["token"])


async def test_points_a_pause_and_a_notice(crowd: Crowd) -> None:
    """A campaign without money: points by score, a pause that every entrant is told of, nothing on the chain."""
    campaign = await crowd.open(policy={"name": "score_rate", "max_amount": "9"}, budget="1000", appeal_window=0)
    early = await crowd.submit(campaign, "rob", {"answer": 1})
    await crowd.post(f"/v1/campaigns/{campaign}/notices", {"text": "We pause to correct the example."})
    await crowd.post(f"/v1/campaigns/{campaign}/pause")
    assert await crowd.submit(campaign, "sue", {"answer": 2}, code=409) == "campaign-running"
    await crowd.decide(early, score="0.5", reviewer="editor")  # what was submitted goes on
    public = await crowd.api.http.get(f"/v1/campaigns/{campaign}/notices")
    assert [each["text"] for each in public.json()["items"]] == ["We pause to correct the example."]
    (line,) = [each for each in (await crowd.get("/v1/campaigns/open"))["items"] if each["id"] == campaign]
    assert (line["paused"], line["figures"]["money"]["unit"]) == (True, "points")
    await crowd.post(f"/v1/campaigns/{campaign}/resume")
    await crowd.decide(await crowd.submit(campaign, "sue", {"answer": 2}), score="0.999999", reviewer="editor")
    await crowd.until_final(campaign)
    expected = {"rob": {"score_rate": 9 * 5 // 10}, "sue": {"score_rate": 9 * 999_999 // 1_000_000}}
    assert await crowd.recomputed(campaign) == await crowd.expected(expected)
    (earning,) = (await crowd.get("/v1/contributors/me/earnings", key=await crowd.session("sue")))["items"]
    assert (earning["unit"], earning["final"], earning["pool"]) == ("points", "8", None)
    report = await green(crowd)
    assert next(check for check in report.checks if check.name == "proposals").evidence == "proposals: 0"
