"""The page /verify and the file that it can be saved as: what their policies let through."""

from __future__ import annotations

import base64
import hashlib
import re

from tests.integration.api.running import ORIGIN, Api


async def test_the_page_may_ask_the_node_that_is_named(api: Api) -> None:
    page = await api.http.get("/verify")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self' https: http://127.0.0.1:* http://localhost:*" in policy
    assert "unsafe" not in policy
    assert f'"log": "{ORIGIN}"' in page.text
    for path in re.findall(r'<link rel="modulepreload" href="([^"]+)"', page.text):
        script = await api.http.get(path)
        assert script.headers["content-type"].startswith("text/javascript"), path


async def test_the_saved_file_runs_its_own_script_and_no_other(api: Api) -> None:
    reply = await api.http.get("/verify.html")
    page = reply.text
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    policy = policy.replace("&#39;", "'")
    assert reply.headers["content-security-policy"] == f"{policy}; frame-ancestors 'none'"
    for element, directive in (("script", "script-src"), ("style", "style-src")):
        (inside,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert "'self'" not in policy
    assert "unsafe" not in policy
    around = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r'(?:src|href|action)="([^"]*)"', around) == ["data:,"]
