"""Where blocks of the docs run: beside a running service with a chain, or in the folder of somebody who runs one.

What a page supposes that its reader has stands here: addresses of others (``https://crowd.example.org``), files, shell
variables and names. A page has a folder of its own, and a platform of its own with a funded campaign.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import os
import re
import secrets
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from eth_account import Account

from ledger import wire
from ledger.chain import contracts
from ledger.chain.rpc import Node
from ledger.client import AsyncClient, Client
from ledger.demo.people import fund_on_chain
from ledger.demo.stage import Server, Stage, free_port
from ledger.wire import Brief, NewCampaign, PieceRate
from tests.acceptance.docs.snippets import programs
from tests.integration.api.running import BRIEF
from tests.services.snippets import ROOT

TOKEN: Final = 10**18
BUDGET: Final = 1_000 * TOKEN
PATIENCE_SECONDS: Final = 120
END_SECONDS: Final = 30
_FOLDERS: Final = re.compile(r"(?<![\w./:-])/(backups|elsewhere|srv|etc/\w+|var/\w+|mnt|tmp)(?=[/\s])")
"""Absolute paths of examples: they are made below the page's own folder."""
_SAID: Final = re.compile(r"print\(.*\)  # (.*)")
DATA: Final = ROOT / "tests" / "data" / "connectors"


@dataclass
class Neighbours:
    """Who else there is, for all pages: the stage with its service, and platforms that work is pulled from."""

    stage: Stage
    url: str
    admin_key: str
    survey_key: str
    others: dict[str, str]
    environment: dict[str, str]


@dataclass
class Place:
    """A folder in which blocks run one after the other."""

    folder: Path
    environment: dict[str, str]
    words: dict[str, str]
    """What is put in the place of what, such as an example's address."""
    names: dict[str, Any] = field(default_factory=dict)
    clients: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _bash: _Bash | None = None

    def run(self, language: str, code: str) -> str:
        """What the block writes. Raises AssertionError where it fails."""
        code = _FOLDERS.sub(lambda found: f"{self.folder}/{found[1]}", code)
        for words, instead in self.words.items():
            code = code.replace(words, instead)
        if language == "python":
            return self.python(code)
        if language == "cron":
            code = code.split(maxsplit=5)[5].replace("\\%", "%")
        return self.shell(code)

    def shell(self, code: str) -> str:
        """One shell for the whole page: variables and functions stay for the next block. It ends where a line fails."""
        if self._bash is None:
            self._bash = self.clients.enter_context(_Bash(self.folder, self.environment))
        return self._bash.run(code)

    def python(self, code: str) -> str:
        """Names stay for the next block; what ``print(...)  # words`` says is looked for."""
        output = io.StringIO()
        compiled = compile(code, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(output):
            if compiled.co_flags & inspect.CO_COROUTINE:
                asyncio.run(self._awaited(compiled))
            else:
                exec(compiled, self.names)
        if "campaign" in self.names:  # which the page's commands are about, too
            self.shell(f"CAMPAIGN={self.names['campaign'].id}")
        for words in _SAID.findall(code):
            assert words.partition(": ")[0] in output.getvalue(), f"{words} is not in: {output.getvalue()}"
        return output.getvalue()

    async def _awaited(self, compiled: Any) -> None:
        async with AsyncClient(self.names["URL"], self.names["KEY"]) as client:
            await eval(compiled, self.names | {"client": client})

    def close(self) -> None:
        """End what the page has left running."""
        running = Path(self.environment["SNIPPETS_RUNNING"])
        for number in map(int, running.read_text().split() if running.exists() else ()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGTERM)
                _wait_until_gone(number)
        self.clients.close()


class _Bash:
    """A shell that is given files to carry out, and nothing to read."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder, self._errors = folder, folder / "stderr"
        self._process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-O", "expand_aliases"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors.open("wb"),
            start_new_session=True,
        )

    def run(self, code: str) -> str:
        """What the code writes. Raises AssertionError where a line fails, or it takes too long."""
        (self._folder / "block.sh").write_text(code)
        self._errors.write_bytes(b"")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        end = f"\n{secrets.token_hex(8)}\n".encode()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b". ./block.sh </dev/null; printf '" + end.replace(b"\n", b"\\n") + b"'\n")
            self._process.stdin.flush()
        wrote, deadline = b"", time.monotonic() + PATIENCE_SECONDS
        while not wrote.endswith(end):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))
            more = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            assert more, f"{code}\n{wrote[-3000:].decode()}{self._errors.read_text()[-3000:]}"
            wrote += more
        return wrote.removesuffix(end).decode()

    def __enter__(self) -> _Bash:
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # with what it waits for
        self._process.communicate()


def _wait_until_gone(number: int) -> None:
    deadline = time.monotonic() + END_SECONDS
    while Path(f"/proc/{number}").exists() and "(zombie)" not in Path(f"/proc/{number}/status").read_text():
        assert time.monotonic() < deadline, f"process {number} does not end at SIGTERM"
        time.sleep(0.1)


def service(town: Neighbours, folder: Path, page: str) -> Place:
    """Beside the running service, as a platform with a funded campaign and a key of all scopes."""
    with Client(town.url, town.admin_key) as operator:
        key = operator.register_platform(page).key
    assert key is not None
    with Client(town.url, key) as client:
        campaign = client.open_campaign(_campaign(town.stage.signers["platform"].address))
    fund_on_chain(town.stage, campaign, BUDGET)
    assert campaign.onchain is not None
    backer = _backer(town.stage)
    place = _place(town, folder, town.url)
    place.environment |= {
        "URL": town.url,
        "KEY": key,
        "AUTH": f"Authorization: Bearer {key}",
        "CAMPAIGN": campaign.id,
        "RPC": town.stage.chain.url,
        "CROWDLEDGER_PUBLIC_URL": town.url,
        "POOL": town.stage.deployment.pool,
        "TOKEN_CONTRACT": town.stage.deployment.token,
        "AMOUNT": str(TOKEN),
        "ONCHAIN_ID": campaign.onchain.id,
        "BACKER": backer,
    }
    place.words |= {"01900000-0000-7000-8000-000000000000": campaign.id, "01900000-...": campaign.id}
    files = {"platform.key": key, "key.txt": key, "survey.key": town.survey_key, "api.key": "api-key"}
    _files(
        folder, {**files, "turkle.password": "of-a-test", "gold.csv": "task,label\nq1,1\n", "song.flac": "fLaC" * 99}
    )
    (folder / "1.json").write_bytes(next((town.stage.folder / "deployments").glob("*.json")).read_bytes())
    for name in ("Batch_1.csv", "Batch_4711_results.csv"):
        (folder / name).write_bytes((DATA / "mturk" / "batch-results-decided.csv").read_bytes())
    env = "".join(f"{name}='{place.environment[name]}'\n" for name in ("URL", "RPC", "KEY", "AUTH", "CAMPAIGN"))
    _files(folder, {".crowdledger/dev/env": env})
    place.names |= {name: getattr(wire, name) for name in wire.__all__}
    account = Account.from_key(secrets.token_bytes(32))
    place.names |= {
        "URL": town.url,
        "KEY": key,
        "CAMPAIGN": campaign.id,
        "OPENER": town.stage.signers["platform"].address,
        "Path": Path,
        "client": place.clients.enter_context(Client(town.url, key)),
        "node": place.clients.enter_context(contextlib.closing(Node(town.stage.chain.url))),
        "pool": town.stage.deployment.pool,
        "account": str(account.address).lower(),
        "key": account.key,
        "payee": "0x" + "22" * 20,
        "deadline": int(time.time()) + 3600,
    }
    return place


def operator(town: Neighbours, folder: Path, page: str) -> Place:
    """In the folder of somebody who runs a service of one's own, on the same chain; it is up where a block asks it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    place = _place(town, folder, url)
    place.environment |= {"CROWDLEDGER_PORT": str(port), "URL": url}
    place.shell("crowdledger init --origin example.org/crowd")
    settings: dict[str, Any] = {"rpc_urls": [town.stage.chain.url]}
    for role in ("operator", "reporter", "relayer", "guardian"):
        _files(folder, {f"secrets/{role}.key": secrets.token_hex(32)})
        settings[f"{role}_signer"] = f"file:secrets/{role}.key"
        signer = Account.from_key((folder / "secrets" / f"{role}.key").read_text())
        town.stage.chain.rpc("anvil_setBalance", signer.address, hex(1_000 * TOKEN))
    with (folder / "crowdledger.toml").open("a") as config:
        config.writelines(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    _files(folder, {"deploy.toml": f"chain_id = {town.stage.chain.chain_id}\n"})
    place.shell("crowdledger platform add 'Bird watchers'")  # which begins the log
    return place


def serve(place: Place) -> None:
    """Start the operator's service, once."""
    if "serving" not in place.names:
        place.names["serving"] = place.clients.enter_context(_Serving(place))


class _Serving:
    def __init__(self, place: Place) -> None:
        self._server = Server(
            place.folder / "crowdledger.toml", int(place.environment["CROWDLEDGER_PORT"]), worker=False
        )
        self._folder = place.folder

    def __enter__(self) -> Server:
        with contextlib.chdir(self._folder):
            return self._server.start()

    def __exit__(self, *_error: object) -> None:
        self._server.stop()


def _place(town: Neighbours, folder: Path, url: str) -> Place:
    folder.mkdir(parents=True)
    for name in ("bin", ".venv/bin"):
        (folder / name).mkdir(parents=True)
        for program in programs.PROGRAMS:
            file = folder / name / program
            file.write_text(f"#!{sys.executable}\n" + Path(programs.__file__).read_text())
            file.chmod(0o755)
    for name in ("backups", "elsewhere", "secrets"):
        (folder / name).mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("CROWDLEDGER_")}
    environment = {
        **kept,
        **town.environment,
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SNIPPETS_PROJECT": str(ROOT),
        "SNIPPETS_RUNNING": str(folder / "running"),
    }
    words = {
        **town.others,
        "https://crowd.example.org": url,
        "https://rpc.example.org": town.stage.chain.url,
        "https://rpc.example.net": town.stage.chain.url,
        ":8000": f":{(port := free_port())}",
        " 8000": f" {port}",
    }
    return Place(folder, environment, words)


def _files(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _campaign(opener: str) -> NewCampaign:
    return NewCampaign(
        title="Which?",
        type="processing",
        brief=Brief.model_validate(BRIEF),
        terms="Answers may be published.",
        policy=PieceRate(amount=str(TOKEN)),
        budget=str(BUDGET),
        bonus_limit=str(TOKEN),
        appeal_window=3600,
        opener=opener,
    )


def _backer(stage: Stage) -> str:
    """The key of somebody with tokens and gas money."""
    account = Account.from_key(secrets.token_bytes(32))
    stage.chain.rpc("anvil_setBalance", account.address, hex(TOKEN))
    stage.send("platform", stage.deployment.token, contracts.mint_call(str(account.address).lower(), 10 * TOKEN))
    return "0x" + bytes(account.key).hex()
