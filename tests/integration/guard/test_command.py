"""``crowdledger guard`` as it is typed: a process of its own, with nothing of the service but its address."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import contracts
from ledger.chain.deployments import write_file
from tests.integration.audit.staged import DELAY_SECONDS, Staged, proposal_of
from tests.integration.guard.conftest import Guard, propose, theft, wrong

PROGRAM = [sys.executable, "-m", "ledger.cli", "guard"]
SILENT = "http://127.0.0.1:9"


class Typed:
    """The command with what every guard is given; ``key`` is the guardian's file."""

    def __init__(self, staged: Staged, folder: Path) -> None:
        self.staged, self.folder = staged, folder
        self.key = folder / "guardian.key"
        write_file(self.key, staged.operator_key.hex() + "\n", 0o600)
        staged.deployment.save(folder / "deployment.json")

    def command(self, *more: object, rpc: str = "") -> list[str]:
        options = ["--deployment", self.folder / "deployment.json", "--folder", self.folder / "watch"]
        return [*PROGRAM, *map(str, [self.staged.folder / "served", *options, "--rpc", rpc or self.url, *more])]

    @property
    def url(self) -> str:
        return self.staged.chain.url

    def once(self, *more: object, rpc: str = "") -> tuple[int, list[dict[str, Any]], str]:
        done = subprocess.run(
            self.command("--once", *more, rpc=rpc), capture_output=True, text=True, check=False, timeout=120
        )
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    @property
    def guardian(self) -> tuple[str, str]:
        return "--signer", f"file:{self.key}"


@pytest.fixture
def typed(staged: Staged, tmp_path: Path) -> Typed:
    return Typed(staged, tmp_path)


@pytest.mark.long
def test_how_things_stand(staged: Staged, typed: Typed) -> None:
    """0: sound; 1: wrong; 3: it cannot be told."""
    code, lines, _ = typed.once()
    assert (code, [line["event"] for line in lines]) == (0, ["sound", "watching"])
    code, lines, _ = typed.once(rpc=SILENT)
    assert (code, sorted(line["alarm"] for line in lines)) == (3, ["no-node", "node-aside"])
    heard = typed.folder / "heard"
    propose(staged, wrong(staged, root=theft()))
    code, lines, _ = typed.once(*typed.guardian, "--on-alarm", f"tee {heard}")
    assert code == 1
    assert [line.get("alarm") or line["event"] for line in lines] == [
        "sound", "veto-sent", "wrong-settlement", "watching", "veto-mined", "wrong-settlement",
    ]  # fmt: skip
    assert contracts.read_pending(staged.node, staged.deployment.pool).number == 0
    assert json.loads(heard.read_text()) == lines[-1]
    assert typed.once()[0] == 0


@pytest.mark.long
def test_what_cannot_be_judged_is_neither(staged: Staged, typed: Typed) -> None:
    propose(staged, proposal_of(staged.tell.settle()))
    staged.pass_time(DELAY_SECONDS)
    code, lines, _ = typed.once(*typed.guardian, "--no-veto-unjudged")
    assert (code, lines[-2]["alarm"]) == (3, "unjudged-settlement")


@pytest.mark.long
def test_what_is_typed_wrong_is_said(staged: Staged, typed: Typed) -> None:
    other = typed.folder / "other.key"
    write_file(other, "11" * 32, 0o600)
    code, _, words = typed.once("--signer", f"file:{other}")
    assert code == 2
    assert f"the pool's guardian is {staged.operator}" in words
    assert "11" * 32 not in words
    code, _, words = typed.once("--signer", f"file:{typed.folder / 'none'}")
    assert (code, "cannot be read" in words) == (2, True)


def test_a_watch_ends_at_a_signal_and_a_second_one_is_refused(staged: Staged, typed: Typed) -> None:
    environment = {**os.environ, "CROWDLEDGER_DATABASE_URL": "nonsense", "CROWDLEDGER_CONFIG": "/none"}
    with subprocess.Popen(
        typed.command("--interval", "0.2", *typed.guardian), stdout=subprocess.PIPE, text=True, env=environment
    ) as first:
        assert first.stdout is not None
        lines = [json.loads(first.stdout.readline()) for _ in range(2)]
        assert lines[-1]["event"] == "watching"
        code, _, words = typed.once()
        assert code == 2
        assert "Another" in words
        propose(staged, wrong(staged, totals=(70,)))
        said = [json.loads(first.stdout.readline()) for _ in range(4)]
        assert [line.get("alarm") or line["event"] for line in said] == [
            "veto-sent", "wrong-settlement", "veto-mined", "wrong-settlement",
        ]  # fmt: skip
        assert said[1]["awards"][0]["claimed"] == "70"
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=30) == 0


@pytest.mark.long
def test_the_guard_needs_no_package_of_the_service() -> None:
    """What it imports, where the database's packages cannot be."""
    code = (
        "import sys\n"
        "for name in ('sqlalchemy', 'alembic', 'aiosqlite', 'asyncpg', 'fastapi', 'uvicorn', 'pydantic_settings'):\n"
        "    sys.modules[name] = None\n"
        "import ledger.guard.watch, ledger.guard.veto, ledger.guard.run\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_folder_holds_what_it_should(staged: Staged, guard: Guard) -> None:
    guard.round()
    assert sorted(path.name for path in guard.folder.iterdir()) == ["mirror"]
