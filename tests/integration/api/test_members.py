"""Members: what each role may, how they come in and go, and that nobody is more than they are."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
from eth_account import Account
from sqlalchemy import select, update

from api.members import Members
from ledger.db import tables
from ledger.errors import UnauthorizedError
from ledger.statements import kinds
from ledger.statements.platforms import AdminActed
from ledger.wire.members import MAX_MEMBERS, ROLES, MemberChange, NewMember
from tests.integration.api.members import MemberOf, linked_in, made, member_of, signed_message
from tests.integration.api.people import personal_sign, signed_in
from tests.integration.api.running import ON_BOTH, Api, Platform


async def acts(api: Api) -> list[tuple[str, str, str]]:
    """Act, who did it, and to whom, in the order of the log."""
    entries = await api.service.reader.statements(0, (await api.service.reader.head()).size)
    said = [each for each in map(kinds.parse, entries) if isinstance(each, AdminActed)]
    return [(each.act, each.by, each.subject) for each in said]


async def test_the_people_of_a_platform(api: Api) -> None:
    platform = await api.platform()
    key = platform.key.split("_")[1]
    wallet = Account.create()
    new = await platform.post("/v1/members", {"name": " Ada ", "role": "reviewer", "wallet": wallet.address})
    assert new.status_code == 201, new.text
    ada = new.json()
    assert ada | {"member": "", "added": ""} == {
        "member": "",
        "name": "Ada",
        "role": "reviewer",
        "wallet": wallet.address.lower(),
        "added": "",
    }
    where = f"/v1/members/{ada['member']}"
    assert new.headers["location"] == f"http://crowd.test{where}"
    assert (await platform.get(where)).json() == ada
    bea = await made(platform, "owner", "Bea")
    assert [each["member"] for each in (await platform.get("/v1/members")).json()["items"]] == [ada["member"], bea]
    changed = await ask(platform, "PATCH", where, {"name": "Ada L.", "wallet": ""})
    assert changed.json() == ada | {"name": "Ada L.", "wallet": None}
    assert (await ask(platform, "PATCH", where, {})).json() == changed.json()
    assert (await ask(platform, "DELETE", where)).status_code == 204
    assert (await platform.get(where)).status_code == 404
    assert (await ask(platform, "DELETE", where)).status_code == 404
    found = await acts(api)
    assert found == [
        ("member.made", key, ada["member"]),
        ("member.made", key, bea),
        ("member.changed", key, ada["member"]),
        ("member.changed", key, ada["member"]),
        ("member.removed", key, ada["member"]),
    ]
    raw = await api.service.reader.statements(0, (await api.service.reader.head()).size)
    assert not [each for each in raw if b"Ada" in each or wallet.address.lower().encode() in each.lower()]


async def ask(platform: Platform, method: str, path: str, body: Any = None) -> Any:
    return await platform.api.http.request(method, path, headers=platform.headers, json=body)


@pytest.mark.long
async def test_what_is_no_member(api: Api, platform: Platform) -> None:
    good = {"name": "Eve", "role": "viewer"}
    for wrong in (
        {"name": ""},
        {"role": "admin"},
        {"wallet": "0x12"},
        {"wallet": ""},
        {"scopes": ["admin"]},
        {"member": "mem_0011223344556677"},
        {"platform": platform.id},
    ):
        assert (await platform.post("/v1/members", good | wrong)).status_code == 422, wrong
    assert (await platform.get("/v1/members")).json()["items"] == []


async def test_a_link_opens_one_session_of_the_role(api: Api) -> None:
    platform = await api.platform()
    member = await made(platform, "viewer")
    link = (await platform.post(f"/v1/members/{member}/sign-in-links")).json()
    assert link["url"] == f"http://crowd.test/platform#link={link['token']}"
    replies = await asyncio.gather(*(api.http.post("/v1/sessions", json={"token": link["token"]}) for _ in range(4)))
    assert sorted(reply.status_code for reply in replies) == [201, 401, 401, 401]
    opened = next(reply.json() for reply in replies if reply.status_code == 201)
    assert (opened["people"], opened["member"]["member"]) == ([], member)
    ada = MemberOf(api, member, opened["token"])
    current = (await ada.get("/v1/keys/current")).json()
    assert (current["id"], current["scopes"], current["platform"]) == (member, [], platform.id)
    assert (current["expires"], current["member"]) == (opened["expires_at"], opened["member"])
    assert (await ada.get("/v1/contributions")).status_code == 200
    assert (await ada.get("/v1/contributors/me")).status_code == 401, "a member is no contributor"
    stored = await api.service.reads.all(select(tables.sessions.c.digest))
    assert [bytes(row.digest) for row in stored] == [hashlib.sha256(ada.token.encode()).digest()]
    assert (await ada.ask("DELETE", "/v1/sessions/current")).json() == {"ended": True}
    assert (await ada.get("/v1/contributions")).status_code == 401
    assert (await acts(api))[-1] == ("member.invited", platform.key.split("_")[1], member)


@pytest.mark.long
async def test_sessions_and_links_are_over_after_their_time(api: Api, platform: Platform) -> None:
    ada = await member_of(platform, "viewer")
    link = (await platform.post(f"/v1/members/{ada.id}/sign-in-links")).json()
    async with api.service.reads.database.begin() as connection:
        for table in (tables.sessions, tables.sign_in_links):
            await connection.execute(update(table).values(expires_ms=1))
    assert (await ada.get("/v1/contributions")).status_code == 401
    assert (await api.http.post("/v1/sessions", json={"token": link["token"]})).status_code == 401


@pytest.mark.long
async def test_tokens_of_the_other_kind_open_nothing(api: Api, platform: Platform) -> None:
    """A member's token with a contributor's first letters, and the other way round."""
    await platform.contribution(await platform.campaign())
    ada, ann = await member_of(platform, "owner"), await signed_in(platform)
    for token in (f"cs_{ada.token[3:]}", f"ms_{ann.token[3:]}", f"ms_{ada.token[3:].upper()}", ada.token + "0", "ms_"):
        for path in ("/v1/contributions", "/v1/contributors/me", "/v1/keys"):
            reply = await api.http.get(path, headers={"Authorization": f"Bearer {token}"})
            assert reply.status_code == 401, (token, path)
    for kind in ("ml", "sl"):
        link = (await platform.post(f"/v1/members/{ada.id}/sign-in-links")).json()["token"]
        wrong = f"sl_{link[3:]}" if kind == "ml" else f"ml_{link[3:-1]}{'0' if link[-1] != '0' else '1'}"
        assert (await api.http.post("/v1/sessions", json={"token": wrong})).status_code == 401


async def test_a_session_ends_with_the_role_and_with_the_member(api: Api) -> None:
    platform = await api.platform()
    ada = await member_of(platform, "reviewer")
    waiting = (await platform.post(f"/v1/members/{ada.id}/sign-in-links")).json()["token"]
    await ask(platform, "PATCH", f"/v1/members/{ada.id}", {"name": "Ada B."})
    assert (await ada.get("/v1/campaigns")).status_code == 200, "another name ends nothing"
    await ask(platform, "PATCH", f"/v1/members/{ada.id}", {"role": "treasurer"})
    assert (await ada.get("/v1/campaigns")).status_code == 401
    assert (await api.http.post("/v1/sessions", json={"token": waiting})).status_code == 401
    ada = await linked_in(platform, ada.id)
    waiting = (await platform.post(f"/v1/members/{ada.id}/sign-in-links")).json()["token"]
    assert (await ask(platform, "DELETE", f"/v1/members/{ada.id}")).status_code == 204
    assert (await ada.get("/v1/campaigns")).status_code == 401
    assert (await api.http.post("/v1/sessions", json={"token": waiting})).status_code == 401
    for table in (tables.sessions, tables.sign_in_links):
        assert not await api.service.reads.all(select(table.c.digest))


async def test_nobody_makes_themselves_more(api: Api, platform: Platform) -> None:
    await made(platform, "owner", "Olga")
    for role in ROLES:
        me = await member_of(platform, role, role)
        for change in ({"role": "owner"}, {"name": "The owner"}):
            reply = await me.ask("PATCH", f"/v1/members/{me.id}", change)
            assert reply.status_code == (200 if role == "owner" else 403), (role, reply.text)
        made_key = await me.post("/v1/keys", {"scopes": ["admin"]})
        assert made_key.status_code == (201 if role == "owner" else 403)
        if role == "owner":
            entry = (await api.http.get(f"/v1/entries/{made_key.json()['index']}")).json()
            assert entry["statement"]["by"] == me.id
        assert (await me.post("/v1/members", {"name": "Me again", "role": "owner"})).status_code in (201, 403)
    everybody = (await platform.get("/v1/members")).json()["items"]
    roles = sorted(each["role"] for each in everybody)
    assert roles == sorted(["owner", *ROLES, "owner"]), "only the owner added somebody"


async def test_the_last_owner_stays(api: Api) -> None:
    platform = await api.platform()
    one = await member_of(platform, "owner", "One")
    where = f"/v1/members/{one.id}"
    for method, body in (("DELETE", None), ("PATCH", {"role": "viewer"})):
        for reply in (await one.ask(method, where, body), await ask(platform, method, where, body)):
            assert (reply.status_code, reply.json()["rule"]) == (409, "owner-remains")
    two = await member_of(platform, "owner", "Two")
    replies = await asyncio.gather(
        one.ask("PATCH", f"/v1/members/{one.id}", {"role": "viewer"}),
        two.ask("PATCH", f"/v1/members/{two.id}", {"role": "viewer"}),
    )
    assert sorted(reply.status_code for reply in replies) == [200, 409]


@ON_BOTH
async def test_of_two_owners_who_remove_each_other_one_succeeds(both: Api) -> None:
    """A third one is there: it is not that the last owner stays."""
    platform = await both.platform()
    await made(platform, "owner")
    one, two = await member_of(platform, "owner", "One"), await member_of(platform, "owner", "Two")
    replies = await asyncio.gather(
        one.ask("DELETE", f"/v1/members/{two.id}"), two.ask("DELETE", f"/v1/members/{one.id}")
    )
    assert sorted(reply.status_code for reply in replies) == [204, 401]


async def test_who_is_no_owner_any_more_does_nothing_that_was_let_in_before(api: Api, platform: Platform) -> None:
    await made(platform, "owner")
    olga, ada = await made(platform, "owner", "Olga"), await made(platform, "viewer")
    late = Members(api.service.reads, platform.id, by=olga)  # her request was let in
    assert (await late.change(ada, MemberChange(name="Ada L."))).name == "Ada L."
    await ask(platform, "PATCH", f"/v1/members/{olga}", {"role": "manager"})
    for act in (
        late.make(NewMember(name="Olga again", role="owner")),
        late.change(olga, MemberChange(role="owner")),
        late.remove(ada),
        late.invite(ada, bytes(32), 1, 2),
    ):
        with pytest.raises(UnauthorizedError, match="no owner any more"):
            await act
    assert not await api.service.reads.all(select(tables.sign_in_links.c.digest))


async def test_links_that_an_owner_made_go_with_them(api: Api, platform: Platform) -> None:
    """Else they could come back by one, as somebody else."""
    bea, cleo = await made(platform, "owner", "Bea"), await made(platform, "viewer", "Cleo")
    for change, last in (({"name": "Olga", "role": "owner"}, 201), ({"role": "manager"}, 401), (None, 401)):
        olga = await member_of(platform, "owner", "Olga")
        links = [(await olga.post(f"/v1/members/{each}/sign-in-links")).json()["token"] for each in (bea, cleo)]
        where = f"/v1/members/{olga.id}"
        assert (await ask(platform, "DELETE" if change is None else "PATCH", where, change)).status_code < 300
        for link in links:
            assert (await api.http.post("/v1/sessions", json={"token": link})).status_code == last


async def test_members_are_bounded(api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_MEMBERS == 200
    monkeypatch.setattr("api.members.MAX_MEMBERS", 3)
    new = {"name": "Ada", "role": "viewer"}
    replies = await asyncio.gather(*(platform.post("/v1/members", new) for _ in range(5)))
    assert sorted(reply.status_code for reply in replies) == [201, 201, 201, 409, 409]


async def test_a_wallet_signs_in_as_a_member(both: Api) -> None:
    platform, other = await both.platform(), await both.platform("Other")
    account, thief = Account.create(), Account.create()
    ada = await made(platform, "manager", wallet=account.address)
    assert (await platform.post("/v1/members", {"name": "B", "role": "viewer", "wallet": account.address})).json()[
        "field"
    ] == "wallet"
    signed = await signed_message(both, account)
    assert "as a member of a platform" in signed["message"]
    forged = signed | {"signature": personal_sign(thief, signed["message"])}
    assert (await both.http.post("/v1/sessions", json=forged)).status_code == 422
    assert (await both.http.post("/v1/sessions", json=signed | {"platform": other.id})).status_code == 401
    opened = await both.http.post("/v1/sessions", json=signed)
    assert opened.status_code == 201, opened.text
    me = MemberOf(both, ada, opened.json()["token"])
    assert (await me.get("/v1/keys/current")).json()["scopes"] == ["review", "settle", "submit"]
    assert (await both.http.post("/v1/sessions", json=signed)).status_code == 401, "a message signs in once"
    nobody = await both.http.post("/v1/sessions", json=await signed_message(both, thief))
    assert nobody.status_code == 401
    theirs = await made(other, "viewer", wallet=account.address)
    signed = await signed_message(both, account)
    which = await both.http.post("/v1/sessions", json=signed)
    assert (which.status_code, which.json()["field"]) == (422, "platform")
    chosen = await both.http.post("/v1/sessions", json=signed | {"platform": other.id})
    assert chosen.json()["member"]["member"] == theirs
    late = await signed_message(both, account)
    await ask(platform, "PATCH", f"/v1/members/{ada}", {"wallet": thief.address})
    assert (await me.get("/v1/campaigns")).status_code == 401, "whose wallet it was is out"
    assert (await both.http.post("/v1/sessions", json=late | {"platform": platform.id})).status_code == 401


@pytest.mark.long
async def test_messages_of_other_places(api: Api, platform: Platform) -> None:
    account = Account.create()
    await made(platform, "owner", wallet=account.address)
    message = (await signed_message(api, account))["message"]
    for old, new, status in (
        ("crowd.test wants", "evil.test wants", 422),
        ("log example.org/crowd", "log example.org/other", 422),
        ("URI: http://crowd.test", "URI: http://evil.test", 422),
        ("Nonce: ", "Nonce: 0", 401),
        (" as a member of a platform", " as the owner of a platform", 422),
        ("Expiration Time: 20", "Expiration Time: 19", 401),
    ):
        assert old in message
        changed = message.replace(old, new, 1)
        body = {"message": changed, "signature": personal_sign(account, changed)}
        assert (await api.http.post("/v1/sessions", json=body)).status_code == status, (old, new)


@pytest.mark.long
async def test_a_contributors_signature_is_no_members(api: Api, platform: Platform) -> None:
    """What a wallet signed to see its pay opens no platform, even with the platform's name beside it."""
    account = Account.create()
    await made(platform, "owner", wallet=account.address)
    asked = await api.http.post("/v1/sessions/message", json={"address": account.address})
    message = asked.json()["message"]
    body = {"message": message, "signature": personal_sign(account, message), "platform": platform.id}
    opened = (await api.http.post("/v1/sessions", json=body)).json()
    assert (opened["token"][:3], opened["member"]) == ("cs_", None)
    reply = await api.http.get("/v1/members", headers={"Authorization": f"Bearer {opened['token']}"})
    assert reply.status_code == 401


@pytest.mark.long
async def test_acts_say_which_member(api: Api, platform: Platform) -> None:
    olga = await member_of(platform, "owner", "Olga")
    key = (await olga.post("/v1/keys", {"scopes": ["submit"]})).json()
    entry = (await api.http.get(f"/v1/entries/{key['index']}")).json()
    assert entry["statement"]["by"] == olga.id
    ada = (await olga.post("/v1/members", {"name": "Ada", "role": "viewer"})).json()["member"]
    await olga.post(f"/v1/members/{ada}/sign-in-links")
    assert (await acts(api))[-2:] == [("member.made", olga.id, ada), ("member.invited", olga.id, ada)]
