"""Checks that need the log alone, and an earlier mirror where the auditor kept one."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.audit.growing import GrowingTree, Hashes, roots_at
from ledger.audit.opening import Opened, open_source_log
from ledger.audit.processes import Processes
from ledger.audit.reading import read_all
from ledger.audit.replay import Replay
from ledger.audit.report import Check, Report
from ledger.audit.signed import wrong_signatures
from ledger.audit.source import Source, fetch_tiles
from ledger.book.fold import Finding as Broken
from ledger.errors import FormatError, NotFoundError, ProofError
from ledger.statements.settlements import SettlementVetoed
from ledger.statements.signatures import Domain
from ledger.tree import merkle
from ledger.tree.key_chain import KeyChain
from ledger.tree.receipts import Receipt, verify_log_part

# A statement that breaks one of the other rules has no effect; one of these says something false.
_FALSE_SETTLEMENT = "settlement-"
"""Prefix of the rules about settlements (``ledger.book.rewards``)."""
_FALSE_ROTATION = "log-key-"
"""Prefix of the rules about the log's key."""
_FORGED = "link-signed"
"""The rule that a wallet signed its link."""


def check_head(report: Report, opened: Opened, replay: Replay, trusted: bool) -> None:
    """The entries hash to the signed checkpoint."""
    check = report.check("checkpoint", "The log's key signed this head, and the entries lead to its root")
    whose = "the key you trust" if trusted else "the key that entry 0 names"
    check.evidence = f"{replay.size} entries, signed by {whose}"
    if len(opened.keys.keys) > 1:
        check.evidence += f", or one that it leads to: the log has had {len(opened.keys.keys)} keys"
    _check_keys(check, opened, replay)
    if replay.tree.root() != opened.checkpoint.root:
        check.error(f"The {replay.size} entries do not lead to the root of the signed checkpoint.")


def _check_keys(check: Check, opened: Opened, replay: Replay) -> None:
    """The head is signed by the key that the entries put in force, not by one that they retired."""
    keys = KeyChain.of(replay.book.facts.log_keys)
    if keys != opened.keys:
        entry, key = keys.keys[-1]
        check.error(
            f"The head is signed by '{opened.key.vkey}'; by its entries the key in force is '{key.vkey}'.", entry=entry
        )


def check_tiles(report: Report, source: Source, replay: Replay) -> None:
    """The served tiles, from which others make their proofs, are those of the entries.

    Those of level 0 were compared as the entries were read.
    """
    check = report.check("tiles", "The served tiles are those of the entries")
    check.evidence = f"tiles: {len(replay.tile_roots) + len(replay.tiles)}"
    try:
        for fault in replay.faults:
            if not isinstance(fault, ProofError):
                raise fault
            check.error(fault.detail)
        for tile, data in fetch_tiles(source, sorted(replay.tiles)):
            if data != replay.tiles[tile]:
                check.error(f"'{tile.path}' is not what the entries hash to.")
    except (NotFoundError, FormatError) as error:
        check.error(error.detail)


def check_statements(report: Report, replay: Replay) -> None:
    """Every entry is a statement in canonical bytes, and time never goes back."""
    check = report.check("statements", "Every entry is a statement in canonical bytes")
    check.evidence = f"{replay.size - len(replay.unreadable)} of {replay.size} entries"
    for entry, why in replay.unreadable:
        check.error(why, entry=entry)
    times = report.check("times", "Time never goes back")
    times.evidence = "the 'at' of every entry against the one before"
    for finding in replay.book.findings:
        if finding.rule == "time-order":
            times.error(finding.detail, entry=finding.index)


def check_rules(report: Report, replay: Replay) -> None:
    """The replay: which statements have no effect, and whether settlements are what follows from the log."""
    rules = report.check("rules", "The statements keep the rules of the book")
    settled = report.check("settlements", "Every recorded settlement is what follows from the log")
    rules.evidence = f"{replay.size} entries replayed"
    settled.evidence = f"computed again: {sum(len(pool.recorded) for pool in replay.book.pools.values())}"
    vetoes = {entry for entry, statement in replay.settlements if isinstance(statement, SettlementVetoed)}
    for finding in replay.book.findings:
        index, rule = finding.index, finding.rule
        if rule == "settlement-known" and index in vetoes:
            # It did harm to nobody; that it was proposed at all is among the findings on proposals.
            settled.add("warning", f"A settlement was vetoed. {finding.detail}", entry=index, rule=rule)
        elif rule.startswith(_FALSE_SETTLEMENT):
            _check_settlement(settled, finding, replay)
        elif rule == _FORGED:
            rules.error(f"The wallet did not sign this: {finding.detail}", entry=index, rule=rule)
        elif rule.startswith(_FALSE_ROTATION):
            rules.error(f"This does not rotate the log's key: {finding.detail}", entry=index, rule=rule)
        elif rule not in ("statement", "time-order"):
            rules.add("warning", f"Without effect ({rule}): {finding.detail}", entry=index, rule=rule)


def _check_settlement(check: Check, broken: Broken, replay: Replay) -> None:
    """A settlement that does not follow, with the awards in it that are wrong."""
    examined = replay.wrong.get(broken.index)
    words = f"{broken.detail} {examined.words}".rstrip() if examined else broken.detail
    check.error(words, entry=broken.index, rule=broken.rule)
    for award in examined.awards if examined else ():
        check.wrong("The settlement is wrong.", award, entry=broken.index)


def check_contents(report: Report, replay: Replay) -> None:
    """What can no longer be opened, and what auditors have opened: figures, no judgement."""
    check = report.check("contents", "What was erased, and what auditors with a mandate have opened")
    done = replay.handled
    reasons = ", ".join(f"{reason} {done[reason]}" for reason in ("wish", "law", "retention"))
    check.evidence = f"erased: {done['erased']} ({reasons}); mandates: {done['mandates']}; opened: {done['opened']}"


def check_signatures(report: Report, replay: Replay, domain: Domain | None, processes: Processes | None = None) -> None:
    """Wallets' EIP-712 signatures on contributions and decisions; those on wallet links are rules of the book."""
    check = report.check("signatures", "The wallets' signatures on contributions and decisions are good")
    check.evidence = f"signatures: {len(replay.signed)}"
    if domain is None:
        if replay.signed:
            check.skip("The contract that the signatures are for is not known; give --contract and --rpc.")
        return
    for entry, why in wrong_signatures(domain, replay.signed, processes):
        check.error(why, entry=entry)


def check_earlier(
    report: Report, replay: Replay, earlier: Source, keys: KeyChain, processes: Processes | None = None
) -> None:
    """Compare with an earlier mirror; the first entry that differs is the report's ``tampered_entry``.

    Raises ProofError, SignatureError or FormatError where the earlier mirror itself does not hold together.
    """
    check = report.check("mirror", "The log continues the earlier mirror")
    held = open_source_log(earlier, keys.first)
    tree, leaves = GrowingTree(), Hashes()
    for bundle in read_all(earlier, held.checkpoint.size, processes):
        leaves.extend_joined(bundle.tile)
        for _ in tree.append_tile(bundle.tile, bundle.root):
            pass  # the mirror's tiles are nobody's evidence
    if tree.root() != held.checkpoint.root:
        raise ProofError(
            f"The earlier mirror '{earlier.name}' is damaged: its entries do not lead to its own checkpoint.",
            remedy="Use another earlier mirror, or leave out --mirror.",
        )
    common = min(len(leaves), replay.size)
    check.evidence = f"{common} entries compared with a mirror whose head the log's key signed"
    differs = replay.leaf_hashes.first_difference(leaves)
    if differs is not None:
        report.tampered_entry = differs
        check.error(
            f"Entry {differs} is not the one that was mirrored; the log's key signed both histories.", entry=differs
        )
    elif replay.size < len(leaves):
        report.tampered_entry = replay.size
        check.error(
            f"Entry {replay.size} and what follows is missing: the mirror has {len(leaves)} entries.", entry=replay.size
        )


def check_receipts(report: Report, replay: Replay, keys: KeyChain, receipts: Sequence[tuple[str, bytes]]) -> None:
    """Compare with receipts that the auditor holds; an entry that is not the receipt's is the ``tampered_entry``.

    Raises FormatError, SignatureError or ProofError where a receipt itself does not verify under the log's keys.
    """
    check = report.check("receipts", "The log holds what its receipts say")
    check.evidence = f"receipts: {len(receipts)}"
    heads: dict[tuple[int, bytes], str] = {}
    for name, data in receipts:
        verified = verify_log_part(Receipt.parse(data), keys.first, keys)
        index, size = verified.index, verified.checkpoint.size
        heads.setdefault((size, verified.checkpoint.root), f"'{name}'{_retired_by(keys, size)}")
        if index >= replay.size or replay.leaf_hashes[index] != merkle.leaf_hash(verified.statement):
            check.error(f"Entry {index} is not the one of the receipt '{name}'{_retired_by(keys, size)}.", entry=index)
            if report.tampered_entry is None or index < report.tampered_entry:
                report.tampered_entry = index
    roots = roots_at(replay.leaf_hashes, replay.tile_roots, [size for size, _ in heads])
    for (size, root), name in sorted(heads.items()):
        if roots.get(size) != root:
            check.error(f"The first {size} entries are not those of the head in the receipt {name}.", range_=(0, size))


def _retired_by(keys: KeyChain, size: int) -> str:
    """Words on a receipt of this size whose key was retired: what it says against the log may be a thief's."""
    entry = next((entry for entry, _ in keys.keys[1:] if entry >= size), None)
    return "" if entry is None else f", whose key entry {entry} retired (if it was stolen, the thief may have made it)"
