"""What the API tells of the worker: firmness that steps back, its plan and alarms, costs, metrics; from rows alone."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from ledger.chain.nodes import NodeHealth
from ledger.db import tables
from ledger.tree.keys import LogSigner
from ledger.wire import ALARMS
from ledger.worker.ports import AccountReport, AnchorPlan, AnchorRow, Attempt, Cost, WorkerReport
from ledger.worker.real.rows import DatabaseRows
from tests.integration.api.running import ON_BOTH, Api, running, settings
from tests.integration.worker.row_stores import ANN, BIG, PLACE, attempt

METRICS_KEY = "watch-0123456789abcdef"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Api]:
    (tmp_path / "metrics.key").write_text(METRICS_KEY + "\n")
    config = settings(tmp_path, database_url, log_signer, metrics_key_file=tmp_path / "metrics.key")
    async with running(config) as found:
        found.service.deployment = PLACE
        yield found


async def rows_of(api: Api) -> DatabaseRows:
    rows = DatabaseRows(api.service.reads.database, "main", PLACE)
    assert await rows.hold("machine:1", 0, now_ms(), 15)
    return rows


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def report(**changes: Any) -> WorkerReport:
    said = WorkerReport(
        holder="machine:1",
        token=1,
        at_ms=now_ms(),
        lease_until_ms=now_ms() + 15_000,
        size=5,
        anchored=2,
        anchored_ms=1,
        plan=AnchorPlan(due=False, reason="expensive", words="Dear gas.", at_ms=5_000, entries=3, fee=BIG, ceiling=7),
        nodes=(
            NodeHealth(shown="https://one.example", block=9, lag_blocks=0),
            NodeHealth(shown="https://two.example", aside="it lags", block=2, lag_blocks=7),
        ),
        accounts=(AccountReport(role="operator", address=ANN, balance=10**18, low=False),),
        alarms=("node-aside",),
    )
    return replace(said, **changes)


async def metrics(api: Api) -> dict[tuple[str, ...], float]:
    """Samples by name and the values of all labels but the log's, which is main, in the order of the labels' names."""
    reply = await api.http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_KEY}"})
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert reply.headers["cache-control"] == "no-store"
    found = {}
    for family in text_string_to_metric_families(reply.text):
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("log", "main") == "main"  # what is of the process has none
            values = (labels[name] for name in sorted(labels))
            found[(sample.name.removeprefix("crowdledger_"), *values)] = sample.value
    return found


@ON_BOTH
async def test_firmness_follows_the_chain_and_steps_back(api: Api) -> None:
    platform = await api.platform()
    campaign = await platform.campaign()
    made = await platform.contribution(campaign)
    index = made["index"]
    rows = await rows_of(api)
    root = await api.service.reader.root_at(index + 1)

    async def statuses() -> set[str]:
        api.service.anchor.forget()
        shown = (await platform.get(f"/v1/contributions/{made['id']}")).json()["status"]
        entry = (await api.http.get(f"/v1/entries/{index}")).json()["status"]
        listed = (await api.http.get("/v1/entries", params={"contribution": made["id"]})).json()["items"][0]["status"]
        receipt = await api.http.get(f"/v1/contributions/{made['id']}/receipt")
        assert ("anchor" in receipt.json()) == (shown != "recorded")
        assert receipt.headers["access-control-allow-origin"] == "*"
        assert receipt.headers["access-control-expose-headers"] == "CrowdLedger-Status", "or no page could read it"
        assert receipt.headers["cache-control"] == "no-store"
        return {shown, entry, listed, receipt.headers["CrowdLedger-Status"]}

    assert await statuses() == {"recorded"}
    anchor = AnchorRow(
        size=index + 1, root=root, transaction="0x" + "ab" * 32, block=7, log_id=PLACE.log_id, finalized=False
    )
    await rows.replace_loose_anchors([anchor])
    assert await statuses() == {"anchored"}
    await rows.replace_loose_anchors([])
    assert await statuses() == {"recorded"}, "the chain took it back"
    await rows.replace_loose_anchors([replace(anchor, block=9, finalized=True)])
    assert await statuses() == {"permanent"}
    await rows.replace_loose_anchors([])
    assert await statuses() == {"permanent"}, "nothing takes this back"


@ON_BOTH
async def test_the_summary_tells_of_the_worker(api: Api) -> None:
    async def summary() -> Any:
        reply = await api.http.get("/v1/audit/summary")
        assert reply.status_code == 200, reply.text
        return reply.json()["worker"]

    assert await summary() == {
        "at": None,
        "age_seconds": None,
        "plan": None,
        "nodes": 0,
        "nodes_aside": 0,
        "alarms": ["worker-silent"],
    }
    rows = await rows_of(api)
    await rows.report(report())
    told = await summary()
    assert 0 <= told.pop("age_seconds") < 5
    assert told.pop("at").endswith("Z")
    assert told == {
        "plan": {
            "due": False,
            "reason": "expensive",
            "words": "Dear gas.",
            "at": "1970-01-01T00:00:05.000Z",
            "entries": 3,
            "fee": str(BIG),
            "ceiling": "7",
        },
        "nodes": 2,
        "nodes_aside": 1,
        "alarms": ["node-aside"],
    }
    await rows.report(report(at_ms=now_ms() - 46_000, plan=None))
    told = await summary()
    assert told["alarms"] == ["node-aside", "worker-silent"]
    assert told["plan"] is None
    assert 45 <= told["age_seconds"] < 60
    async with api.service.reads.database.begin() as connection:
        await connection.execute(update(tables.worker_reports).values(report='{"at_ms": "soon"}'))
    assert (await summary())["alarms"] == ["worker-silent"], "what cannot be read is as good as silent"
    api.service.deployment = None
    assert await summary() is None


async def test_what_a_campaign_has_cost(api: Api) -> None:
    platform = await api.platform()
    campaign, other = await platform.campaign(), await platform.campaign()
    path = f"/v1/campaigns/{campaign}/costs"
    assert (await platform.get(path)).json() == {
        "campaign": campaign,
        "chain_id": 31337,
        "gas": 0,
        "wei": "0",
        "intents": [],
    }
    rows = await rows_of(api)
    for number, (intent, wei) in enumerate([("claim:3", BIG), ("anchor:5", 3), ("anchor:9", BIG)]):
        cost = Cost(transaction=f"0x{number}", campaign=campaign, intent=intent, gas=10 + number, wei=wei)
        await rows.save_costs([cost, replace(cost, campaign=other, wei=1), replace(cost, campaign="", wei=2)])
    assert (await platform.get(path)).json() == {
        "campaign": campaign,
        "chain_id": 31337,
        "gas": 33,
        "wei": str(2 * BIG + 3),
        "intents": [
            {"intent": "anchor", "transactions": 2, "gas": 23, "wei": str(BIG + 3)},
            {"intent": "claim", "transactions": 1, "gas": 10, "wei": str(BIG)},
        ],
    }
    api.service.deployment = None
    assert (await platform.get(path)).json()["chain_id"] is None


def sent(number: int, nonce: int) -> Attempt:
    return attempt(number, nonce=nonce, intent=f"anchor:{nonce}")


@ON_BOTH
async def test_metrics(api: Api) -> None:
    platform = await api.platform()
    await platform.campaign()
    first = await metrics(api)
    size = first["log_entries",]
    assert size == 3
    assert (first["log_anchored_entries",], first["entries_not_anchored",]) == (0, size)
    assert first["alarm", "worker-silent"] == 1
    assert [key for key in first if key[0] in ("worker_report_age_seconds", "node_up", "lease_holder_info")] == []

    rows = await rows_of(api)
    await rows.report(report())
    waiting, mined, final = [sent(1, 0), sent(2, 0)], [sent(3, 1), sent(4, 1)], [sent(5, 2), sent(6, 2)]
    for each in (*waiting, *mined, *final):
        await rows.save_attempt(each)
    await rows.set_attempts([replace(mined[0], state="mined", block=5)])
    await rows.set_attempts([replace(final[0], state="replaced"), replace(final[1], state="final", block=4)])
    root = await api.service.reader.root_at(2)
    anchor = AnchorRow(size=2, root=root, transaction="0x", block=7, log_id=PLACE.log_id, finalized=False)
    await rows.replace_loose_anchors([anchor])
    told = await metrics(api)
    assert (told["log_anchored_entries",], told["entries_not_anchored",]) == (2, size - 2)
    assert 0 < told["anchor_age_seconds",] < 60
    assert (told["transactions_pending",], told["transactions_replaced_total",]) == (1, 1)
    assert told["node_up", "https://one.example"] == 1
    assert told["node_up", "https://two.example"] == 0
    assert told["node_lag_blocks", "https://two.example"] == 7
    assert told["signer_balance_wei", ANN, "operator"] == 10**18
    assert told["lease_holder_info", "machine:1"] == 1
    assert 0 < told["lease_expires_timestamp_seconds",] - now_ms() / 1000 <= 15
    assert {key[1] for key in told if key[0] == "alarm"} == set(ALARMS)
    assert [key[1] for key, value in told.items() if key[0] == "alarm" and value] == ["node-aside"]
    assert 0 <= told["worker_report_age_seconds",] < 5
    root = await api.service.reader.root_at(int(size))
    await rows.replace_loose_anchors([replace(anchor, size=int(size), root=root)])
    assert (await metrics(api))["anchor_age_seconds",] == 0


async def test_nobody_else_gets_the_metrics(api: Api) -> None:
    platform = await api.platform()
    for key in ("", METRICS_KEY[:-1], "é", platform.key):
        reply = await api.http.get("/metrics", headers={b"Authorization": f"Bearer {key}".encode()})
        assert reply.status_code == 401
        assert "crowdledger_" not in reply.text


async def test_without_a_key_there_are_no_metrics(
    sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner
) -> None:
    async with running(settings(tmp_path, sqlite_database_url, log_signer)) as plain:
        for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
            reply = await plain.http.get("/metrics", headers=headers)
            assert reply.status_code == 401
            assert "CROWDLEDGER_METRICS_KEY_FILE" in reply.text
