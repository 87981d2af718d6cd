"""``crowdledger deploy`` on a chain with real money: the plan, what is refused, a process killed at every point."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ledger.chain.artifacts import artifact
from ledger.chain.deployments import Deployment
from ledger.chain.signers import LocalSigner
from ledger.cli import app
from ledger.errors import ConfigError, CrowdLedgerError
from ledger.tree.keys import LogSigner
from tests.acceptance.cli.real_chain import CHAIN_ID, RealChain

PROGRAM = Path(sys.executable).with_name("crowdledger")
ORIGIN = "example.org/birds"
SECONDS = 60
ADMIN, REPORTER, GUARDIAN = ("0x" + digit * 40 for digit in "abc")


@pytest.fixture(scope="module")
def running() -> Iterator[RealChain]:
    with RealChain() as chain:
        yield chain


@dataclass
class Desk:
    """Where somebody deploys: a folder with an operator's key and a deploy.toml."""

    chain: RealChain
    folder: Path
    operator: LocalSigner
    said: str = ""

    def write(self, **changes: Any) -> None:
        """Write deploy.toml; a change to None leaves a member out."""
        members: dict[str, Any] = {
            "chain_id": CHAIN_ID,
            "rpc_urls": [self.chain.url],
            "settlement_delay": 86_400,
            "admin": ADMIN,
            "reporter": REPORTER,
            "guardian": GUARDIAN,
            "confirmations": 1,
            "max_fee_gwei": "50.5",
            "reward_token": {"name": "Bird Coin", "symbol": "BIRD", "cap": "1000000"},
        } | changes
        tables = {name: value for name, value in members.items() if isinstance(value, dict)}
        lines = [f"{name} = {json.dumps(value)}" for name, value in members.items()
                 if value is not None and name not in tables]  # fmt: skip
        for table, values in tables.items():
            lines += [f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
        (self.folder / "deploy.toml").write_text("\n".join(lines) + "\n")

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start the command with deploy.toml."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
        return subprocess.Popen(
            [str(PROGRAM), "deploy", "--config", "deploy.toml", *arguments],
            cwd=self.folder,
            env=inherited,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """Run the command in this process; what it prints. Raises its error."""
        result = CliRunner().invoke(app, ["deploy", "--config", "deploy.toml", *arguments])
        self.said = result.stdout
        if result.exception is not None:
            raise result.exception
        return result.stdout

    @property
    def nonce(self) -> int:
        """Transactions that the operator has sent."""
        return int(self.chain.chain.rpc("eth_getTransactionCount", self.operator.address, "latest"), 16)


@pytest.fixture
def desk(running: RealChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    key = secrets.token_bytes(32)
    (tmp_path / "operator.key").write_text(key.hex())
    log_key = LogSigner.generate(ORIGIN)
    (tmp_path / "log.pem").write_bytes(log_key.to_pem())
    (tmp_path / "crowdledger.toml").write_text(
        f'origin = "{ORIGIN}"\nlog_key_file = "log.pem"\noperator_signer = "file:operator.key"\n'
    )
    with running.as_it_was() as chain:
        made = Desk(chain, tmp_path, LocalSigner.from_key(key))
        chain.chain.rpc("anvil_setBalance", made.operator.address, hex(10**19))
        made.write()
        yield made


@pytest.mark.long
def test_a_process_killed_around_every_transaction_makes_nothing_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of three runs at another one: not sent yet, or sent and the answer not read."""
    process: subprocess.Popen[str]
    left = 0

    def kill() -> bool:
        nonlocal left
        left -= 1
        if left == 0:
            process.send_signal(signal.SIGKILL)
            process.wait()
        return left > 0

    for point, sent in (("before", 1), ("after", 2), ("after", 1)):
        left = sent
        with monkeypatch.context() as plug:
            plug.setattr(desk.chain, point, kill)
            process = desk.start("--yes")
            process.communicate(timeout=SECONDS)
        assert process.returncode == -signal.SIGKILL
        assert (desk.folder / f"deployments/{CHAIN_ID}.unfinished.json").exists()
        assert not (desk.folder / f"deployments/{CHAIN_ID}.json").exists()
    process = desk.start("--yes", "--json")
    output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    deployment = Deployment.load(desk.folder / f"deployments/{CHAIN_ID}.json")
    assert json.loads(output)["pool"] == deployment.pool == deployment.token
    assert not deployment.dev
    assert desk.nonce == 3
    assert not (desk.folder / f"deployments/{CHAIN_ID}.unfinished.json").exists()
    _check_sources(desk, deployment)
    found = json.loads(desk.run("--check", "--json"))
    assert (found["admin"], found["reporter"], found["guardian"]) == (ADMIN, REPORTER, GUARDIAN)
    assert (found["operator"], found["reward_token"]["cap"]) == (desk.operator.address, "1000000")
    (desk.folder / "crowdledger.toml").write_text(f'origin = "{ORIGIN}"\nlog_key_file = "log.pem"\n')
    assert "ours, to the last byte" in desk.run("--check")  # who only compares needs no operator's key
    desk.write(guardian="0x" + "d" * 40)
    with pytest.raises(SystemExit, match="1"):
        desk.run("--check")
    assert f"guardian is {GUARDIAN}, asked for was 0xdddd" in desk.said


def _check_sources(desk: Desk, deployment: Deployment) -> None:
    folder = desk.folder / f"deployments/{CHAIN_ID}.sources"
    for name, address in (("ContributionLog", deployment.contribution_log), ("RewardToken", deployment.pool)):
        form = json.loads((folder / f"{name}.verify.json").read_text())
        assert form["address"] == address
        assert form["contract"] == f"contracts/{name}.sol:{name}"
        assert form["licence"] == "Apache-2.0"
        assert form["compiler"].startswith("v0.8.")
        given = json.loads((folder / form["input"]).read_text())
        assert f"contracts/{name}.sol" in given["sources"]
        # Bytecode and arguments together are the very data of the transaction that made the contract.
        data = artifact(name).bytecode.hex() + form["constructor_arguments"]
        assert "0x" + data in [transaction["input"] for transaction in _transactions(desk)]


def _transactions(desk: Desk) -> list[dict[str, Any]]:
    last = int(desk.chain.chain.rpc("eth_blockNumber"), 16)
    blocks = [desk.chain.chain.rpc("eth_getBlockByNumber", hex(number), True) for number in range(last + 1)]
    return [transaction for block in blocks for transaction in block["transactions"]]


def test_the_plan_is_told_and_agreed_to_before_anything_is_sent(desk: Desk) -> None:
    output = desk.run("--dry-run")
    for words in (
        f"Chain {CHAIN_ID}, a chain with real money",
        "1. Make a ContributionLog (about",
        "2. Open the log",
        "3. Make a RewardToken",
        "cap: 1000000",
        f"guardian: {GUARDIAN}",
        "log: made above",
        "gwei now, which is 0.0",
        "has 10.000000",
    ):
        assert words in output
    planned = json.loads(desk.run("--dry-run", "--json"))
    assert [step["name"] for step in planned["steps"]] == ["contribution_log", "log", "pool"]
    assert "nothing would be sent" in desk.run("--dry-run", "--max-fee-gwei", "0.000000001")
    with pytest.raises(ConfigError, match="nobody is here to agree"):
        desk.run()
    assert (desk.nonce, list((desk.folder / "deployments").glob("*"))) == (0, [])


def test_what_is_dangerous_is_refused(desk: Desk) -> None:
    one = desk.operator.address
    dangers: list[tuple[dict[str, Any], list[str], str]] = [
        ({"guardian": REPORTER}, [], "the veto would be worthless"),
        ({"admin": one, "reporter": one}, [], "--accept-one-key"),
        ({"settlement_delay": 86_399}, [], "nobody could veto in time"),
        ({"reward_token": None}, [], "No token was named"),
        ({"reward_token": None, "token": "0x" + "e" * 40}, [], "There is no token at 0xeeee"),
        ({"reward_token": {"name": "B", "symbol": "B", "cap": "0"}}, [], "cap is 0"),
        ({}, ["--max-fee-gwei", "0.000000001"], "the cap is 1 wei"),
        ({"vkey": LogSigner.generate("example.org/other").verifier_key.vkey}, [], "is of 'example.org/other'"),
        ({"reward_token": None, "token": "0x" + "d" * 40}, [], "a DevToken, which anybody may mint"),
        ({"surprise": 1}, [], "unknown field `surprise`"),
    ]
    desk.chain.chain.rpc("anvil_setCode", "0x" + "d" * 40, "0x" + artifact("DevToken").deployed.hex())
    for changes, options, words in dangers:
        desk.write(**changes)
        with pytest.raises(CrowdLedgerError, match=words):
            desk.run("--yes", *options)
    assert desk.nonce == 0


@pytest.mark.long
def test_gas_that_grows_dear_after_the_plan_is_not_paid(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write(max_fee_gwei=None)

    def price(wei: int) -> None:
        desk.chain.chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(wei))
        desk.chain.chain.rpc("evm_mine")

    price(10**9)
    monkeypatch.setattr(desk.chain, "after", lambda: price(10**12))
    with pytest.raises(CrowdLedgerError, match=r"the cap is [0-9]{10} wei"):
        desk.run("--yes")
    assert desk.nonce == 1
    price(10**9)  # going back to an earlier block does not bring its price back


def test_one_key_is_possible_for_who_accepts_it(desk: Desk) -> None:
    one = desk.operator.address
    desk.write(admin=one, reporter=one)
    output = desk.run("--yes", "--accept-one-key")
    assert desk.nonce == 3
    assert "Warning: Admin, operator and reporter are one key" in output
    assert "Written to deployments/424242.json" in output


def test_who_is_asked_may_say_no(desk: Desk) -> None:
    ours, theirs = os.openpty()
    try:
        process = desk.start(stdin=theirs)
        os.write(ours, b"n\n")
        _, errors = process.communicate(timeout=SECONDS)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == 1
    assert "Send this?" in errors
    assert desk.nonce == 0


def test_a_check_that_finds_something_wrong_names_it_and_ends_with_1(desk: Desk) -> None:
    desk.run("--yes")
    deployment = Deployment.load(desk.folder / f"deployments/{CHAIN_ID}.json")
    without_config = ["deploy", "--check", "--chain-id", str(CHAIN_ID), "--rpc", desk.chain.url]
    result = CliRunner().invoke(app, without_config)
    assert (result.exit_code, "is ours, to the last byte" in result.stdout) == (0, True)
    assert re.search(rf"guardian: +{GUARDIAN}$", result.stdout, re.MULTILINE)
    code = artifact("RewardToken").deployed.hex()  # with no immutable filled in
    desk.chain.chain.rpc("anvil_setCode", deployment.pool, "0x" + code)
    result = CliRunner().invoke(app, [*without_config, "--json"])
    assert result.exit_code == 1
    (wrong,) = json.loads(result.stdout)["wrong"]
    assert "other values" in wrong
    assert "SETTLEMENT_DELAY" in wrong
