"""The audit: every check in order, on a log from anywhere, with a node and an earlier mirror where there are any."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger.audit import chain_checks, log_checks, pool_checks, wallet_checks
from ledger.audit.chain_checks import Hints, OnChain
from ledger.audit.decisions import check_openings
from ledger.audit.mirror import Progress
from ledger.audit.opening import Opened, open_source_log
from ledger.audit.openings import Openings
from ledger.audit.processes import started
from ledger.audit.published import shown_by
from ledger.audit.replay import Replay, read_log
from ledger.audit.report import Report
from ledger.audit.source import Source, fetch_checkpoint, fetch_summary
from ledger.chain.rpc import Node
from ledger.errors import ProofError, SignatureError
from ledger.tree.checkpoints import Checkpoint, UnverifiedNote
from ledger.tree.keys import VerifierKey

_OF_THE_CHAIN = frozenset({"pools", "proposals", "claims"})
"""Checks that fail by what the reporter, a pool or a node did, whatever the log says."""


def audit(
    source: Source,
    *,
    node: Node | None = None,
    earlier: Source | None = None,
    receipts: Sequence[tuple[str, bytes]] = (),
    openings: Openings | None = None,
    trusted_key: VerifierKey | None = None,
    trusted_contract: str | None = None,
    progress: Progress | None = None,
    seen: Callable[[Replay, OnChain | None], None] | None = None,
    processes: int | None = 1,
) -> Report:
    """Replay the log at ``source`` and check all that can be checked. ``receipts`` are (name, bytes).

    ``openings`` are contents that the auditor may see: what rests on them is run again. ``seen`` is given, at the end,
    what was replayed and where it stands on the chain. ``processes`` above 1 help the one that replays, None starts as
    many as pay; whatever their number, the report is the same.

    What is wrong with the log is in the report. Raised is only what keeps the audit from running: a source or a node
    that does not answer, bytes that are no log, an earlier mirror that is damaged.
    """
    # Before the log is read: what the chain holds now, the log must show then.
    latest = node.block("latest").number if node is not None else 0
    key = trusted_key or (open_source_log(earlier).key if earlier is not None else None)
    try:
        opened = open_source_log(source, key)
    except (SignatureError, ProofError) as error:
        return _unsigned(source, key, error)
    with started(opened.checkpoint.size, processes) as helpers:
        replay = read_log(source, opened.checkpoint.size, progress, shown_by(source), helpers)
        report = Report(
            source.name, opened.checkpoint.origin, opened.key.vkey, replay.size, opened.checkpoint.root.hex()
        )
        log_checks.check_head(report, opened, replay, key is not None)
        log_checks.check_tiles(report, source, replay)
        log_checks.check_statements(report, replay)
        log_checks.check_rules(report, replay)
        log_checks.check_contents(report, replay)
        if earlier is not None:
            log_checks.check_earlier(report, replay, earlier, opened.keys, helpers)
        else:
            report.check("mirror", "The log continues the earlier mirror").skip(
                "No earlier mirror was given (--mirror)."
            )
        if receipts:
            log_checks.check_receipts(report, replay, opened.keys, receipts)
        chain: OnChain | None = None
        if node is None:
            report.check("anchors", "Every anchored head is the head of these entries").skip(
                "No node was given (--rpc)."
            )
            if replay.links:
                wallet_checks.skip_wallets(report, replay)
        else:
            chain = _check_chain(report, source, opened, replay, node, latest, trusted_contract)
        log_checks.check_signatures(report, replay, chain.domain if chain else None, helpers)
        if openings is not None:
            check_openings(report, source, replay, openings)
        report.proves = _proves(report, key is not None, earlier is not None, chain)
        if seen is not None:
            seen(replay, chain)
        return report


def _check_chain(
    report: Report,
    source: Source,
    opened: Opened,
    replay: Replay,
    node: Node,
    latest: int,
    trusted_contract: str | None,
) -> OnChain | None:
    chain = chain_checks.find_on_chain(
        report,
        opened,
        replay,
        node,
        Hints.read(fetch_summary(source)),
        latest=latest,
        is_copy=source.is_copy,
        trusted_contract=trusted_contract,
    )
    if chain is not None:
        chain_checks.check_anchors(report, chain, replay)
        pool_checks.check_pools(report, chain, replay)
        wallet_checks.check_wallets(report, chain, replay)
    return chain


def _unsigned(source: Source, key: VerifierKey | None, error: SignatureError | ProofError) -> Report:
    """The report on a log whose head the expected key did not sign: nothing else can be said."""
    claimed = Checkpoint.parse(UnverifiedNote.parse(fetch_checkpoint(source)).text)
    report = Report(source.name, claimed.origin, key.vkey if key else "", claimed.size, claimed.root.hex())
    check = report.check("checkpoint", "The log's key signed this head, and the entries lead to its root")
    check.error(error.detail)
    report.proves = ["Nothing: the head is not signed by the key that it should be signed by."]
    return report


def _proves(report: Report, trusted: bool, earlier: bool, chain: OnChain | None) -> list[str]:
    """In words, what a passed audit of this kind proves, and what it does not."""
    failed = {check.name for check in report.checks if check.verdict == "fail"}
    if failed and failed <= _OF_THE_CHAIN:
        return [
            "The log itself holds together, but what was proposed or paid on the chain does not follow from it; the "
            "findings say what. Tell the pool's guardian at once: what is not activated yet can be vetoed."
        ]
    if failed:
        return ["The log is not what it claims to be; the findings say where. Keep this report and your mirror."]
    said = [
        f"The {report.entries} entries are one history under one signed head, and every award and settlement in it "
        "follows from them by the published rules."
    ]
    useless = next((len(check.findings) + check.more for check in report.checks if check.name == "rules"), 0)
    if useless:
        said.append(
            f"Without effect are {useless} of its statements, because they break a rule of the book (the warnings say "
            "which). An honest service writes none: ask its operator."
        )
    if earlier:
        said.append("Nothing that your earlier mirror holds was altered, removed or reordered.")
    else:
        said.append("Not whether the history was rewritten since an earlier day: compare with a mirror (--mirror).")
    if chain is None:
        said.append("Not what is anchored or paid: ask a node of the chain (--rpc).")
    else:
        said.append(
            f"The first {report.anchored_size} entries are those that contract {chain.contract} holds, and what was "
            "paid on this chain is within what they award."
        )
        said.append(f"Not who opened the log there: compare {chain.opened.opener} with the operator that you know.")
    if not trusted and chain is None:
        said.append("Not who keeps the log: its key is the log's own word (--key).")
    said.append(
        "This proves that pay follows from the decisions in the log, not that the decisions were right, nor that "
        "nobody's work was left out: receipts can show that."
    )
    return said
