"""The worker's rows: settlements are those that the log records, their accounts lead to the recorded roots."""

from __future__ import annotations

import json
from typing import Any, Final

from ledger.book.reward_tree import RewardTree
from ledger.chain.signers import ReadTransaction, read_transaction
from ledger.errors import ProofError
from ledger.log.checking.replay import Recorded, Replay
from ledger.log.checking.report import Check, Report
from ledger.log.checking.snapshot import Snapshot, raw_bytes, same
from ledger.statements.onchain import keccak256
from ledger.statements.settlements import SettlementActivated

CHAIN: Final = {
    "settlements": "The worker's settlements and their accounts are those that the log records",
    "transactions": "Every kept transaction is what its signed bytes say",
    "sessions": "Whoever is signed in is a contributor whom the log knows, or a member",
}
"""Checks by name, with what they look at."""
_SETTLED: Final = "settled"
_COLUMNS: Final = "chain_id, pool, number, parent, proposal, size, root, total, state, campaigns, ended_tx"
_TRANSACTIONS: Final = "hash, raw, chain_id, sender, nonce, recipient, data, gas, max_fee, priority_fee"
_ACCOUNTS: Final = """
SELECT position, account, cumulative FROM settlement_accounts
WHERE log = :log AND chain_id = :chain_id AND pool = :pool AND number = :number ORDER BY position"""
_SESSIONS: Final = """
SELECT contributor FROM {table} AS t WHERE log = :log AND platform <> ''
AND NOT EXISTS (SELECT 1 FROM contributors AS c WHERE c.log = t.log AND c.id = t.contributor
  AND c.platform = t.platform)
AND NOT EXISTS (SELECT 1 FROM members AS m WHERE m.log = t.log AND m.id = t.contributor
  AND m.platform = t.platform)"""


async def check_chain_rows(snapshot: Snapshot, report: Report, replay: Replay) -> None:
    """Compare what the log binds of the worker's rows and of sessions."""
    checks = {name: report.check(name, title) for name, title in CHAIN.items()}
    await _Settlements(snapshot, checks["settlements"], replay).check()
    await _check_transactions(snapshot, checks["transactions"])
    for table in ("sessions", "sign_in_links"):
        for (who,) in await snapshot.all(_SESSIONS.format(table=table)):
            checks["sessions"].error(f"A row of {table} is of {who!r}, who is nobody of that platform.", table=table)


class _Settlements:
    """Settlements of all pools, one after the other."""

    def __init__(self, snapshot: Snapshot, check: Check, replay: Replay) -> None:
        self._snapshot = snapshot
        self._check = check
        self._replay = replay

    async def check(self) -> None:
        """Each row against its statement, each list of accounts against the row's root."""
        known = {}
        for row in await self._snapshot.all(f"SELECT {_COLUMNS} FROM settlements WHERE log = :log"):  # noqa: S608
            stored = dict(zip(_COLUMNS.split(", "), row, strict=True))
            recorded = self._recorded(stored)
            if recorded is None:
                self._check.error(
                    f"There is a settlement {stored['number']} that the log does not record.",
                    table="settlements",
                    column="number",
                )
                continue
            known[row[:3]] = recorded
            self._compare(stored, recorded)
        self._check.evidence = f"settlements: {len(known)}"
        sql = "SELECT DISTINCT chain_id, pool, number FROM settlement_accounts WHERE log = :log"
        listed = set(await self._snapshot.all(sql))
        for key in sorted(listed - known.keys(), key=str):
            entry = next((each.entry for each in reversed(self._replay.settled) if each.place == key), None)
            what = f"There are accounts of a settlement {key[2]} that is not there."
            self._check.error(what, entry=entry, table="settlements" if entry else "settlement_accounts")
        for key, recorded in known.items():
            await self._check_accounts(key, recorded)

    def _recorded(self, stored: dict[str, Any]) -> Recorded | None:
        """The statement behind a row: the one of its proposal, else the last of its number."""
        settled = self._replay.settled
        place = (stored["chain_id"], stored["pool"], stored["number"])
        by_proposal = [each for each in settled if each.statement.proposal == stored["proposal"]]
        by_place = [each for each in settled if each.place == place]
        both = [each for each in by_proposal if each.place == place]
        return next((some[-1] for some in (both, by_proposal, by_place) if some), None)

    def _compare(self, stored: dict[str, Any], recorded: Recorded) -> None:
        said = recorded.statement
        expected: dict[str, object] = {
            name: getattr(said, name)
            for name in ("chain_id", "pool", "number", "parent", "proposal", "size", "root", "total")
        }
        lines = [
            {
                "campaign": line.campaign,
                "onchain_id": self._onchain_id(line.campaign),
                "total": line.total,
                "final": line.final,
            }
            for line in said.campaigns
        ]
        expected["campaigns"] = json.dumps(lines)
        for column, value in expected.items():
            if not same(stored[column], value):
                self._error(recorded, column)
        ended = self._replay.ended.get(recorded.place)
        states = {_SETTLED, "activated"}
        if ended is not None and ended.proposal == said.proposal:
            states = {_SETTLED, "activated" if isinstance(ended, SettlementActivated) else "vetoed"}
            if stored["ended_tx"] not in (None, ended.transaction):
                self._error(recorded, "ended_tx")
        if stored["state"] not in states:
            self._error(recorded, "state")

    def _onchain_id(self, campaign: str) -> str | None:
        onchain = self._replay.loaded.facts.campaigns[campaign].opened.onchain
        return None if onchain is None else onchain.id

    def _error(self, recorded: Recorded, column: str) -> None:
        self._check.error(
            f"settlements.{column} of settlement {recorded.statement.number} is not what entry {recorded.entry} says.",
            entry=recorded.entry,
            table="settlements",
            column=column,
        )

    async def _check_accounts(self, key: tuple[Any, ...], recorded: Recorded) -> None:
        """The accounts in tree order lead to the root; one that is damaged leads to another."""
        chain_id, pool, number = key
        rows = await self._snapshot.all(_ACCOUNTS, chain_id=chain_id, pool=pool, number=number)
        try:
            tree = RewardTree((account, int(cumulative)) for _, account, cumulative in rows)
            listed = [
                (position, "0x" + bytes.fromhex(account[2:]).hex(), str(units))
                for position, (account, units) in enumerate(tree.accounts)
            ]
            right = tree.root == recorded.statement.root and listed == rows
        except (ProofError, ValueError, TypeError, OverflowError):
            right = False
        if not right:
            self._check.error(
                f"The accounts of settlement {key[2]} do not lead to the root in entry {recorded.entry}.",
                entry=recorded.entry,
                table="settlement_accounts",
            )


async def _check_transactions(snapshot: Snapshot, check: Check) -> None:
    """Each row against what its bytes say and who signed them: what is sent anew would say the same."""
    rows = await snapshot.all(f"SELECT {_TRANSACTIONS} FROM transactions WHERE log = :log")  # noqa: S608
    check.evidence = f"transactions: {len(rows)}"
    for hash_, raw, *stored in rows:
        if not same(hash_, "0x" + keccak256(raw_bytes(raw)).hex()):
            check.error(f"Transaction {hash_} has another hash.", table="transactions", column="raw")
            continue
        signed = read_transaction(raw_bytes(raw))
        if signed is None:
            what = f"The bytes of transaction {hash_} are none that this service signs."
            check.error(what, table="transactions", column="raw")
            continue
        for column, value, expected in zip(_TRANSACTIONS.split(", ")[2:], stored, _said(signed), strict=True):
            if not same(value, expected):
                what = f"transactions.{column} of transaction {hash_} is not what was signed."
                check.error(what, table="transactions", column=column)


def _said(signed: ReadTransaction) -> tuple[object, ...]:
    """The columns of a row as the bytes have them."""
    said = signed.transaction
    tip = None if said.priority_fee is None else str(said.priority_fee)
    return said.chain_id, signed.sender, said.nonce, said.to, said.data, said.gas, str(said.max_fee), tip
