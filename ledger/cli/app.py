"""The application: its commands, and what becomes of their errors.

Exit codes: 0 done or proved, 1 checked and found wrong, 2 could not be done.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from typing import Annotated

import typer

from ledger import __version__
from ledger.cli import (
    appeal,
    audit,
    campaign,
    database,
    decide,
    deploy,
    guard,
    importing,
    keys,
    logs,
    mirror,
    payments,
    platforms,
    pulling,
    seal,
    serve,
    setup,
    verify,
)
from ledger.cli.commands import EVERYBODY, OPERATORS, PLATFORMS, TRYING, Commands
from ledger.cli.output import STYLES, example, print_json, say
from ledger.errors import ConfigError, CrowdLedgerError, ProofError, SignatureError

FAILED = 1
COULD_NOT_RUN = 2

app = Commands(
    name="crowdledger",
    help="A notary and paymaster for crowdsourcing: record, anchor, settle, and let anyone check.",
    epilog=example("crowdledger verify receipt.json", "crowdledger demo", "crowdledger audit --help"),
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"crowdledger {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A notary and paymaster for crowdsourcing: record, anchor, settle, and let anyone check."""


_ROOMS = {
    EVERYBODY: (verify, audit, mirror, guard, seal, appeal),
    PLATFORMS: (campaign, importing, pulling, decide),
    OPERATORS: (setup, serve, keys, logs, deploy, database, platforms, payments),
}
for app.panel, _rooms in _ROOMS.items():
    for _room in _rooms:
        _room.register(app)
app.panel = TRYING
for _name in ("ledger.cli.demo", "ledger.cli.dev"):
    if importlib.util.find_spec(_name) is not None:
        importlib.import_module(_name).register(app)


def main() -> None:
    """The console script: runs a command; an error of ours becomes plain words and an exit code."""
    try:
        app()
    except CrowdLedgerError as error:
        _show(error)
        sys.exit(FAILED if isinstance(error, ProofError | SignatureError) else COULD_NOT_RUN)
    except BrokenPipeError:
        # The reader went away, as `| head` does; Python's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(COULD_NOT_RUN)
    except OSError as error:
        # A file or a folder that is not what the command takes; the fault is named, a stack trace helps nobody.
        _show(ConfigError(f"{error.filename or 'A file'}: {error.strerror or error}.", remedy="Check the path."))
        sys.exit(COULD_NOT_RUN)
    except Exception:  # a fault of ours, or no memory: says nothing of what was to be checked, as Python's own 1 would
        traceback.print_exc()
        sys.exit(COULD_NOT_RUN)


def _show(error: CrowdLedgerError) -> None:
    if "--json" in sys.argv:
        print_json({"error": error.slug, "detail": error.detail, "remedy": error.remedy, **error.members})
    say(f"error: {error.detail}", STYLES["error"], error=True)
    say(error.remedy, error=True)
