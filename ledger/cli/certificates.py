"""A certificate, as ``crowdledger verify`` checks and shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer

from ledger.cli.output import STYLES, print_json, say, verdict
from ledger.errors import ConfigError

if TYPE_CHECKING:
    from ledger.audit.certificates import CertificateCheck
    from ledger.tree.key_chain import KeyChain
    from ledger.tree.keys import VerifierKey


def verify_certificate(
    data: bytes, trusted: VerifierKey | None, keys: KeyChain | None, *, alone: bool, as_json: bool
) -> NoReturn:
    """Check a certificate and exit: 0 it verifies, 1 it does not. ``alone``: no option of receipts was given."""
    from ledger.audit.certificates import check_certificate

    if not alone:
        raise ConfigError(
            "--opening, --file and --rpc are for a single receipt.",
            remedy="Leave them out, or verify one of the certificate's receipts with them.",
        )
    result = check_certificate(data, trusted, keys)
    if as_json:
        print_json(result.members())
    else:
        _print(result)
    raise typer.Exit(0 if result.verdict == "pass" else 1)


def _print(result: CertificateCheck) -> None:
    if result.failure is not None:
        verdict("FAILED", result.failure)
        say("\nThis certificate does NOT verify.", STYLES["FAILED"])
        return
    whose = "the one that you trust" if result.trusted else "the certificate's own word; give --key to be sure"
    verdict("ok", f"every receipt is of the log '{result.origin}'; its key is {whose}")
    verdict("ok", f"all of it is the work of {result.contributor} in campaign {result.campaign}")
    for name, value in result.figures.items():
        if value is not None:
            verdict("ok", f"{name.replace('_', ' ')}: {value}")
    if result.name is not None:
        verdict("unproven", f"the contributor wants to be called {result.name!r}")
    anchored = "is" if result.anchored else "is not all"
    say(f"\nWhat it rests on {anchored} anchored.")
    say("Work that it leaves out, and what was decided later, stands in the log only.")
