"""`make build`, `make sbom`, `make advisories`: what a release consists of, in dist/ (docs/releasing.md)."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from ledger import __version__
from scripts.compile_contracts import ROOT, SetUpError
from scripts.release import advisories
from scripts.release.build import build
from scripts.release.materials import bill_of, environment_bill, validate
from scripts.release.running import running_lock
from scripts.release.tools import tools
from scripts.release.tree import DIST, changed, epoch

_SUMS = DIST / "SHA256SUMS"


def make_package(extras: list[str]) -> int:
    """Source archive, wheel and the lock of what they need to run."""
    lock = running_lock(ROOT, extras)
    for old in DIST.glob("crowdledger-*"):
        old.unlink()
    moment = epoch(ROOT)
    made = [*build(ROOT, DIST, moment), write("requirements.lock", lock)]
    tell(made)
    print(f"All files are from SOURCE_DATE_EPOCH={moment}.")
    if changed(ROOT):
        print("The checkout has changes that are not committed: nobody else can make the same files.")
    return 0


def make_bills() -> int:
    """The bills of materials: of what runs, and of all that the project is made and tested with."""
    places = tools()
    found = environment_bill(places, epoch(ROOT))
    whole = (ROOT / "requirements.lock").read_text()
    made = []
    for name, lock in (("", running_lock(ROOT)), ("-development", whole)):
        text = json.dumps(bill_of(lock, found), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        validate(places, text)
        made.append(write(f"crowdledger-{__version__}{name}.cdx.json", text))
    tell(made)
    return 0


def ask_advisories() -> int:
    """What is known against the locked packages."""
    known = advisories.ask(tools(), [ROOT / "requirements.lock", ROOT / "requirements-consensus.lock"])
    print(known.words())
    return known.code


def write(name: str, text: str) -> Path:
    """A file in dist/."""
    DIST.mkdir(exist_ok=True)
    path = DIST / name
    path.write_text(text)
    return path


def tell(made: list[Path]) -> None:
    """Names what was made and writes the sums of all that is in dist/ anew."""
    for path in made:
        print(f"dist/{path.name}  {path.stat().st_size:,} bytes")
    files = sorted(path for path in DIST.iterdir() if path.is_file() and path != _SUMS)
    _SUMS.write_text("".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files))


def main() -> int:
    """Exit code: 0 done; 1 weaknesses are known; 2 it could not be done, or not all could be asked for."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    package = commands.add_parser("build", help="wheel, source archive and lock")
    package.add_argument("--extra", action="append", default=[], help="an extra whose packages the lock has too")
    commands.add_parser("sbom", help="bills of materials")
    commands.add_parser("advisories", help="known weaknesses; needs the network")
    arguments = parser.parse_args()
    try:
        match arguments.command:
            case "build":
                return make_package(arguments.extra)
            case "sbom":
                return make_bills()
            case _:
                return ask_advisories()
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
