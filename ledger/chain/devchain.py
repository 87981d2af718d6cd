"""The dev chain: one anvil process, for the demo, ``crowdledger dev`` and the tests.

Anvil is started directly (its npm package's binary needs no Node) on a free port of 127.0.0.1. It mines a transaction
at once and an empty block every second, and calls a block final two blocks later, so that finality moves while nothing
happens. It dies with the thread that started it: start it where the process lives, not in a passing worker thread.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from ledger.errors import ConfigError, NodeError

ANVIL_VERSION = "1.7.1"
"""The npm package's, as package.json pins it."""
START_SECONDS = 20.0
STOP_SECONDS = 10.0
RPC_SECONDS = 30.0
MINING = ("--block-time", "1", "--mixed-mining", "--slots-in-an-epoch", "1")
_LISTENING = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
# Run in a Python of its own that then becomes anvil: prctl(PR_SET_PDEATHSIG, SIGKILL), which exec keeps; then a look
# whether the parent died before that. Code between fork and exec (preexec_fn) could deadlock where there are threads.
_DIE_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


def find_anvil() -> Path:
    """The anvil binary: the pinned one of ``node_modules`` in the checkout, else the one on PATH.

    Raises ConfigError where there is neither.
    """
    system, machine = platform.system().lower(), platform.machine().lower()
    package = f"anvil-{system}-{_MACHINES.get(machine, machine)}"
    checkout = Path(__file__).resolve().parents[2]
    pinned = checkout / "node_modules" / "@foundry-rs" / package / "bin" / "anvil"
    if pinned.is_file():
        return pinned
    on_path = shutil.which("anvil")
    if on_path is not None:
        return Path(on_path)
    raise ConfigError(
        f"There is no dev chain (anvil) for {system} {machine}.",
        remedy="It is no Python package, so no extra brings it. In a checkout run 'make setup'; elsewhere install "
        "Foundry so that 'anvil' is on PATH, or with Node run: "
        f"npm install --global @foundry-rs/{package}@{ANVIL_VERSION}",
    )


class DevChain:
    """One anvil, as a context manager: started on entry, stopped on exit, killed by the kernel if we die first (Linux).

    ``log`` is the file that takes anvil's output; without it, a temporary one that goes with the chain. ``state`` is a
    file that keeps the chain between runs. ``arguments`` are anvil's own and come after the defaults.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        chain_id: int = 31337,
        log: Path | None = None,
        state: Path | None = None,
        mining: Sequence[str] = MINING,
        arguments: Sequence[str] = (),
    ) -> None:
        self.port = port
        self.chain_id = chain_id
        self._log = log
        self._own_folder: Path | None = None
        keep = () if state is None else ("--state", str(state), "--state-interval", "1")
        self._arguments = (*mining, *keep, *arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self._http: httpx.Client | None = None

    @property
    def url(self) -> str:
        """The RPC address; known once the chain is started."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Anvil's process id while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> Self:
        """Starts anvil and returns when it answers.

        Raises ConfigError without anvil, NodeError if it does not come up.
        """
        if self._process is not None:
            raise ConfigError("This dev chain is already started.", remedy="Stop it first.")
        anvil = find_anvil()
        if self._log is None:
            self._own_folder = Path(tempfile.mkdtemp(prefix="crowdledger-chain-"))
        log = self._log or Path(str(self._own_folder)) / "anvil.log"
        tie = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid())] if sys.platform == "linux" else []
        command = [*tie, str(anvil), "--host", "127.0.0.1", "--port", str(self.port), "--chain-id", str(self.chain_id)]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_up(log)
        except BaseException:
            self.stop()
            raise
        return self

    def _wait_until_up(self, log: Path) -> None:
        """Waits for anvil's own line that names the port, then for the right answer to eth_chainId."""
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ended = self._process.poll() is not None
            text = log.read_text(errors="replace")
            found = _LISTENING.search(text)
            if ended:
                last = text.strip().splitlines()[-1:] or ["it said nothing"]
                remedy = f"Is port {self.port} free? Choose another." if self.port else "Run 'make setup' again."
                raise NodeError(f"The dev chain ended at once: {last[0]}", remedy=remedy)
            if found:
                self.port = int(found[1])
                self._http = httpx.Client(base_url=self.url, timeout=RPC_SECONDS, trust_env=False)
                if int(self.rpc("eth_chainId"), 16) == self.chain_id:
                    return
            time.sleep(0.02)
        raise NodeError(f"The dev chain did not come up in {START_SECONDS:.0f} s.", remedy="Is the machine overloaded?")

    def stop(self) -> None:
        """Stops anvil, softly at first so that it writes its state; does nothing when it is not running."""
        process, self._process = self._process, None
        if self._http is not None:
            self._http.close()
            self._http = None
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._own_folder is not None:
            shutil.rmtree(self._own_folder, ignore_errors=True)
            self._own_folder = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def rpc(self, method: str, *params: object) -> Any:
        """One JSON-RPC call; returns ``result``. Raises NodeError when the node does not answer or answers an error."""
        if self._http is None:
            raise NodeError("The dev chain is not running.", remedy="Start it first.")
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            reply = self._http.post("/", json=call).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise NodeError(f"The dev chain does not answer {method}: {error}") from error
        if not isinstance(reply, dict) or "result" not in reply:
            said = reply.get("error") if isinstance(reply, dict) else reply
            raise NodeError(f"The dev chain refused {method}: {said}", remedy="Read the node's words above.")
        return reply["result"]

    def snapshot(self) -> str:
        """Remembers the chain's whole state (``evm_snapshot``); the name it returns is good for one ``revert``."""
        return str(self.rpc("evm_snapshot"))

    def revert(self, snapshot: str) -> None:
        """Brings back the state of a snapshot (``evm_revert``), which is then used up.

        Anvil's clock goes back with it and would lag behind for ever, so it is set to the present again.
        """
        if self.rpc("evm_revert", snapshot) is not True:
            raise NodeError(f"The dev chain has no snapshot {snapshot}.", remedy="A snapshot can be reverted to once.")
        self.rpc("evm_setTime", int(time.time()))
