"""What a process tells of its requests: those that were too many, by reason, and those that came again."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from ledger.tree.keys import LogSigner
from tests.integration.api.running import ADMIN_KEY, Api, running, settings

METRICS_KEY = "watch-0123456789abcdef"


async def told(api: Api, name: str, label: str) -> dict[str, float]:
    """A counter's values that are not 0, by a label."""
    reply = await api.http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_KEY}"})
    families = {family.name: family for family in text_string_to_metric_families(reply.text)}
    samples = families[f"crowdledger_{name}"].samples
    return {sample.labels[label]: sample.value for sample in samples if sample.value}


async def test_limits_and_repeats_are_counted(tmp_path: Path, sqlite_database_url: str, log_signer: LogSigner) -> None:
    (tmp_path / "metrics.key").write_text(METRICS_KEY)
    limits = {"key_requests_per_minute": 60, "metrics_key_file": tmp_path / "metrics.key"}
    async with running(settings(tmp_path, sqlite_database_url, log_signer, **limits)) as api:
        platform = await api.platform()
        campaign = await platform.campaign()
        assert await told(api, "limited", "limit") == {}
        assert await told(api, "repeats", "by") == {}

        first = await platform.contribution(campaign, external_id="1")
        body = {"campaign": campaign, "contributor": "ann", "content": {"answer": "yes"}, "external_id": "1"}
        for path, sent in (("", body), ("/batch", {"items": [body, body]})):
            assert (await platform.post(f"/v1/contributions{path}", sent)).status_code == 200
        assert first["index"]
        assert await told(api, "repeats", "by") == {"entry": 3}

        headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Idempotency-Key": "k"}
        for _ in range(3):
            assert (await api.http.post("/v1/platforms", json={"name": "B"}, headers=headers)).status_code == 201
        assert await told(api, "repeats", "by") == {"entry": 3, "key": 2}

        for _ in range(61):
            refused = await api.http.post("/v1/sessions/message", json={"address": "0x" + "ab" * 20})
        assert refused.status_code == 429, refused.text
        assert await told(api, "limited", "limit") == {"attempts": 1}
        hot = [(await platform.post("/v1/contributions", body)).status_code for _ in range(70)]
        by_key = hot.count(429)
        assert by_key >= 10
        assert await told(api, "limited", "limit") == {"attempts": 1, "key": by_key}
