"""The alerting rules and the dashboard speak only of metrics and alarms that there are, and name where help stands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ledger.wire import ALARMS

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "monitoring"
RULES = FOLDER / "crowdledger.rules.yml"
TESTS = FOLDER / "crowdledger.rules.test.yml"
PAGE = (ROOT / "docs" / "operations.md").read_text()
SUFFIXES = ("_bucket", "_sum", "_count")


def known() -> dict[str, set[str]]:
    """The metrics of docs/operations.md, which a test holds to the code, with their labels."""
    rows = re.findall(r"^\| `(crowdledger_\w+)(?:\{([a-z,]+)\})?` \|", PAGE, re.MULTILINE)
    return {name: {*labels.split(","), "log", "instance", "le"} - {""} for name, labels in rows}


def check(expression: str) -> None:
    """Every metric of an expression exists, with the labels that are asked of it."""
    names = re.findall(r"\b(crowdledger_\w+)(?:\{([^}]*)\})?", expression)
    assert names, expression
    for name, labels in names:
        metric = next((name.removesuffix(end) for end in SUFFIXES if name.endswith(end)), name)
        assert metric in known(), expression
        assert set(re.findall(r"(\w+)\s*=~?", labels)) <= known()[metric], expression


def rules() -> list[dict[str, Any]]:
    found: dict[str, Any] = yaml.safe_load(RULES.read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def test_the_rules_speak_of_what_there_is() -> None:
    for rule in rules():
        if not rule["expr"].startswith("up{"):
            check(rule["expr"])
        assert rule["labels"]["severity"] in ("page", "ticket")
        page, _, section = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/operations.md"
        assert re.search(rf"^## {section}$", PAGE, re.MULTILINE | re.IGNORECASE), rule["alert"]


def test_every_alarm_has_a_rule() -> None:
    named = [alarm for rule in rules() for alarm in re.findall(r'alarm="([a-z-]+)"', rule["expr"])]
    assert sorted(named) == sorted(ALARMS)
    assert len({rule["alert"] for rule in rules()}) == len(rules())


def test_the_dashboard_speaks_of_what_there_is() -> None:
    board = json.loads((FOLDER / "grafana.json").read_text())
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in board["panels"]:
        for target in panel["targets"]:
            check(target["expr"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_the_rules() -> None:
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test_that_raises_it_and_one_that_does_not() -> None:
    tests = yaml.safe_load(TESTS.read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    alerts = {rule["alert"] for rule in rules()}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == alerts
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == alerts


def test_the_tests_of_alerts_feed_them_with_what_there_is() -> None:
    for test in yaml.safe_load(TESTS.read_text())["tests"]:
        for each in test["input_series"]:
            if not each["series"].startswith("up{"):
                check(each["series"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_alerts_are_raised_when_they_should() -> None:
    done = subprocess.run(["promtool", "test", "rules", TESTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_of_numbers_says_what_to_do() -> None:
    numbers = {rule["alert"] for rule in rules() if rule["annotations"]["runbook"].endswith("#alerts")}
    assert set(re.findall(r"^\| `(CrowdLedger\w+)` \|", PAGE, re.MULTILINE)) == numbers
