"""``python -m scripts.soak``: minutes under load with all faults on, then everything must agree.

Exit code: 0 it does, 1 it does not or something stopped for good.
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
from pathlib import Path

from ledger.errors import CrowdLedgerError
from scripts.bench.postgres import engine_url, postgres_server
from scripts.soak.agreement import check_all
from scripts.soak.faults import Faults
from scripts.soak.load import Load
from scripts.soak.outcome import Outcome, outcome_of
from scripts.soak.scene import Processes, Scene
from scripts.soak.settled import settle_all

_TURN_SECONDS = 0.1
_NEWS_EVERY_SECONDS = 15.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.soak", description="Everything fails, nothing is lost.")
    parser.add_argument("--minutes", type=float, default=15.0, help="how long the faults go on (15)")
    parser.add_argument("--seed", type=int, help="of the faults; a random one otherwise, which is printed")
    parser.add_argument("--rate", type=float, default=6.0, help="contributions a second (6)")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("--postgres-url", help="on this server, instead of one of its own")
    parser.add_argument("--quiet", action="store_true", help="tell no fault")
    parser.add_argument("--keep", action="store_true", help="leave the folder with all logs even if all agrees")
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    return parser.parse_args()


def _say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)


def _soak(scene: Scene, arguments: argparse.Namespace, seed: int) -> Outcome:
    started, processes = time.monotonic(), Processes(scene)
    dice = random.Random(seed)
    faults = Faults(scene, processes, random.Random(dice.random()), (lambda _: None) if arguments.quiet else _say)
    try:
        processes.start()
        load = Load(scene, processes.url, arguments.rate, random.Random(dice.random()))
        load.begin()
        load.start()
        _run(faults, load, processes, arguments.minutes * 60)
        faults.end()
        processes.start()
        load.stopping.set()
        load.join()
        _say(f"The faults are over after {sum(faults.count.values())}.")
        settle_all(load, scene.node, _say)
        processes.require_running()
        found = check_all(scene, processes, load)
        return outcome_of(seed, time.monotonic() - started, faults, load, processes, found)
    finally:
        processes.stop()


def _run(faults: Faults, load: Load, processes: Processes, seconds: float) -> None:
    """Faults beside the load, until the time is up or something ends that nobody ended."""
    end = time.monotonic() + seconds
    news = time.monotonic() + _NEWS_EVERY_SECONDS
    while time.monotonic() < end:
        if load.failure is not None:
            raise load.failure
        processes.require_running()
        faults.turn()
        if time.monotonic() >= news:
            news += _NEWS_EVERY_SECONDS
            _say(f"-- {load.done.contributions} contributions, {len(load.done.claims)} claims asked for")
        time.sleep(_TURN_SECONDS)


def main() -> int:
    """Run it as the arguments say."""
    arguments = _arguments()
    seed = random.SystemRandom().randrange(2**32) if arguments.seed is None else arguments.seed
    folder = Path(tempfile.mkdtemp(prefix="crowdledger-soak-"))
    _say(f"Seed {seed}; all logs are in {folder}.")
    agrees = False
    try:
        with ExitStack() as stack:
            url = None
            if arguments.postgres or arguments.postgres_url:
                url = engine_url(stack.enter_context(postgres_server(arguments.postgres_url)).create())
            outcome = _soak(stack.enter_context(Scene(folder, url)), arguments, seed)
        agrees = outcome.agrees
        print(outcome.words())
        if arguments.json:
            print(json.dumps(outcome.members()))
    except CrowdLedgerError as error:
        print(f"Seed {seed}: {error}", file=sys.stderr)
        if arguments.json:
            print(json.dumps({"seed": seed, "agrees": False, "error": str(error)}))
    finally:
        if agrees and not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
