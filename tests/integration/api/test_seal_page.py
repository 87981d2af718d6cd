"""The page /seal: what it needs is served, and its policy lets nothing out."""

from __future__ import annotations

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
    assert '<script type="application/json" id="words">' in page.text, "it may not ask for its texts"
    for name in ("seal.mjs", "commitment.mjs", "words.mjs"):
        script = await api.http.get(f"/static/{name}")
        assert script.status_code == 200
        assert script.headers["content-type"].startswith("text/javascript"), "browsers run modules of this type only"
