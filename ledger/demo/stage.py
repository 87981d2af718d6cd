"""A whole CrowdLedger of one's own in a folder: dev chain, contracts, keys, database, and the real server as a process.

``crowdledger demo`` and ``crowdledger dev`` stand on it.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from ledger.chain import transactions
from ledger.chain.answers import TransactionReceipt
from ledger.chain.deploy import Terms, deploy
from ledger.chain.deployments import Deployment, deployment_path
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.db import migrate
from ledger.db.sealed import new_key
from ledger.errors import ConfigError, TransactionError, UnavailableError
from ledger.tree.keys import LogSigner

ORIGIN = "crowdledger.local/main"
ROLES = ("operator", "reporter", "relayer", "guardian", "platform")
_ETHER = 10**18
_START_SECONDS = 60.0


def private_file(path: Path, data: bytes) -> Path:
    """Write a file that only its owner can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    return path


def server_environment(environment: Mapping[str, str], config: Path, url: str) -> dict[str, str]:
    """The environment of a server of ours: a setting of the user's own service must not get into it."""
    kept = {name: value for name, value in environment.items() if not name.upper().startswith("CROWDLEDGER_")}
    return {**kept, "CROWDLEDGER_CONFIG": str(config), "CROWDLEDGER_PUBLIC_URL": url}


class Server:
    """``crowdledger serve`` as a process of its own; ``url`` answers once ``start`` has returned."""

    def __init__(self, config: Path, port: int, *, worker: bool) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = config.with_name(f"server-{port}.log")
        self._command = [sys.executable, "-m", "ledger.cli", "serve", "--port", str(port)]
        self._command += [] if worker else ["--no-worker"]
        self._environment = server_environment(os.environ, config, self.url)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and wait until it takes writes. Raises UnavailableError with the end of its log if it does not."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if httpx.get(f"{self.url}/ready", timeout=2).status_code == 200:
                    return self
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        self.stop()
        end = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        raise UnavailableError(f"The server did not start. Its log ({self._log}) ends:\n{end}\n")

    def stop(self) -> None:
        """Let it finish what it took, then stop it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> int:
        """Wait until it ends by itself; its exit code."""
        assert self._process is not None
        return self._process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Stage:
    """Chain, contracts, keys and database in ``folder``. Delays are seconds; the chain lives as long as the stage."""

    def __init__(
        self,
        folder: Path,
        *,
        settlement_delay: int,
        wallet_delay: int,
        chain_port: int = 0,
        settle_automatically: bool = False,
    ) -> None:
        self.folder = folder
        self.chain = DevChain(port=chain_port, log=folder / "chain.log")
        self.settlement_delay = settlement_delay
        self.wallet_delay = wallet_delay
        self.settle_automatically = settle_automatically
        self.config = folder / "crowdledger.toml"
        self.database = folder / "crowdledger.db"
        self.log_key = folder / "log-key.pem"
        self.admin_key = ""
        self.signers: dict[str, LocalSigner] = {}
        self.deployment: Deployment
        self.node: Node

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.chain.start()
        try:
            self.node = Node(self.chain.url)
            self._make_keys()
            self._deploy()
            self._write_config()
            migrate(self.database_url)
        except BaseException:
            self.chain.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.node.close()
        self.chain.stop()

    @property
    def database_url(self) -> str:
        """The stage's SQLite database."""
        return f"sqlite+aiosqlite:///{self.database}"

    @property
    def signer_file(self) -> dict[str, Path]:
        """The key file of each role."""
        return {role: self.folder / f"{role}.key" for role in ROLES}

    def server(self, port: int | None = None, *, config: Path | None = None, worker: bool = True) -> Server:
        """The service, not yet started: on a free port if none is given, with the stage's settings or others."""
        return Server(config or self.config, port or free_port(), worker=worker)

    def send(self, role: str, to: str, data: bytes) -> TransactionReceipt:
        """A transaction of one of the stage's accounts, mined. Raises TransactionError if it is refused or reverts."""
        return send(self.node, self.signers[role], to, data)

    def _make_keys(self) -> None:
        self._log_signer = LogSigner.generate(ORIGIN)
        private_file(self.log_key, self._log_signer.to_pem())
        self.admin_key = f"cl_{secrets.token_hex(8)}_{secrets.token_hex(32)}"
        private_file(self.folder / "admin.key", self.admin_key.encode())
        private_file(self.folder / "sealing.key", new_key())
        for role, path in self.signer_file.items():
            key = secrets.token_bytes(32)
            private_file(path, key.hex().encode())
            self.signers[role] = LocalSigner.from_key(key)
            self.chain.rpc("anvil_setBalance", self.signers[role].address, hex(1_000 * _ETHER))

    def _deploy(self) -> None:
        folder = self.folder / "deployments"
        deployment_path(folder, self.chain.chain_id).unlink(missing_ok=True)
        terms = Terms(
            chain_id=self.chain.chain_id,
            origin=ORIGIN,
            vkey=self._log_signer.verifier_key.vkey,
            settlement_delay=self.settlement_delay,
            admin=self.signers["operator"].address,
            reporter=self.signers["reporter"].address,
            guardian=self.signers["guardian"].address,
        )
        self.deployment = deploy(self.node, self.signers["operator"], terms, folder)

    def _write_config(self) -> None:
        settings = {
            "database_url": self.database_url,
            "origin": ORIGIN,
            "log_key_file": str(self.log_key),
            "wallet_delay": self.wallet_delay,
            "admin_key_file": str(self.folder / "admin.key"),
            "secrets_key_file": str(self.folder / "sealing.key"),
            "private_addresses": True,  # all that is on this stage runs on this machine
            "rpc_urls": [self.chain.url],
            "deployment_file": str(deployment_path(self.folder / "deployments", self.chain.chain_id)),
            **{f"{role}_signer": f"file:{path}" for role, path in self.signer_file.items() if role != "platform"},
            "anchor_interval_seconds": 1.0,
            "settle_automatically": self.settle_automatically,
            "settle_interval_seconds": 0.0,
            "worker_interval_seconds": 0.25,
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        private_file(self.config, ("\n".join(lines) + "\n").encode())


def send(node: Node, signer: LocalSigner, to: str, data: bytes, seconds: float = 30.0) -> TransactionReceipt:
    """Sign, send and wait for one transaction. Raises TransactionError if it is refused, reverts or is not mined."""
    nonce = node.nonce(signer.address)
    prepared = transactions.prepare(node, signer.address, to, data, chain_id=node.chain_id(), nonce=nonce)
    signed = signer.sign_transaction(prepared)
    node.send_raw(signed.raw)
    receipt = transactions.wait_for(node, signed.hash, seconds)
    if receipt is None:
        raise TransactionError(f"The transaction {signed.hash} is not mined after {seconds:.0f} s.")
    if not receipt.succeeded:
        raise transactions.failure(node, receipt, data)
    return receipt


def require_free(port: int) -> None:
    """Raise ConfigError where somebody listens on ``port``: keys must not be sent to a service that is not ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(
                f"Port {port} cannot be used: {error.strerror}.",
                remedy="Stop what listens there, or choose another port with --port.",
            ) from None


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_folder(path: Path) -> Path:
    """``path``, which must be empty or not exist. Raises ConfigError."""
    if path.exists() and any(path.iterdir()):
        raise ConfigError(f"{path} is not empty.", remedy="Name another folder, or remove it.")
    return path
