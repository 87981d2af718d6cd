"""/me knows nobody by itself; a contribution's page speaks the visitor's language and has a code for phones."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from ledger.tree.keys import LogSigner
from tests.integration.api.beside_chain import CHAIN_ID, Place, until_ready
from tests.integration.api.running import Api, Platform, running, settings


async def test_me_is_the_same_for_everybody(api: Api) -> None:
    anonymous = await api.http.get("/me")
    assert anonymous.status_code == 200
    assert "connect-src 'self'" in anonymous.headers["content-security-policy"]
    assert "'unsafe" not in anonymous.headers["content-security-policy"]
    with_token = await api.http.get("/me", headers={"Authorization": f"Bearer cs_{'0' * 64}"})
    assert with_token.text == anonymous.text
    assert "data-chain" not in anonymous.text, "this log pays points"


async def test_me_names_the_pool_and_the_explorer(place: Place) -> None:
    async with running(place.settings(explorer_url="https://explorer.example/")) as api:
        await until_ready(api)
        text = (await api.http.get("/me")).text
        assert f'data-chain="{CHAIN_ID}" data-pool="{place.deployment.pool}"' in text
        assert 'data-explorer="https://explorer.example/tx/"' in text
        assert "data-relays" in text
    async with running(place.settings(relayer_signer=None)) as api:
        assert "data-relays" not in (await api.http.get("/me")).text


async def test_a_contribution_speaks_the_visitors_language(platform: Platform) -> None:
    written = await platform.contribution(await platform.campaign())
    path = f"/c/{written['id']}"
    english = await platform.api.http.get(path)
    persian = await platform.api.http.get(path, params={"lang": "fa"})
    assert '<html lang="en" dir="ltr"' in english.text
    assert '<html lang="fa" dir="rtl"' in persian.text
    assert "Received, not decided yet" in english.text
    assert "Received, not decided yet" not in persian.text
    again = await platform.api.http.get(path)
    assert '<html lang="fa"' in again.text, "the cookie remembers it"


async def test_the_code_of_a_contribution(platform: Platform) -> None:
    http = platform.api.http
    written = await platform.contribution(await platform.campaign())
    reply = await http.get(f"/c/{written['id']}/qr.svg")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "image/svg+xml")
    assert reply.headers["cache-control"] == "public, max-age=86400"
    drawn = ElementTree.fromstring(reply.content)
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert not list(drawn.iter("{http://www.w3.org/2000/svg}script"))
    other = await platform.contribution(await platform.campaign())
    assert (await http.get(f"/c/{other['id']}/qr.svg")).content != reply.content
    assert (await http.get(f"/c/{written['id'][:-4]}beef/qr.svg")).status_code == 404


async def test_a_link_leads_into_its_own_log(sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner) -> None:
    """Behind a path the link names it: a token of one log is worth nothing in another."""
    config = settings(tmp_path, sqlite_database_url, log_signer, public_url="https://crowd.test/survey")
    async with running(config) as api:
        await until_ready(api)
        platform = await api.platform()
        await platform.contribution(await platform.campaign())
        link = (await platform.post("/v1/sign-in-links", {"contributor": "ann"})).json()
        assert link["url"] == f"https://crowd.test/survey/me#link={link['token']}"
        assert 'data-base="/survey"' in (await api.http.get("/me")).text
