"""``python -m tests.simulation.worker SEED --trace``: one run again, told line by line; ``--seeds N``: many."""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback

from tests.simulation.worker.run import Run

_MOST_BROKEN = 12


def main() -> int:
    """Exit code 1 where a property was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.worker", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after the other")
    parser.add_argument("--longer", action="store_true", help="longer runs")
    parser.add_argument("--trace", action="store_true", help="tell what happens")
    given = parser.parse_args()
    if given.trace:
        logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stdout)
    else:
        logging.disable()  # what the worker warns of is what happens here all the time
    began, broken = time.process_time(), []
    for seed in range(given.seed, given.seed + given.seeds):
        run = Run(seed, longer=given.longer, trace=print if given.trace else None)
        try:
            result = run.play()
        except Exception as error:  # whatever it is, the seed is what one needs to know
            broken.append(seed)
            if given.seeds == 1:
                traceback.print_exc()
            print(f"seed {seed}: {type(error).__name__}: {error}"[:600], flush=True)
            if len(broken) == _MOST_BROKEN:
                break
        else:
            if given.seeds == 1:
                print(result)
    spent = time.process_time() - began
    played = seed + 1 - given.seed
    print(f"{played} seeds, {1000 * spent / played:.1f} ms each; broken: {broken or 'none'}")
    return 1 if broken else 0


sys.exit(main())
