"""What a run of `make fuzz` is told, and what it finds in the service's log by itself."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ledger.demo.stage import Server
from scripts.fuzz.__main__ import told_too_much
from scripts.fuzz.settings import CHECKS, settings
from scripts.fuzz.world import ATTACKERS, SENDER, SESSION, STRANGER, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    known = {"contribution": ["c"], "decision": ["d"], "campaign": ["a", "b"], "number": [1]}
    doomed = {name: ["x"] for name in ("campaign", "hook", "endpoint", "sha256", "key", "contributor")}
    headers = {each: {"Authorization": 'Bearer "quoted"'} for each in ATTACKERS} | {STRANGER: {}, SENDER: {"X-S": "s"}}
    server = Server(tmp_path / "crowdledger.toml", 7, worker=False)
    return World(server, tmp_path, headers, known, doomed, ("cl_secret",))


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_settings_are_toml_and_name_only_dictionaries_that_are_there(world: World, attacker: str) -> None:
    read = tomllib.loads(settings(world, attacker))
    assert read.get("headers", {}) == world.headers[attacker]
    assert {name for name, each in read["checks"].items() if name != "enabled" and each["enabled"]} == set(CHECKS)
    drawn = [*read["parameters"].values()]
    drawn += [each for operation in read["operations"] for each in operation.get("parameters", {}).values()]
    assert {each["dictionary"] for each in drawn} <= set(read["dictionaries"])
    left_out = [each["include-name"] for each in read["operations"] if each.get("enabled") is False]
    assert bool(left_out) == (attacker == SESSION)


def test_traces_and_secrets_in_the_log_are_found(world: World) -> None:
    assert world.log.name == "server-7.log"
    for said, found in (("all is well", 0), ("key cl_secret", 1), ("Traceback (most", 2)):
        world.log.write_text(said + "\n")
        assert len(told_too_much(world)) == found
