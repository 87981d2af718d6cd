"""``python -m scripts.load``: minutes of a realistic mix at a share of what this machine can do, and what came of it.

Exit code: 0 all is as it should be; 1 an error, a kind of request that became too slow, memory that grows, something
that was acknowledged and is not there.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.client import Client as Caller
from ledger.errors import CrowdLedgerError
from scripts.bench.load import Apart
from scripts.bench.postgres import PostgresServer, engine_url, postgres_server
from scripts.load import pages
from scripts.load.client import Client, Measured, Phase
from scripts.load.figures import Outcome
from scripts.load.place import make_place
from scripts.load.proved import prove
from scripts.load.trouble import Trouble
from scripts.load.watch import Watch
from scripts.soak.patience import wait_until
from scripts.soak.scene import Processes, Scene

_TURN_SECONDS: Final = 0.1
_CONNECTIONS: Final = 16
_PATIENCE_SECONDS: Final = 90.0
_ANCHORED_SECONDS: Final = 180.0
_KEPT: Final = 10
"""Every tenth receipt is verified at the end of a run without faults, every one of a run with them."""
_SETTINGS: Final = {"key_requests_per_minute": 10**9, "address_requests_per_minute": 10**9}
"""All comes from one address and one platform."""

Sending = Apart[Phase, Measured]


@dataclass(frozen=True, slots=True)
class Lengths:
    """Seconds of the whole mix as fast as it goes, requests of each kind alone, seconds of the load."""

    most: float
    samples: int
    load: float

    @classmethod
    def of(cls, minutes: float) -> Lengths:
        """A run of ten minutes has 20 s, 200 requests a kind before and as many after the load, and 600 s."""
        seconds = minutes * 60
        return cls(min(20.0, max(3.0, seconds / 6)), round(min(200.0, max(40.0, seconds))), seconds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.load", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the load goes on (10)")
    parser.add_argument("--share", type=float, default=0.25, help="of what the machine can do (0.25)")
    parser.add_argument("--faults", action="store_true", help="database, node, worker and API stop and start meanwhile")
    parser.add_argument("--services", type=int, default=2, help="API processes (2)")
    parser.add_argument("--postgres", metavar="URL", help="a PostgreSQL server to use instead of one of its own")
    parser.add_argument("--seed", type=int, help="of what comes when; a random one otherwise, which is printed")
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--write", action="store_true", help="keep the figures, for docs/load.md")
    arguments = parser.parse_args()
    if arguments.faults and arguments.postgres:
        parser.error("--faults restarts the database: that is done only to one of its own")
    return arguments


def _say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)


def _run(scene: Scene, processes: Processes, postgres: PostgresServer, arguments: argparse.Namespace) -> Outcome:
    dice = random.Random(arguments.seed)
    lengths = Lengths.of(arguments.minutes)
    place = make_place(processes.ports, scene.admin_key)
    watch = Watch(processes.every)
    trouble = Trouble(scene, processes, random.Random(dice.random()), _say, postgres=postgres)
    kept = 1 if arguments.faults else _KEPT
    with Apart(Client(place, dice.randrange(2**32), scene.folder, kept)) as client:
        _say("What the machine can do ...")
        most = client.run(Phase("closed", seconds=lengths.most, connections=_CONNECTIONS))
        _say(f"{most.requests / most.seconds:.0f} requests a second of the mix. Each kind alone ...")
        alone = Phase("idle", samples=lengths.samples)
        idle = client.run(alone)
        rate = arguments.share * most.requests / most.seconds
        _say(f"{rate:.0f} requests a second for {lengths.load / 60:g} minutes ...")
        patience = _PATIENCE_SECONDS if arguments.faults else 0.0
        before, grown = _size(processes.url), 0
        client.begin(Phase("open", seconds=lengths.load, rate=rate, patience=patience))
        _attend(client, processes, watch, trouble if arguments.faults else None, lengths.load)
        load = client.result()
        if not arguments.faults:
            grown = _size(processes.url) - before
            _say("Each kind alone again ...")
            idle.join(client.run(alone))
    idle.errors += most.errors
    processes.start()
    _say("What was acknowledged is looked for ...")
    wait_until("the whole log is anchored", lambda: _anchored(processes.url), _ANCHORED_SECONDS)
    proved = prove(scene, processes, scene.folder)
    return Outcome(
        faults=dict(sorted(trouble.count.items())) if arguments.faults else None,
        services=arguments.services,
        share=arguments.share,
        most=most.requests / most.seconds,
        idle=idle,
        load=load,
        held=watch.held(grown),
        wrong=proved.wrong,
        acknowledged=proved.receipts,
    )


def _attend(client: Sending, processes: Processes, watch: Watch, trouble: Trouble | None, seconds: float) -> None:
    """Look at the processes while the load goes on; with trouble, make it until shortly before the end."""
    last_fault = time.monotonic() + seconds * 0.9
    while not client.ended(_TURN_SECONDS):
        watch.look()
        if trouble is None:
            processes.require_running()
        elif time.monotonic() < last_fault:
            trouble.turn()
            trouble.revive()
        else:
            trouble.end()
            processes.start()
            trouble = None


def _size(url: str) -> int:
    with Caller(url) as caller:
        return caller.audit_summary().size


def _anchored(url: str) -> bool:
    with Caller(url) as caller:
        summary = caller.audit_summary()
    return summary.anchor is not None and summary.anchor.size == summary.size


def main() -> int:
    """Run it as the arguments say."""
    arguments = _arguments()
    if arguments.seed is None:
        arguments.seed = random.SystemRandom().randrange(2**32)
    folder = Path(tempfile.mkdtemp(prefix="crowdledger-load-"))
    _say(f"Seed {arguments.seed}; all logs are in {folder}.")
    good = False
    try:
        with ExitStack() as stack:
            postgres = stack.enter_context(postgres_server(arguments.postgres))
            scene = stack.enter_context(Scene(folder, engine_url(postgres.create()), _SETTINGS))
            processes = Processes(scene, arguments.services, workers=2 if arguments.faults else 1)
            stack.callback(processes.stop)
            processes.start()
            outcome = _run(scene, processes, postgres, arguments)
        good = not outcome.missed
        print(outcome.words())
        if arguments.json:
            print(json.dumps(outcome.members()))
        if arguments.write:
            pages.keep("faults" if arguments.faults else "load", outcome.members())
    except (CrowdLedgerError, RuntimeError) as error:
        print(f"Seed {arguments.seed}: {error}", file=sys.stderr)
    finally:
        if good:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
