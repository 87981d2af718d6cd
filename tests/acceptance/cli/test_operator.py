"""What an operator types on the first day: init, platform, deploy, serve; and what an auditor then sees."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.chain.devchain import DevChain
from ledger.chain.signers import LocalSigner

PROGRAM = Path(sys.executable).with_name("crowdledger")
SECONDS = 40


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
    return {**inherited, "CROWDLEDGER_CONFIG": str(tmp_path / "site" / "crowdledger.toml")}


@pytest.fixture
def site(tmp_path: Path, environment: dict[str, str]) -> Path:
    """A new installation."""
    del environment["CROWDLEDGER_CONFIG"]
    folder = tmp_path / "site"
    said = run(environment, "init", "--origin", "example.org/crowd", "--folder", folder, "--wallet-delay", 1)
    assert said["key"].startswith("example.org/crowd+")
    environment["CROWDLEDGER_CONFIG"] = str(folder / "crowdledger.toml")
    return folder


def run(environment: dict[str, str], *arguments: object) -> Any:
    """The JSON that a command prints."""
    done = subprocess.run(
        [str(PROGRAM), *map(str, arguments), "--json"], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/audit/summary", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


@pytest.mark.long
def test_keys_and_where_their_secrets_are(site: Path, environment: dict[str, str]) -> None:
    assert all(path.stat().st_mode & 0o077 == 0 for path in (site / "secrets").iterdir())
    assert "PRIVATE" not in (site / "crowdledger.toml").read_text()
    made = run(environment, "platform", "add", "Bird watchers")
    more = run(environment, "platform", "key", made["id"], "--scope", "submit", "--expires", "2099-01-31T00:00:00Z")
    assert made["key"] != more["key"]
    (listed,) = run(environment, "platform", "list")["items"]
    assert (listed["id"], listed["name"]) == (made["id"], "Bird watchers")
    assert {tuple(key["scopes"]) for key in listed["keys"]} == {("submit", "review", "settle", "admin"), ("submit",)}
    assert all(key["id"] in made["key"] + more["key"] for key in listed["keys"])
    assert {key["expires"] for key in listed["keys"]} == {None, "2099-01-31T00:00:00.000Z"}
    database = (site / "crowdledger.db").read_bytes()
    assert made["key"].encode() not in database
    assert made["key"].rsplit("_")[-1].encode() not in database


def test_from_nothing_to_an_audit_against_the_chain(chain: DevChain, site: Path, environment: dict[str, str]) -> None:
    config = site / "crowdledger.toml"
    lines = [f'rpc_urls = ["{chain.url}"]', "anchor_interval_seconds = 0.1", "worker_interval_seconds = 0.2"]
    for role in ("operator", "reporter", "relayer", "guardian"):
        key = secrets.token_bytes(32)
        (site / f"{role}.key").write_text(key.hex())
        chain.rpc("anvil_setBalance", LocalSigner.from_key(key).address, hex(10**21))
        lines.append(f'{role}_signer = "file:{site / f"{role}.key"}"')
    config.write_text(config.read_text() + "\n".join(lines) + "\n")
    place = run(
        environment, "deploy", "--chain-id", chain.chain_id, "--settlement-delay", 3, "--folder", site / "deployments"
    )
    config.write_text(config.read_text() + f'deployment_file = "{place["deployment_file"]}"\n')
    made = run(environment, "platform", "add", "Bird watchers")

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (site / "serve.log").open("wb") as log:
        service = subprocess.Popen(
            [str(PROGRAM), "serve", "--port", str(port)], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        eventually(lambda: answers(url))
        (worker,) = children(service.pid)
        eventually(lambda: httpx.get(f"{url}/v1/audit/summary", trust_env=False).json()["anchor"] is not None)
        report = run(environment, "audit", url, "--rpc", chain.url, "--contract", place["contribution_log"])
        assert report["verdict"] == "pass"
        assert report["anchored_size"] >= 2
        assert run(environment, "mirror", url, site / "mirror")["new_size"] == report["entries"]
        assert run(environment, "audit", site / "mirror", "--rpc", chain.url)["verdict"] == "pass"
        (site / "platform.key").write_text(made["key"])
        asked = run(environment, "settle", "--url", url, "--api-key-file", site / "platform.key")
        assert asked["url"].endswith(asked["id"])
        refused = subprocess.run(
            [str(PROGRAM), "claim", "--url", url, "0x" + 40 * "1"], capture_output=True, text=True, check=False
        )
        assert refused.returncode == 2
        assert "nothing to claim" in refused.stderr
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: children(service.pid) not in ([], [worker]))
    finally:
        service.terminate()
        code = service.wait(SECONDS)
    assert code == 0, (site / "serve.log").read_text()
    assert children(service.pid) == []
