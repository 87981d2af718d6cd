"""How the worker is: its plan, the nodes, the accounts and the alarms, for the API's summary and metrics."""

from __future__ import annotations

from ledger.chain.fees import FEE_CAP, LOW_BALANCE
from ledger.errors import (
    CrowdLedgerError,
    LogDivergedError,
    NodeError,
    TransactionError,
    WrongChainError,
    WrongContractError,
)
from ledger.worker.anchoring import Anchoring, is_late
from ledger.worker.context import Context
from ledger.worker.ports import AccountReport, WorkerReport
from ledger.worker.relaying import Relaying
from ledger.worker.sending import Sender
from ledger.worker.settling import Settling

_BALANCES_MS = 60_000
"""Between two looks at the accounts' coins."""


class Reporting:
    """Reports after each step."""

    def __init__(
        self, context: Context, sender: Sender, anchoring: Anchoring, settling: Settling, relaying: Relaying
    ) -> None:
        self._context = context
        self._sender, self._anchoring, self._settling, self._relaying = sender, anchoring, settling, relaying
        self._accounts: list[AccountReport] = []
        self._looked_ms: int | None = None

    async def look_at_balances(self) -> None:
        """Ask for the coins of the accounts that we sign with, once a minute."""
        now_ms = self._context.clock.now_ms()
        if self._looked_ms is not None and 0 <= now_ms - self._looked_ms < _BALANCES_MS:
            return
        low = self._context.pace.low_balance
        accounts = []
        for role, signer in self._context.signers.by_role().items():
            balance = await self._context.chain.balance(signer.address)
            accounts.append(AccountReport(role=role, address=signer.address, balance=balance, low=balance < low))
        self._accounts, self._looked_ms = accounts, now_ms

    async def tell(self, failure: CrowdLedgerError | None) -> None:
        """Store how the worker is after a step, and what that could not do."""
        context, now_ms = self._context, self._context.clock.now_ms()
        size, anchored = await context.entries.size(), await self._anchoring.anchored()
        open_attempts, replaced, stuck = self._sender.report()
        late = anchored < size and is_late(await self._anchoring.written_ms(anchored), context.pace, now_ms)
        await context.rows.report(
            WorkerReport(
                holder=context.holder,
                token=context.token,
                at_ms=now_ms,
                lease_until_ms=context.lease_until_ms,
                size=size,
                anchored=anchored,
                anchored_ms=await self._anchoring.written_ms(anchored - 1) if 0 < anchored <= size else 0,
                plan=self._anchoring.plan,
                nodes=tuple(context.chain.health()),
                accounts=tuple(self._accounts),
                open_attempts=open_attempts,
                replaced=replaced,
                stuck=tuple(stuck),
                failure="" if failure is None else str(failure),
                alarms=self._alarms(failure, late=late, stuck=bool(stuck)),
            )
        )

    def _alarms(self, failure: CrowdLedgerError | None, *, late: bool, stuck: bool) -> tuple[str, ...]:
        """The names of docs/operations.md, in its order; ``worker-silent`` is for others to see."""
        plan, reason = self._anchoring.plan, failure.reason if isinstance(failure, TransactionError) else ""
        aside = [bool(node.aside) for node in self._context.chain.health()]
        raised = {
            "anchor-late": late,
            "anchor-over-cap": plan is not None and plan.reason == "over-cap",
            "transaction-stuck": stuck or reason == FEE_CAP,
            "low-balance": any(account.low for account in self._accounts) or reason == LOW_BALANCE,
            "node-aside": any(aside) and not all(aside),
            "no-node": all(aside) and isinstance(failure, (NodeError, WrongChainError, WrongContractError)),
            "log-diverged": isinstance(failure, LogDivergedError),
            "wrong-settlement": self._settling.wrong,
            "settlement-refused": self._settling.refused,
            "claims-failing": self._relaying.failing,
            "transaction-altered": self._sender.found_altered,
        }
        return tuple(name for name, is_raised in raised.items() if is_raised)
