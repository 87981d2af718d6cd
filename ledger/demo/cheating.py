"""The last act: a log that was changed after it was anchored is served, and an auditor looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ledger.demo import tampering
from ledger.demo.outside import Auditor
from ledger.demo.stage import ORIGIN, Stage, private_file
from ledger.tree.keys import LogSigner


@dataclass(frozen=True, slots=True)
class Turned:
    """What was changed, and what the audits said: with an earlier mirror, and with nothing but the chain."""

    turned_entry: int
    verdict: str
    named_entry: int | None
    named_range: list[int] | None


def serve_turned_log(stage: Stage, auditor: Auditor, mirror: Path) -> Turned:
    """Change a decision in a copy of the database, serve the copy and let the auditor look at it twice."""
    copy = stage.folder / "turned.db"
    tampering.copy_database(stage.database, copy)
    signer = LogSigner.from_pem(ORIGIN, stage.log_key.read_bytes())
    index = tampering.turn_decision(copy, signer)
    # Without a chain in its settings the service cannot notice by itself that its log is not the anchored one.
    settings = (
        f"""database_url = "sqlite+aiosqlite:///{copy}"\norigin = "{ORIGIN}"\nlog_key_file = "{stage.log_key}"\n"""
    )
    config = private_file(stage.folder / "turned.toml", settings.encode())
    contract = ("--contract", stage.deployment.contribution_log)
    with stage.server(config=config, worker=False) as server:
        by_chain = auditor.start_audit(server.url, *contract)
        by_mirror = auditor.start_audit(server.url, *contract, "--mirror", str(mirror))
        chain_report, mirror_report = auditor.finish_audit(by_chain), auditor.finish_audit(by_mirror)
    failed = chain_report["verdict"] == mirror_report["verdict"] == "fail"
    return Turned(
        turned_entry=index,
        verdict="fail" if failed else "pass",
        named_entry=mirror_report.get("tampered_entry"),
        named_range=chain_report.get("tampered_range"),
    )
