"""The page /seal: what it needs is served, and its policy lets nothing out."""

from __future__ import annotations

from api.edge import CONTENT_SECURITY_POLICY
from tests.integration.api.running import ORIGIN, Api


async def test_the_page_has_its_script_and_no_connections(api: Api) -> None:
    page = await api.http.get("/seal")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "connect-src" not in policy
    assert policy.startswith("default-src 'none';"), "what no directive allows is forbidden, connections too"
    assert "unsafe" not in policy
    assert f'value="{ORIGIN}"' in page.text
    for name in ("seal.mjs", "commitment.mjs"):
        script = await api.http.get(f"/static/{name}")
        assert script.status_code == 200
        assert script.headers["content-type"].startswith("text/javascript"), "browsers run modules of this type only"


async def test_no_other_page_runs_scripts(api: Api) -> None:
    for path in ("/", "/docs", "/problems"):
        reply = await api.http.get(path)
        assert reply.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert "<script" not in reply.text
