"""Checks of wallets that are contracts: what the log says they called their signature, asked again (ERC-1271)."""

from __future__ import annotations

from ledger.audit.chain_checks import OnChain
from ledger.audit.replay import Replay
from ledger.audit.report import Check, Report
from ledger.chain.contract_wallets import accepts_signature
from ledger.chain.rpc import Refusal
from ledger.statements.signatures import message_digest
from ledger.statements.wallets import WalletLinked

_TITLE = "Contracts that are wallets call the signatures of their links their own"


def skip_wallets(report: Report, replay: Replay) -> None:
    """Without a node nobody can be asked."""
    words = f"No node was given (--rpc): {len(replay.links)} wallets that are contracts were not asked."
    report.check("wallets", _TITLE).skip(words)


def check_wallets(report: Report, chain: OnChain, replay: Replay) -> None:
    """Ask every contract again, at the block that the log states."""
    check = report.check("wallets", _TITLE)
    asked = unknown = elsewhere = 0
    for entry, link in replay.links:
        if link.erc1271 is None or link.erc1271.chain_id != chain.chain_id:
            elsewhere += 1
            continue
        try:
            _check(check, chain, entry, link, link.erc1271.block, link.erc1271.block_hash)
            asked += 1
        except Refusal:
            unknown += 1
    check.evidence = f"asked again: {asked} of {len(replay.links)}"
    if unknown:
        check.add("note", f"The node keeps no state of the blocks of {unknown} links; ask an archive node.")
    if elsewhere:
        check.add("note", f"{elsewhere} wallets are on other chains and were not asked.")


def _check(check: Check, chain: OnChain, entry: int, link: WalletLinked, block: int, block_hash: str) -> None:
    if block > chain.latest and not chain.is_newer(block):
        check.error(f"There is no block {block}, at which the wallet {link.address} was asked.", entry=entry)
        return
    found = chain.node.block(block).hash
    if found != block_hash:
        check.error(f"Block {block} is {found}; the link states {block_hash}.", entry=entry)
        return
    digest = message_digest(link.message)
    if not accepts_signature(chain.node, link.address, digest, bytes.fromhex(link.signature[2:]), block):
        check.error(f"At block {block} the wallet {link.address} does not call this signature its own.", entry=entry)
