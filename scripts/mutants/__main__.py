"""Removes the checks of the contracts one by one and says which of them no test would miss.

python -m scripts.mutants                     all; fails when a survivor is not explained, or an explained one dies
python -m scripts.mutants --only executeRole  those whose name holds one of these texts
python -m scripts.mutants --list              what there is

What survives because another check stands behind it is explained in `equivalent.toml`, by the mutant's name.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from solcx.exceptions import SolcError

from scripts.compile_contracts import ROOT, SetUpError
from scripts.mutants.campaign import TestsFail, Verdict, baseline, judge, read_killers
from scripts.mutants.checks import Search, UnknownShape
from scripts.mutants.entries import find_entries
from scripts.mutants.schemata import Mutant, all_mutants, compiled_copy, edited_sources
from scripts.mutants.syntax import parse

EXPLAINED = Path(__file__).with_name("equivalent.toml")
BUILD = ROOT / "build" / "mutants"
KILLERS = BUILD / "killers.json"


def explanations() -> dict[str, str]:
    """Why a mutant cannot be killed, by its name."""
    found: dict[str, str] = tomllib.loads(EXPLAINED.read_text())
    return found


def unexplained(verdicts: Sequence[Verdict], explained: dict[str, str], all_names: set[str]) -> list[str]:
    """What is wrong with the verdicts, a line each; empty when every survivor is explained and nothing else is."""
    survivors = {verdict.mutant.name for verdict in verdicts if verdict.killer is None}
    killed = {verdict.mutant.name: verdict.killer for verdict in verdicts if verdict.killer is not None}
    return (
        [f"no test misses it: {name}" for name in sorted(survivors - explained.keys())]
        + [f"explained, but {killed[name]} misses it: {name}" for name in sorted(explained.keys() & killed.keys())]
        + [f"explained, but there is no such check: {name}" for name in sorted(explained.keys() - all_names)]
    )


class _Progress:
    """One line for each verdict, on standard error."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._begin = time.monotonic()

    def tell(self, verdict: Verdict) -> None:
        self._done += 1
        seconds = time.monotonic() - self._begin
        outcome = (
            f"killed by {verdict.killer.rpartition('::')[2]}" if verdict.killer else f"SURVIVED {verdict.tests} tests"
        )
        line = f"{self._done}/{self._total} {seconds:.0f} s  {verdict.mutant.name}: {outcome}"
        print(line, file=sys.stderr, flush=True)


def _judge(chosen: Sequence[Mutant], sources: dict[str, str]) -> list[Verdict]:
    print("compiling a copy in which the checks can be switched off", file=sys.stderr, flush=True)
    artifacts = compiled_copy(sources, BUILD)
    print("running the tests with all checks in place", file=sys.stderr, flush=True)
    sound = baseline(artifacts)
    killers = read_killers(KILLERS)
    verdicts = judge(chosen, artifacts, sound, killers, _Progress(len(chosen)).tell)
    killers |= {verdict.mutant.name: verdict.killer for verdict in verdicts if verdict.killer}
    KILLERS.write_text(json.dumps(killers, indent=1, sort_keys=True))
    return verdicts


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.mutants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", metavar="TEXT", nargs="+", help="only checks whose name holds one of these texts")
    parser.add_argument("--list", action="store_true", help="list the checks and run nothing")
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    return parser.parse_args()


def main() -> int:
    """Exit code: 0 every check is missed by a test or explained, 1 not so."""
    arguments = _arguments()
    try:
        syntax = parse()
        search = Search(syntax)
        mutants = all_mutants(search.checks, find_entries(syntax))
        chosen = [mutant for mutant in mutants if any(text in mutant.name for text in arguments.only or [""])]
        kinds = Counter(check.kind for check in search.checks)
        found = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
        print(f"{len(search.checks)} checks ({found}), {len(mutants)} mutants", file=sys.stderr)
        if arguments.list:
            print("\n".join(mutant.name for mutant in chosen))
            return 0
        verdicts = _judge(chosen, edited_sources(syntax, search.checks))
    except (SetUpError, UnknownShape, TestsFail) as error:
        print(error, file=sys.stderr)
        return 1
    except SolcError as error:
        print(error.message, file=sys.stderr)
        return 1
    explained = explanations()
    wrong = unexplained(verdicts, explained, {mutant.name for mutant in mutants})
    if arguments.json:
        print(json.dumps({"killers": {v.mutant.name: v.killer for v in verdicts}, "wrong": wrong}, indent=1))
    else:
        survivors = [verdict.mutant.name for verdict in verdicts if verdict.killer is None]
        print(f"{len(verdicts) - len(survivors)} of {len(verdicts)} mutants killed, {len(survivors)} survived")
        print("\n".join(wrong or ["Every survivor is explained."]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
