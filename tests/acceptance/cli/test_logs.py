"""Two logs in one service, as an operator sets them up, platforms write to them, and auditors find and read them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.chain.devchain import DevChain
from ledger.chain.signers import LocalSigner
from ledger.cli.app import main
from ledger.client import Client
from ledger.wire import NewCampaign, NewContribution, PieceRate, Written
from ledger.wire.briefs import Brief
from tests.integration.api.running import BRIEF

PROGRAM = Path(sys.executable).with_name("crowdledger")
SECONDS = 60
ORIGINS = {"main": "example.org/crowd", "survey": "example.org/logs/survey"}
ENTRIES = 300


@dataclass(frozen=True)
class Site:
    """A new installation with two logs in ``folder``. Commands run as their console script runs them."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def run(self, *arguments: object, code: int = 0) -> Any:
        """The JSON that a command prints."""
        self.monkeypatch.setattr(sys, "argv", ["crowdledger", *map(str, arguments), "--json"])
        self.capture.readouterr()
        ended = 0
        try:
            main()
        except SystemExit as end:
            ended = int(end.code or 0)
        said = self.capture.readouterr()
        assert ended == code, (arguments, said.out, said.err)
        return json.loads(said.out)

    @contextlib.contextmanager
    def serving(self) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
        """``crowdledger serve`` and its address."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        command = [str(PROGRAM), "serve", "--port", str(port)]
        with (self.folder / "serve.log").open("wb") as log:
            service = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            with Client(url) as client:
                eventually(client.ready)
            yield url, service
        finally:
            service.terminate()
            assert service.wait(SECONDS) == 0, (self.folder / "serve.log").read_text()


@pytest.fixture
def site(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Site:
    """On SQLite, unless the test asks for PostgreSQL."""
    for name in os.environ:
        if name.startswith("CROWDLEDGER_"):
            monkeypatch.delenv(name)
    made = Site(tmp_path, capsys, monkeypatch)
    arguments = ["init", "--origin", ORIGINS["main"], "--folder", tmp_path, "--wallet-delay", 1]
    if "postgres_url" in request.fixturenames:
        arguments += ["--database-url", request.getfixturevalue("postgres_url")]
    made.run(*arguments)
    monkeypatch.setenv("CROWDLEDGER_CONFIG", str(tmp_path / "crowdledger.toml"))
    said = made.run("log", "add", "survey", "--origin", ORIGINS["survey"])
    assert said["key"].startswith(ORIGINS["survey"])
    return made


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def is_anchored(base: str) -> bool:
    return httpx.get(f"{base}/v1/audit/summary").json()["anchor"] is not None


def bases(url: str) -> dict[str, str]:
    """Where the logs are, as an auditor who knows only the service finds them."""
    summary = httpx.get(f"{url}/v1/audit/summary", trust_env=False).json()
    found = {summary["log"]: url} | {each["log"]: each["url"] for each in summary["logs"]}
    assert {name: httpx.get(f"{base}/v1/audit/summary").json()["origin"] for name, base in found.items()} == ORIGINS
    assert found["survey"] == f"{url}/logs/survey"
    return found


def fill(base: str, key: str) -> int:
    """Answers of a crowd; how many entries the log then has."""
    with Client(base, key) as client:
        campaign = client.open_campaign(
            NewCampaign(
                title="Which sentence follows?",
                type="rating",
                brief=Brief.model_validate(BRIEF),
                terms="Answer honestly.",
                policy=PieceRate(amount="5"),
                budget="5000",
                external_id="c-1",
            )
        )
        answers = [
            NewContribution(campaign=campaign.id, contributor=f"{number % 7}", content=number, external_id=f"{number}")
            for number in range(ENTRIES)
        ]
        for result in client.submit_many(answers):
            assert isinstance(result, Written), result
            assert result.url.startswith(f"{base}/c/")
    return ENTRIES + 3


def check_both(site: Site) -> None:
    """Write into both logs at once; mirror and audit each by its own address, on the web and on disk."""
    keys = {name: site.run("platform", "add", "Crowd", "--log", name)["key"] for name in ORIGINS}
    with site.serving() as (url, _):
        logs = bases(url)
        with ThreadPoolExecutor(2) as threads:
            sizes = dict(zip(logs, threads.map(fill, logs.values(), map(keys.__getitem__, logs)), strict=True))
        with Client(logs["survey"], keys["main"]) as stranger, pytest.raises(Exception, match="not known"):
            list(stranger.campaigns())
        for name, base in logs.items():
            copy = site.folder / f"mirror of {name}"
            mirrored = site.run("mirror", base, copy)
            assert (mirrored["origin"], mirrored["new_size"]) == (ORIGINS[name], sizes[name])
            for source in (base, copy):
                report = site.run("audit", source, "--key", mirrored["key"])
                assert (report["verdict"], report["entries"]) == ("pass", sizes[name])
        by_name = site.run("mirror", url, site.folder / "by name", "--log", "survey")
        assert (by_name["origin"], by_name["new_size"]) == (ORIGINS["survey"], sizes["survey"])
    listed = {each["log"]: each["size"] for each in site.run("log", "list")["items"]}
    assert listed == sizes


@pytest.mark.long
def test_two_logs_on_sqlite(site: Site) -> None:
    check_both(site)


@pytest.mark.long
@pytest.mark.usefixtures("postgres_url")
def test_two_logs_on_postgresql(site: Site) -> None:
    check_both(site)


def test_what_log_add_does_not_do(site: Site) -> None:
    before = (site.folder / "crowdledger.toml").read_text()
    for arguments in (
        ("main", "--origin", "example.org/x"),
        ("survey", "--origin", "example.org/x"),
        ("other", "--origin", ORIGINS["main"]),
        ("other", "--origin", "With Spaces"),
        ("Other", "--origin", "example.org/x"),
    ):
        assert "detail" in site.run("log", "add", *arguments, code=2)
    assert (site.folder / "crowdledger.toml").read_text() == before
    assert len(list((site.folder / "secrets").iterdir())) == 4
    assert "no log 'other'" in site.run("platform", "add", "Crowd", "--log", "other", code=2)["detail"]


@pytest.mark.long
def test_each_log_is_anchored_by_its_own_worker(chain: DevChain, site: Site) -> None:
    """Both workers send from the same accounts."""
    config = site.folder / "crowdledger.toml"
    lines = [f'rpc_urls = ["{chain.url}"]', "anchor_interval_seconds = 0.1", "worker_interval_seconds = 0.2"]
    for role in ("operator", "reporter", "relayer", "guardian"):
        key = secrets.token_bytes(32)
        (site.folder / f"{role}.key").write_text(key.hex())
        chain.rpc("anvil_setBalance", LocalSigner.from_key(key).address, hex(10**21))
        lines.append(f'{role}_signer = "file:{site.folder / f"{role}.key"}"')
    config.write_text("\n".join(lines) + "\n" + config.read_text())
    places = {}
    for name in ORIGINS:
        folder = site.folder / "deployments" / name
        deploy = ("deploy", "--chain-id", chain.chain_id, "--settlement-delay", 3, "--folder", folder, "--log", name)
        places[name] = site.run(*deploy)
    top, table = config.read_text().split("[logs.survey]")
    place = {name: f'deployment_file = "{place["deployment_file"]}"\n' for name, place in places.items()}
    config.write_text(f"{place['main']}{top}[logs.survey]\n{place['survey']}{table}")
    with site.serving() as (url, service):
        logs = bases(url)
        workers = subprocess.run(["ps", "-o", "args=", "--ppid", str(service.pid)], capture_output=True, check=False)
        assert sorted(line.split()[-1] for line in workers.stdout.decode().splitlines()) == sorted(ORIGINS)
        for name, base in logs.items():
            eventually(partial(is_anchored, base))
            report = site.run("audit", base, "--rpc", chain.url, "--contract", places[name]["contribution_log"])
            assert (report["verdict"], report["anchored_size"] >= 1) == ("pass", True)
