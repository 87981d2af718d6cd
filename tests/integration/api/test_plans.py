"""PostgreSQL knows nothing of a new table until it has counted it, a minute later: plans are bearable until then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ledger.tree.keys import LogSigner
from tests.integration.api.running import running, settings, statements_of

CONTRIBUTIONS, DECIDED = 200, 100
_BATCH = DECIDED
_COUNTED_LATER = ("contributions", "decisions", "appeals", "reviews", "entries")


def looked_at(node: dict[str, Any]) -> int:
    """How many rows all steps of a plan gave or threw away."""
    thrown = sum(value for name, value in node.items() if name.startswith("Rows Removed by"))
    rows = (node["Actual Rows"] + thrown) * node["Actual Loops"]
    return int(rows) + sum(looked_at(each) for each in node.get("Plans", ()))


async def test_figures_without_statistics(postgres_url: str, tmp_path: Path, log_signer: LogSigner) -> None:
    """With a few hundred rows a plan of three loops in one another took half a minute; pairs of rows are a moment."""
    async with running(settings(tmp_path, postgres_url, log_signer)) as api:
        engine = api.service.reads.database.engine
        async with engine.begin() as connection:
            for table in _COUNTED_LATER:
                await connection.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        platform = await api.platform()
        campaign = await platform.campaign()
        work = [{"campaign": campaign, "contributor": f"ann{n % 20}", "content": n} for n in range(CONTRIBUTIONS)]
        for begin in range(0, CONTRIBUTIONS, _BATCH):
            reply = await platform.post("/v1/contributions/batch", {"items": work[begin : begin + _BATCH]})
            assert reply.status_code == 200, reply.text
        decided = [{"contribution": each["id"], "verdict": "accepted"} for each in reply.json()["results"]]
        assert (await platform.post("/v1/decisions/batch", {"items": decided})).status_code == 200
        with statements_of(api) as asked:
            for path in ("record", "figures", "rewards"):
                reply = await api.http.get(f"/v1/campaigns/{campaign}/{path}")
                assert reply.status_code == 200, reply.text
        plans: dict[str, int] = {}
        async with engine.connect() as connection:
            for sql, values in asked:
                if not sql.lstrip().startswith(("SELECT", "WITH")):
                    continue
                explained = await connection.exec_driver_sql("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, values)
                (found,) = explained.one()
                plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
                plans[sql] = max(looked_at(plan), plans.get(sql, 0))
    assert sum("standing" in sql for sql in plans) >= 2
    assert max(plans.values()) < 30 * CONTRIBUTIONS * DECIDED, max(plans, key=lambda sql: plans[sql])
