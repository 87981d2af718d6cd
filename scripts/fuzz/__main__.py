"""``python -m scripts.fuzz``: what is drawn from the service's own description is sent to it; every answer is checked.

A service is started with a chain, a new SQLite database and a world in many states. Then Schemathesis sends it what
fits the description and what does not: as a stranger, as a contributor, with a platform's key that has all scopes,
with the operator's, as an auditor and as a platform's webhook. No answer may be a server's error, or one that the
description does not have; the service's log may hold no traceback and no secret.

With ``--parsers`` no service runs: bytes are made of good ones and handed to the parsers themselves.

Exit code: 0 nothing was found; 1 something was, told with the seed and a command that sends it again; 2 it could not
run.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from ledger.errors import CrowdLedgerError
from scripts.compile_contracts import ROOT, SetUpError
from scripts.fuzz.settings import settings
from scripts.fuzz.tools import schemathesis
from scripts.fuzz.world import ATTACKERS, AUDITOR, PLATFORM, SENDER, World, running_world

_SHARES: Final = {PLATFORM: 6, AUDITOR: 1, SENDER: 1}
"""Of the time; two for whoever is not named. Most of what can be written needs a platform's key."""
_USUAL_SHARE: Final = 2
_ONLY: Final = {AUDITOR: "^/v1/(mandates|files)", SENDER: "^/v1/hooks/.connector"}
"""Whose token is good for a few paths only."""
_FOUND: Final = 1
_CONFIGURED: Final = "SCHEMATHESIS_"
_LAST_LINES: Final = 60


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.fuzz", description="Whatever is sent, the answer is right."
    )
    parser.add_argument("--parsers", action="store_true", help="the parsers alone, without a service")
    parser.add_argument("--minutes", type=float, default=4.0, help="for all attackers, or all parsers, together (4)")
    parser.add_argument("--seed", type=int, help="of what is drawn; a random one otherwise, which is printed")
    parser.add_argument("--as", dest="attackers", action="append", choices=ATTACKERS, help="only these attackers")
    parser.add_argument("--only", help="only what fits this regular expression: paths, or names of parsers")
    parser.add_argument(
        "--keep",
        type=Path,
        help="a new folder for the service's logs and database, or what a parser failed on; it stays",
    )
    return parser.parse_args()


def attack(program: Path, world: World, attacker: str, seed: int, seconds: float, only: str | None) -> int:
    """One attacker's run; Schemathesis's exit code."""
    file = world.folder / f"schemathesis-{attacker}.toml"
    file.write_text(settings(world, attacker))
    command = [str(program), "--config-file", str(file), "run", f"{world.server.url}/openapi.json", "--no-color"]
    command += ["--seed", str(seed), "--max-time", str(max(1, round(seconds)))]
    command += ["--include-path-regex", only] if only else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_CONFIGURED)}
    return subprocess.run(command, cwd=world.folder, env=environment, check=False).returncode


def told_too_much(world: World) -> list[str]:
    """What the service's log must not hold: faults of ours, and secrets."""
    said = world.log.read_text(errors="replace")
    found = ["The service's log holds a secret."] if any(secret in said for secret in world.secrets) else []
    if "Traceback" in said:
        found += ["The service's log holds a traceback; its end:", *said.splitlines()[-_LAST_LINES:]]
    return found


def parsers(folder: Path, arguments: argparse.Namespace, seed: int) -> int:
    """All parsers, in a process that has read nothing of ours yet: what is reached of it could not be told later."""
    command = [sys.executable, "-m", "scripts.fuzz.parsers.running", "--folder", str(folder), "--seed", str(seed)]
    command += ["--minutes", str(arguments.minutes)] + (["--only", arguments.only] if arguments.only else [])
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def fuzz(folder: Path, arguments: argparse.Namespace, seed: int) -> int:
    """All attackers, or all parsers, one after another; the exit code. Raises SetUpError where something cannot run."""
    if arguments.parsers:
        return parsers(folder, arguments, seed)
    program = schemathesis()
    attackers = arguments.attackers or list(ATTACKERS)
    share = arguments.minutes * 60 / sum(_SHARES.get(each, _USUAL_SHARE) for each in attackers)
    codes = {}
    with running_world(folder) as world:
        for each in attackers:
            print(f"\n==== as {each}, seed {seed} ====", flush=True)
            seconds = share * _SHARES.get(each, _USUAL_SHARE)
            codes[each] = attack(program, world, each, seed, seconds, arguments.only or _ONLY.get(each))
        faults = told_too_much(world)
    unable = [each for each, code in codes.items() if code > _FOUND]
    wrong = [each for each, code in codes.items() if code == _FOUND]
    print("\n".join(["", *faults, f"Seed {seed}. Something was found as: {', '.join(wrong) or 'nobody'}."]))
    if unable:
        raise SetUpError(f"Schemathesis could not run as: {', '.join(unable)}.")
    return _FOUND if wrong or faults else 0


def main() -> int:
    """Run as the arguments say."""
    arguments = _arguments()
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    try:
        if arguments.keep is not None:
            return fuzz(arguments.keep.resolve(), arguments, seed)
        with tempfile.TemporaryDirectory(prefix="crowdledger-fuzz-") as folder:
            return fuzz(Path(folder), arguments, seed)
    except (SetUpError, CrowdLedgerError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
