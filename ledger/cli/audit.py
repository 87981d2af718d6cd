"""``crowdledger audit``: replay a log and check everything that can be checked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.cli.addresses import parse_address
from ledger.cli.commands import Commands
from ledger.cli.files import read_file
from ledger.cli.output import STYLES, AsJson, example, is_terminal, print_json, progress, say, table, verdict
from ledger.cli.services import MAX_TOKEN_BYTES

if TYPE_CHECKING:
    from ledger.audit.report import Check, Finding, Report


def register(app: Commands) -> None:
    """Add the command."""
    examples = example(
        "crowdledger audit https://crowd.example.org --rpc https://rpc.example.org",
        "crowdledger audit ./mirror --report audit.html",
    )
    app.command(epilog=examples)(audit)


def audit(
    source: Annotated[
        str | None, typer.Argument(metavar="URL|FOLDER", help="The service, or a mirror: its address or its folder.")
    ] = None,
    database: Annotated[
        bool,
        typer.Option("--database", help="Check a service's own database instead: URL is its, or the configured one."),
    ] = False,
    rpc: Annotated[str | None, typer.Option(help="RPC URL of the chain: check anchors, settlements, payments.")] = None,
    mirror: Annotated[Path | None, typer.Option(help="An earlier mirror to compare with.")] = None,
    receipt: Annotated[list[Path] | None, typer.Option(help="A receipt to compare with; may be repeated.")] = None,
    contract: Annotated[str | None, typer.Option(help="Address of the ContributionLog, if you know it.")] = None,
    key: Annotated[str | None, typer.Option(help="The log's verifier key, if you know it: name+id+base64.")] = None,
    openings: Annotated[
        str | None,
        typer.Option(metavar="FOLDER|URL", help="Contents you may open: a folder of openings, or a mandate's address."),
    ] = None,
    openings_token: Annotated[Path | None, typer.Option(help="File with the mandate's token.")] = None,
    openings_limit: Annotated[int, typer.Option(min=1, help="Most contents to ask for: each is logged.")] = 1_000,
    log: Annotated[str | None, typer.Option(metavar="NAME", help="The log, if it is not the main one.")] = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="The address is a mirror's, which may end earlier than the log does.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(help="Also write the report to this new file: FILE.html with pictures (and FILE.json), or JSON."),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, metavar="N", help="Processes that read and verify beside the one that replays; 1 is none."
        ),
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the HTML report: en or fa.")] = "en",
    json: AsJson = False,
) -> None:
    """Replay a log from its first entry. Exit 0: it is what it claims to be; 1: it is not; 2: could not be done."""
    if database:
        others = (rpc, mirror, receipt, contract, key, openings, openings_token, copy, processes)
        raise typer.Exit(0 if _check_database(source, log, others, report, json=json) else 1)
    if source is None:
        raise typer.BadParameter("Give the service's URL or a mirror's folder, or --database.")
    from ledger.audit.openings import open_openings
    from ledger.audit.run import audit as run_audit
    from ledger.audit.source import FolderSource, open_source
    from ledger.chain.rpc import Node
    from ledger.cli.reports import open_report
    from ledger.tree.keys import VerifierKey
    from ledger.tree.receipts import MAX_RECEIPT_BYTES

    trusted = VerifierKey.parse(key) if key else None
    held = [(str(path), read_file(path, MAX_RECEIPT_BYTES)) for path in receipt or ()]
    address = parse_address(contract) if contract else None
    token = read_file(openings_token, MAX_TOKEN_BYTES).decode(errors="replace").strip() if openings_token else None
    kept = open_report(report, lang) if report else None
    with ExitStack() as stack:
        place = stack.enter_context(open_source(source, log, is_copy=copy))
        earlier = stack.enter_context(FolderSource(mirror)) if mirror else None
        node = stack.enter_context(Node(rpc)) if rpc else None
        private = stack.enter_context(open_openings(openings, token, openings_limit)) if openings else None
        show = stack.enter_context(progress("audit"))
        result = run_audit(
            place,
            node=node,
            earlier=earlier,
            receipts=held,
            openings=private,
            trusted_key=trusted,
            trusted_contract=address,
            progress=show,
            seen=kept.see if kept else None,
            processes=processes,
        )
    written = kept.write(result) if kept else ()
    if json:
        print_json(result.members())
    else:
        _print(result)
        for path in written:
            say(f"Written to {path}")
    raise typer.Exit(0 if result.verdict == "pass" else 1)


def _check_database(
    url: str | None, log: str | None, others: Sequence[object], report: Path | None, *, json: bool
) -> bool:
    """The other command of this name, which reads tables and nothing else."""
    from ledger.cli import checking

    if any(others):
        raise typer.BadParameter("--database takes --log, --report and --json only: it reads tables and nothing else.")
    if report is not None and report.suffix == ".html":
        raise typer.BadParameter("The report on a database is JSON: give --report another name than .html.")
    return checking.check(url, log, report=report, json=json)


def _print(report: Report) -> None:
    say(f"Audit of {report.origin}, {report.entries} entries, from {report.source}", "bold")
    if is_terminal():
        table(("check", "verdict", "what"), [(each.name, each.verdict, _words(each)) for each in report.checks])
        say()
    else:
        for check in report.checks:
            verdict(check.verdict, f"{check.name:<13} {_words(check)}")
    for finding in report.findings:
        verdict(finding.severity, f"{finding.check}:{_where(finding)} {finding.detail}")
    say(f"\n{report.verdict.upper()}", STYLES[report.verdict])
    for sentence in report.proves:
        say(f"- {sentence}")


def _words(check: Check) -> str:
    return check.title + (f" ({check.evidence})" if check.evidence else "")


def _where(finding: Finding) -> str:
    if finding.range is not None:
        return f" entries {finding.range[0]} to {finding.range[1] - 1}:"
    return "" if finding.entry is None else f" entry {finding.entry}:"
