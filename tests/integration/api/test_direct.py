"""Direct entry: signed work reaches a campaign without its platform, once, and the platform sees it in its lists."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from ledger.statements.commitments import Opening, Place, commit
from ledger.statements.values import format_time
from tests.integration.api.beside_chain import CHAIN_ID, until_ready
from tests.integration.api.beside_chain import Place as ChainPlace
from tests.integration.api.people import later, linked, personal_sign, signed_in_by
from tests.integration.api.running import ORIGIN, Api, Platform, running
from tests.integration.api.test_signed import CONTRIBUTION_TYPE

PATH = "/v1/direct/contributions"


@dataclass
class Author:
    """Somebody with a wallet and no platform."""

    api: Api
    account: LocalAccount = field(default_factory=Account.create)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def sealed(self, campaign: str, content: Any) -> Opening:
        return commit(Place("contribution", ORIGIN, campaign, None, self.id), content, secrets.token_bytes(32))

    def signed(
        self, campaign: str, terms: str, opening: Opening, *, hidden: bool = False, **more: Any
    ) -> dict[str, Any]:
        """The body of a direct contribution, signed with other people's code."""
        deployment = self.api.service.deployment
        assert deployment is not None
        domain = {
            "name": "CrowdLedger",
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": deployment.contribution_log,
        }
        message = {
            "logId": bytes.fromhex(deployment.log_id[2:]),
            "campaign": campaign,
            "task": "",
            "contributor": self.id,
            "commitment": bytes.fromhex(opening.commitment),
            "terms": bytes.fromhex(terms),
            "replaces": "",
        }
        value = self.account.sign_message(encode_typed_data(domain, CONTRIBUTION_TYPE, message)).signature
        shown = {"content": opening.content(), "salt": opening.salt.hex()}
        return {
            "campaign": campaign,
            "contributor_id": self.id,
            "terms": terms,
            "signature": {"address": self.account.address.lower(), "value": "0x" + bytes(value).hex()},
            **({"commitment": opening.commitment} if hidden else shown),
            **more,
        }


def in_seconds(seconds: float) -> str:
    return format_time(time.time_ns() // 1_000_000 + int(seconds * 1000))


async def open_campaign(platform: Platform, **more: Any) -> tuple[str, str]:
    """A campaign that takes direct entries, and the digest of its terms."""
    limits = {"participants": 100, "per_person": 20}
    campaign = await platform.campaign(**({"direct": True, "limits": limits} | more))
    return campaign, str((await platform.get(f"/v1/campaigns/{campaign}")).json()["terms_digest"])


async def test_signed_work_needs_no_key(beside: Api) -> None:
    platform = await beside.platform()
    campaign, terms = await open_campaign(platform)
    author = Author(beside)
    body = author.signed(campaign, terms, author.sealed(campaign, "mine"))
    made = await beside.http.post(PATH, json=body)
    assert made.status_code == 201, made.text
    again = await beside.http.post(PATH, json=body)
    assert (again.status_code, again.json()["receipt"]) == (200, made.json()["receipt"])
    (line,) = (await platform.get("/v1/contributions", campaign=campaign)).json()["items"]
    assert line["contributor"] == f"wallet:{author.account.address.lower()}"
    seen = (await platform.get(f"/v1/contributions/{made.json()['id']}")).json()
    assert (seen["content"], seen["public_contributor"]) == ("mine", author.id)
    await platform.decision(made.json()["id"])
    second = author.signed(campaign, terms, author.sealed(campaign, "more"))
    assert (await beside.http.post(PATH, json=second)).status_code == 201
    squatting = {"campaign": campaign, "contributor": line["contributor"], "content": "theirs"}
    refused = await platform.post("/v1/contributions", squatting)
    assert (refused.status_code, refused.json()["field"]) == (422, "contributor")


async def test_what_is_not_signed_so_is_refused(beside: Api) -> None:
    platform = await beside.platform()
    campaign, terms = await open_campaign(platform, limits={"participants": 50, "per_person": 1})
    closed, closed_terms = await open_campaign(platform, direct=False)
    author, thief = Author(beside), Author(beside)
    opening = author.sealed(campaign, "mine")
    body = author.signed(campaign, terms, opening)
    size = (await beside.service.reader.head()).size
    for change in (
        {"content": "changed"},
        {"salt": "00" * 32},
        {"contributor_id": str(uuid.uuid4())},
        {"signature": body["signature"] | {"address": thief.account.address.lower()}},
        {"task": "01900000-0000-7000-8000-000000000000"},
        {"salt": None},
        {"commitment": opening.commitment},
    ):
        changed = {name: value for name, value in (body | change).items() if value is not None}
        reply = await beside.http.post(PATH, json=changed)
        assert reply.status_code in (404, 422), (change, reply.text)
    refused = await beside.http.post(PATH, json=author.signed(closed, closed_terms, author.sealed(closed, "mine")))
    assert (refused.status_code, refused.json()["rule"]) == (409, "direct-entry")
    assert (await beside.service.reader.head()).size == size
    assert (await beside.http.post(PATH, json=body)).status_code == 201
    second = await beside.http.post(PATH, json=author.signed(campaign, terms, author.sealed(campaign, "2")))
    assert (second.status_code, second.json()["rule"]) == (409, "limit-per-person")
    pretending = thief.signed(campaign, terms, thief.sealed(campaign, "x"), contributor_id=author.id)
    assert (await beside.http.post(PATH, json=pretending)).status_code == 422
    thief.id = author.id
    pretending = thief.signed(campaign, terms, thief.sealed(campaign, "x"))
    taken = await beside.http.post(PATH, json=pretending)
    assert (taken.status_code, taken.json()["field"]) == (422, "contributor_id")


@pytest.fixture
async def quick(place: ChainPlace) -> Any:
    async with running(place.settings(wallet_delay=0)) as found:
        await until_ready(found)
        yield found


async def test_a_contributor_enters_with_the_wallet_in_force(quick: Api) -> None:
    platform = await quick.platform()
    campaign, terms = await open_campaign(platform)
    known = await platform.contribution(campaign)
    account, _ = await linked(platform)
    await asyncio.sleep(0.01)
    ann = await signed_in_by(quick, account)
    public_id = (await ann.get("/v1/contributors/me")).json()["people"][0]["id"]
    author = Author(quick, account, public_id)
    made = await quick.http.post(PATH, json=author.signed(campaign, terms, author.sealed(campaign, "direct")))
    assert made.status_code == 201, made.text
    assert [each["id"] for each in await ann.contributions()] == [known["id"], made.json()["id"]]
    lines = (await platform.get("/v1/contributions", campaign=campaign)).json()["items"]
    assert {each["contributor"] for each in lines} == {"ann"}


async def test_a_wallet_that_was_replaced_enters_nothing_in_its_old_name(quick: Api) -> None:
    """Who lost a key links another wallet; the finder of the old key must not send or change work for them."""
    platform = await quick.platform()
    campaign, terms = await open_campaign(platform)
    author, new = Author(quick), Account.create()
    first = author.signed(campaign, terms, author.sealed(campaign, "mine"))
    assert (await quick.http.post(PATH, json=first)).status_code == 201
    me = await signed_in_by(quick, author.account)
    asked = (await me.post("/v1/wallets/message", {"address": new.address})).json()["message"]
    link = {"message": asked, "signature": personal_sign(new, asked), "consent": personal_sign(author.account, asked)}
    done = await me.post("/v1/wallets", link)
    assert done.status_code == 201, done.text
    await asyncio.sleep(0.01)
    assert (await signed_in_by(quick, new)).token
    stolen = author.signed(campaign, terms, author.sealed(campaign, "by the finder"))
    refused = await quick.http.post(PATH, json=stolen)
    assert (refused.status_code, refused.json()["field"]) == (422, "contributor_id")
    owner = Author(quick, new, author.id)
    taken = await quick.http.post(PATH, json=owner.signed(campaign, terms, owner.sealed(campaign, "by the owner")))
    assert taken.status_code == 201, taken.text


async def test_the_platform_does_not_act_for_who_entered_without_it(beside: Api) -> None:
    """It could use up their one appeal, rate itself in their name, or erase their work by a wish they never had."""
    platform = await beside.platform()
    campaign, terms = await open_campaign(platform)
    author = Author(beside)
    body = author.signed(campaign, terms, author.sealed(campaign, "mine"))
    made = (await beside.http.post(PATH, json=body)).json()
    decision = await platform.decision(made["id"], verdict="rejected")
    own_id = f"wallet:{author.account.address.lower()}"
    rating = {"campaign": campaign, "about": "decision", "subject": decision["id"], "score": "1"}
    for path, asked in (
        ("/v1/appeals", {"contribution": made["id"], "grounds": "none"}),
        ("/v1/feedback", rating | {"contributor": own_id}),
        (f"/v1/contributors/{own_id}/erase", {"reason": "wish"}),
    ):
        refused = await platform.post(path, asked)
        assert refused.status_code == 403, (path, refused.text)
    me = await signed_in_by(beside, author.account)
    appeal = await me.post("/v1/appeals", {"contribution": made["id"], "grounds": "It is right."})
    assert appeal.status_code == 201, appeal.text


async def test_who_was_erased_by_law_keeps_their_pay_from_the_platform(beside: Api) -> None:
    platform = await beside.platform()
    campaign, terms = await open_campaign(platform)
    author = Author(beside)
    body = author.signed(campaign, terms, author.sealed(campaign, "mine"))
    made = (await beside.http.post(PATH, json=body)).json()
    own_id = f"wallet:{author.account.address.lower()}"
    assert (await platform.post(f"/v1/contributors/{own_id}/erase", {"reason": "law"})).status_code == 200
    now = (await platform.get(f"/v1/contributions/{made['id']}")).json()["contributor"]
    assert author.account.address.lower() not in now
    for path in ("/v1/wallets/message", "/v1/sign-in-links"):
        asked = {"contributor": now} | ({"address": Account.create().address} if "wallets" in path else {})
        assert (await platform.post(path, asked)).status_code == 403


@pytest.mark.parametrize("hidden", [False, True])
async def test_naming_a_file_does_not_make_it_ones_own(
    beside: Api, hidden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files take a key to upload: who enters directly may know a digest, and neither reads nor erases by it."""
    platform = await beside.platform()
    file = (await platform.post("/v1/files", {"what": "somebody else's entry"})).json()
    sealed = {"deadline": in_seconds(60), "reveal_until": in_seconds(3600)}
    campaign, terms = await open_campaign(platform, **({"sealed": sealed} if hidden else {}))
    author = Author(beside)
    opening = author.sealed(campaign, file)
    made = await beside.http.post(PATH, json=author.signed(campaign, terms, opening, hidden=hidden))
    assert made.status_code == 201, made.text
    if hidden:
        later(monkeypatch, 120)
    me = await signed_in_by(beside, author.account)
    if hidden:
        opened = {"opening": {"salt": opening.salt.hex(), "preimage": opening.preimage.decode()}}
        shown = await me.post(f"/v1/contributions/{made.json()['id']}/reveal", opened)
        assert shown.status_code == 201, shown.text
    assert (await me.get(f"/v1/files/{file['sha256']}")).status_code == 404
    erased = await me.post("/v1/contributors/me/erase")
    assert (erased.status_code, erased.json()["files"]) == (200, 0)
    assert (await platform.get(f"/v1/files/{file['sha256']}")).status_code == 200


async def test_a_campaign_for_anybody_has_limits(beside: Api) -> None:
    platform = await beside.platform()
    body = await platform.get(f"/v1/campaigns/{await platform.campaign()}")
    known = {name: body.json()[name] for name in ("title", "type", "brief", "terms", "policy", "budget")}
    for limits in (None, {"per_person": 1}, {"participants": 5}):
        refused = await platform.post("/v1/campaigns", known | {"direct": True, "limits": limits})
        assert (refused.status_code, refused.json()["field"]) == (422, "limits"), refused.text
