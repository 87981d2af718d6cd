"""The faults: each at a random moment, of a random kind, for a random time. The seed chooses; the machine has a say."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ledger.errors import NodeError
from scripts.soak.processes import Process
from scripts.soak.scene import FINALITY_BLOCKS, LEASE_SECONDS, Processes, Scene

_BETWEEN_SECONDS = (2.0, 12.0)
_DROP_SECONDS = 3.0
_GWEI = 10**9


@dataclass
class Faults:
    """Call ``turn`` again and again from the main thread: a chain dies with the thread that started it.

    ``say`` is told of each fault.
    """

    scene: Scene
    processes: Processes
    dice: random.Random
    say: Callable[[str], None]
    count: Counter[str] = field(default_factory=Counter)
    _later: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    _next: float = 0.0
    _is_silent: bool = False

    def turn(self) -> None:
        """Do what is due: an end of an earlier fault, or the next one."""
        now = time.monotonic()
        due = [act for at, act in self._later if at <= now]
        self._later = [(at, act) for at, act in self._later if at > now]
        for act in due:
            act()
        if now < self._next:
            return
        self._next = now + self.dice.uniform(*_BETWEEN_SECONDS)
        kind = self.dice.choice(self.kinds())
        name = kind.__name__.strip("_").replace("_", " ")
        try:
            words = kind()
        except NodeError as error:  # anvil refuses now and then what it is asked for
            words = f"refused: {error}"
        if words:
            self.count[name] += 1
            self.say(f"{name}: {words}")

    def kinds(self) -> list[Callable[[], str]]:
        """What may happen now, some of it more often. Each says what it did, nothing where there was nothing to do."""
        kinds = [self._kill_worker, self._kill_worker, self._pause_worker, self._pause_worker, self._restart_service]
        if self.scene.chain.pid is not None and not self._is_silent:
            kinds += [
                self._reorganise, self._reorganise, self._reorganise, self._drop, self._drop, self._dear_gas,
                self._stop_mining, self._restart_node, self._silence_node,
            ]  # fmt: skip
        return kinds

    def end(self) -> None:
        """No fault goes on."""
        while self._later:
            acts, self._later = [act for _, act in sorted(self._later, key=lambda each: each[0])], []
            for act in acts:
                act()

    def _after(self, seconds: float, act: Callable[[], object]) -> None:
        self._later.append((time.monotonic() + seconds, act))

    # ---- processes ----

    def _worker(self) -> Process | None:
        running = [each for each in self.processes.workers if each.runs and not each.is_paused]
        return self.dice.choice(running) if running else None

    def _kill_worker(self) -> str:
        worker, seconds = self._worker(), self.dice.uniform(0.0, 6.0)
        if worker is None:
            return ""
        worker.kill()
        self._after(seconds, worker.start)
        return f"{worker.name} for {seconds:.1f} s"

    def _pause_worker(self) -> str:
        """Often longer than its lease, so that it wakes up in the midst of what another one has done by then."""
        worker, seconds = self._worker(), self.dice.uniform(0.5, 3.0) * LEASE_SECONDS
        if worker is None:
            return ""
        worker.pause()
        self._after(seconds, worker.resume)
        return f"{worker.name} for {seconds:.1f} s"

    def _restart_service(self) -> str:
        return self._end_service(softly=self.dice.random() < 0.5)

    def _end_service(self, *, softly: bool) -> str:
        running, seconds = [each for each in self.processes.services if each.runs], self.dice.uniform(0.0, 4.0)
        if not running:
            return ""
        service = self.dice.choice(running)
        if softly:
            service.stop()
        else:
            service.kill()
        self._after(seconds, service.start)
        return f"{service.name} {'softly' if softly else 'killed'}, for {seconds:.1f} s"

    # ---- the chain ----

    def _reorganise(self) -> str:
        """Blocks above the permanent ones are replaced; their transactions are mined anew, elsewhere, or are gone."""
        depth = self.dice.randint(1, FINALITY_BLOCKS - 1)
        kept = self._transactions(depth) if self.dice.random() < 0.4 else []
        shift = self.dice.randint(0, 2)
        again = [[raw, min(offset + shift, depth - 1)] for raw, offset in kept]
        self.scene.chain.rpc("anvil_reorg", depth, again)
        return f"{depth} blocks, {len(again)} transactions mined again"

    def _transactions(self, depth: int) -> list[tuple[str, int]]:
        """The raw transactions of the newest blocks, and in which of them each is."""
        rpc = self.scene.chain.rpc
        latest = int(rpc("eth_blockNumber"), 16)
        found = []
        for offset in range(depth):
            block = rpc("eth_getBlockByNumber", hex(latest - depth + 1 + offset), False)
            for name in block["transactions"]:
                found.append((rpc("eth_getRawTransactionByHash", name), offset))
        return found

    def _drop(self) -> str:
        """Transactions vanish from the node's pool, as those do that it evicts; most are mined within a second."""
        end = time.monotonic() + _DROP_SECONDS
        while time.monotonic() < end:
            pool: Any = self.scene.chain.rpc("txpool_content")
            waiting = [each["hash"] for kind in pool.values() for some in kind.values() for each in some.values()]
            for name in waiting:
                self.scene.chain.rpc("anvil_dropTransaction", name)
            if waiting:
                return f"{len(waiting)} transactions"
            time.sleep(0.05)
        return ""

    def _dear_gas(self) -> str:
        price = self.dice.choice((5, 30, 150, 400)) * _GWEI
        self.scene.chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(price))
        return f"{price // _GWEI} gwei"

    def _stop_mining(self) -> str:
        seconds = self.dice.uniform(3.0, 25.0)
        self.scene.chain.rpc("evm_setIntervalMining", 0)
        self._after(seconds, self.mine)
        return f"for {seconds:.1f} s"

    def mine(self) -> None:
        """A block a second, as usual."""
        if self._is_silent:
            self._after(1.0, self.mine)
            return
        with contextlib.suppress(NodeError):  # it is down, and mines when it comes back
            self.scene.chain.rpc("evm_setIntervalMining", 1)

    def _restart_node(self) -> str:
        chain, seconds = self.scene.chain, self.dice.uniform(0.0, 8.0)
        chain.stop()
        self._after(seconds, chain.start)
        return f"for {seconds:.1f} s"

    def _silence_node(self) -> str:
        """It takes connections and answers nothing, then answers all at once."""
        seconds = self.dice.uniform(1.0, 9.0)
        self._signal_node(signal.SIGSTOP)
        self._after(seconds, lambda: self._signal_node(signal.SIGCONT))
        return f"for {seconds:.1f} s"

    def _signal_node(self, number: signal.Signals) -> None:
        pid = self.scene.chain.pid
        if pid is not None:
            os.kill(pid, number)
        self._is_silent = number == signal.SIGSTOP
