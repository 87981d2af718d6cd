"""``python -m scripts.fuzz.parsers.running``: every parser for its share of the time, one after another.

The code is read in, and made to tell what is reached of it, once; each parser then has a copy of the process, which may
fall, or stand still, alone. ``make fuzz ARGS=--parsers`` starts it. Exit code 1 where something was found.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import shutil
import signal
import sys
import tempfile
import traceback
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

from scripts.compile_contracts import SetUpError
from scripts.fuzz.parsers.attacking import drawn, led
from scripts.fuzz.parsers.target import Target
from scripts.fuzz.tools import atheris_packages

_GRACE_SECONDS: Final = 60
"""For an input that takes its time."""
_INSTRUMENTED: Final = ["ledger", "api"]
_LAST_CHARS: Final = 6_000


def fuzz_parsers(folder: Path, minutes: float, seed: int, only: str | None) -> int:
    """All parsers whose name fits; 1 where something was found, else 0. Raises SetUpError where none fits."""
    atheris = _atheris()
    every = _targets(atheris)
    names = [name for name in every if only is None or re.search(only, name)]
    if not names:
        raise SetUpError(f"No parser's name fits {only!r}; docs/fuzzing.md lists them.")
    how = "coverage (Atheris)" if atheris else "the seed alone: Atheris is not built for this system"
    print(f"{len(names)} parsers, seed {seed}, led by {how}", flush=True)
    seconds = minutes * 60 / len(names)
    wrong = [name for name in names if not _holds(atheris, every[name], seconds, seed, folder)]
    print("\n".join(["", f"Seed {seed}. Something was found in: {', '.join(wrong) or 'nothing'}."]))
    return 1 if wrong else 0


def _atheris() -> Any:
    packages = atheris_packages()
    if packages is None:
        return None
    sys.path.append(str(packages))  # behind our own packages, whose versions count
    return importlib.import_module("atheris")


def _targets(atheris: Any) -> dict[str, Target]:
    with nullcontext() if atheris is None else atheris.instrument_imports(include=_INSTRUMENTED):
        found: dict[str, Target] = importlib.import_module("scripts.fuzz.parsers.targets").targets()
    return found


def _holds(atheris: Any, target: Target, seconds: float, seed: int, folder: Path) -> bool:
    """Attack one parser in a copy of this process; whether nothing was found. What was is shown."""
    own = Path(tempfile.mkdtemp(prefix="crowdledger-fuzz-"))  # no object whose end in the copy would remove it
    try:
        child = os.fork()
        if child == 0:
            _attack(atheris, target, seconds, seed, own, folder / re.sub(r"\W+", "-", target.name))
        _, status = os.waitpid(child, 0)
        words = (own / "said").read_text(errors="replace")
    finally:
        shutil.rmtree(own)
    runs = re.findall(r"^#(\d+)\s+DONE|^(\d+) inputs$", words, re.MULTILINE)
    print(f"{target.name}: {''.join(runs[-1]) + ' inputs' if runs else 'ended'}", flush=True)
    if status != 0:
        still = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
        print("It stands still." if still else words[-_LAST_CHARS:], flush=True)
    return status == 0


def _attack(atheris: Any, target: Target, seconds: float, seed: int, own: Path, found: Path) -> None:
    """In the copy: never returns."""
    code = 1
    try:
        signal.alarm(round(seconds) + _GRACE_SECONDS)
        output = os.open(own / "said", os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if atheris is not None:
            corpus = own / "corpus"
            corpus.mkdir()
            led(atheris, target, seconds, seed, corpus, found)
            code = 0
        elif (tries := drawn(target, seconds, seed, found)) >= 0:
            print(f"{tries} inputs", flush=True)
            code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def main() -> int:
    """What ``scripts.fuzz`` starts."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fuzz.parsers.running")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--only")
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        return fuzz_parsers(arguments.folder, arguments.minutes, arguments.seed, arguments.only)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
