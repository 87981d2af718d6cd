"""A whole service with chain and worker, watched by a real Prometheus and by a collector of spans."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from ledger.client import Client
from ledger.demo.stage import Server, Stage, free_port, private_file
from ledger.wire import Brief, NewCampaign, NewContribution, PieceRate
from ledger.wire.endpoints import NewEndpoint
from tests.integration.api.running import BRIEF
from tests.services.collector import Collector, collecting

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed"),
]
FOLDER = Path(__file__).resolve().parents[3] / "docs" / "monitoring"
METRICS_KEY = "watch-0123456789abcdef"
SELECTOR = re.compile(r"\bcrowdledger_\w+(?:\{[^}]*\})?")
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Watch:
    """Prometheus, and the service that it watches."""

    url: str
    server: Server
    collector: Collector

    def ask(self, path: str, **query: str) -> Any:
        reply = httpx.get(f"{self.url}/api/v1/{path}", params=query, timeout=30)
        assert reply.status_code == 200, (query, reply.text)
        return reply.json()["data"]

    def query(self, expression: str) -> list[Any]:
        found: list[Any] = self.ask("query", query=expression)["result"]
        return found


def until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[str]:
    """A Prometheus of Debian's that loads our rules and scrapes ``target``; its address."""
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(FOLDER / "crowdledger.rules.yml")],
        "scrape_configs": [
            {
                "job_name": "crowdledger",
                "authorization": {"credentials_file": str(private_file(folder / "prom.key", METRICS_KEY.encode()))},
                "static_configs": [{"targets": [target]}],
            }
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    port = free_port()
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    folder = tmp_path_factory.mktemp("watched")
    stage = Stage(folder / "stage", settlement_delay=10, wallet_delay=10, settle_automatically=True)
    with collecting() as collector, stage:
        private_file(stage.folder / "metrics.key", METRICS_KEY.encode())
        more = {"metrics_key_file": f"{stage.folder}/metrics.key", "otlp_url": collector.url}
        with stage.config.open("a") as config:
            config.writelines(f"{name} = {json.dumps(value)}\n" for name, value in more.items())
        with stage.server() as server, prometheus(folder, server.url.removeprefix("http://")) as url:
            work(stage, server.url)
            watch = Watch(url, server, collector)
            until(lambda: answers(url) and len(scrapes(watch)) >= 5, "Prometheus does not scrape")
            yield watch


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def scrapes(watch: Watch) -> list[Any]:
    found = watch.query("crowdledger_node_up[5m]")
    return found[0]["values"] if found else []


def work(stage: Stage, url: str) -> None:
    """Some entries, one of them twice, and an endpoint that nobody listens at."""
    with Client(url, stage.admin_key) as operator:
        key = operator.register_platform("Watched").key
    assert key is not None
    with Client(url, key) as client:
        brief, policy = Brief.model_validate(BRIEF), PieceRate(amount="5")
        new = NewCampaign(title="t", type="rating", brief=brief, terms="t", policy=policy, budget="500")
        campaign = client.open_campaign(new).id
        client.make_endpoint(NewEndpoint(url=f"http://127.0.0.1:{free_port()}/gone"))
        one = NewContribution(campaign=campaign, contributor="ann", content={"answer": "yes"}, external_id="1")
        assert client.submit(one).index == client.submit(one).index


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "crowdledger.rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_rule_is_evaluated(watch: Watch) -> None:
    def known() -> list[Any]:
        return [rule for group in watch.ask("rules")["groups"] for rule in group["rules"]]

    until(lambda: all(rule["health"] == "ok" for rule in known()), "rules are not evaluated")
    assert {rule["name"] for rule in known()} == {rule["alert"] for rule in rules()}
    assert [rule["lastError"] for rule in known() if rule.get("lastError")] == []


def test_every_part_of_every_rule_answers(watch: Watch) -> None:
    for rule in rules():
        watch.query(rule["expr"])
        for selector in SELECTOR.findall(rule["expr"]):
            if "5.." not in selector:  # nothing has failed
                assert watch.query(selector), (rule["alert"], selector)


def test_every_panel_of_the_dashboard_answers(watch: Watch) -> None:
    board = json.loads((FOLDER / "grafana.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$log", ".*")
            found = watch.query(expression.removesuffix(" == 1"))
            assert found, (panel["title"], expression)
            assert all(set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= set(each["metric"]) for each in found)


def test_what_it_shows_is_what_is(watch: Watch) -> None:
    def value(expression: str) -> float:
        (found,) = watch.query(expression)
        return float(found["value"][1])

    assert value("crowdledger_log_entries") >= 4
    assert value('crowdledger_repeats_total{by="entry"}') == 1
    until(lambda: value("crowdledger_log_anchored_entries") >= 4, "nothing is anchored")
    until(lambda: value('crowdledger_sendings{state="waiting"}') >= 1, "no sending waits")
    assert value('crowdledger_endpoints{state="failing"}') == 1
    assert value("crowdledger_sending_age_seconds") > 0
    assert value('crowdledger_alarm{alarm="worker-silent"}') == 0


def test_spans_of_both_processes_arrive(watch: Watch) -> None:
    def of(process: str) -> set[str]:
        return {span.name for span in watch.collector.spans if span.process["crowdledger.process"] == process}

    wanted = {"worker.step", "worker.compare", "worker.index", "worker.anchor", "worker.settle", "worker.relay"}
    wanted |= {"worker.look_after", "worker.succeed", "worker.share", "worker.publish"}
    wanted |= {"transaction", "webhook.send", "POST"}
    until(lambda: wanted <= of("worker"), "spans of the worker are missing")
    until(lambda: {"log.append", "POST /v1/contributions"} <= of("serve"), "spans of the service are missing")
    by_id = {span.id: span for span in watch.collector.spans}
    sent = [span for span in watch.collector.spans if span.name == "transaction" and "anchor" in str(span.facts)]
    assert {by_id[span.parent].name for span in sent} == {"worker.anchor"}
    told = [span for span in watch.collector.spans if span.name == "POST"]
    assert {by_id[span.parent].name for span in told} == {"webhook.send"}
    assert {span.facts["error.type"] for span in told} == {"UnavailableError"}


def test_an_alert_is_raised_when_the_service_is_gone(watch: Watch) -> None:
    def pending() -> set[str]:
        return {alert["labels"]["alertname"] for alert in watch.ask("alerts")["alerts"]}

    assert "CrowdLedgerNotScraped" not in pending()
    watch.server.stop()
    until(lambda: "CrowdLedgerNotScraped" in pending(), "nobody notices")
