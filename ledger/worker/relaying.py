"""Claims that were asked for, paid in batches: the relayer pays the gas and cannot choose who is paid."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from ledger.book.reward_tree import RewardTree
from ledger.chain import anchors, contracts
from ledger.chain.answers import TransactionReceipt
from ledger.chain.fees import GAS_LIMIT
from ledger.chain.signers import Signer
from ledger.errors import TransactionError
from ledger.worker.context import Context
from ledger.worker.indexing import claimed_sums
from ledger.worker.ports import Attempt, ClaimAsked
from ledger.worker.sending import Sender

SENT, PAID, FAILED = "sent", "paid", "failed"
DAY_MS = 86_400_000
INTENT = "claim:"
_PASSING = ("IsPaused(", "InvalidProof(")
"""Refusals that concern everybody and pass: claims are paused, or another settlement is in force by now."""
_CONTRACTS_WORDS = re.compile(r"[A-Z]\w*\(")
"""A custom error's name; anything else, such as missing coins, says nothing about who is paid."""
_NO_SHARE = "This account has no share in the active settlement."
_SKIPPED = "The token or the recipient refused the payment; it stays claimable."
_UNCLEAR = "The token said no and may have paid all the same; ask it."


class Relaying:
    """Relays claims of one pool."""

    def __init__(self, context: Context, sender: Sender) -> None:
        self._context = context
        self._sender = sender
        self._tree: RewardTree | None = None
        self._most = context.pace.relay_batch
        """Accounts in a batch: fewer while batches fail once they are mined."""
        self._failed: dict[str, tuple[int, tuple[str, ...]]] = {}
        """By hash: when a batch was sent that failed once it was mined, and for whom; those of the last day."""
        self.failing = False
        """Whether the newest payment paid nobody."""

    async def relay(self) -> None:
        """Pay what was asked for and is claimable, a batch a transaction, until one is not mined yet."""
        signer = self._context.signers.relayer
        requests = await self._context.rows.claims_asked()
        if signer is None or not requests:
            return
        number, root, _ = await self._context.chain.last_activated()
        tree = await self._tree_of(number, root)
        if tree is None:
            return
        attempts = [each for each in await self._sender.open_attempts() if each.intent.startswith(INTENT)]
        self._learn_from(attempts)
        if await self._close_late(requests, attempts):
            requests = await self._context.rows.claims_asked()
        if _waits(attempts, signer.address):
            return  # nothing else is sent before that is mined
        owed = await self._owed(tree, requests)
        for accounts in self._batches(tree, owed):
            if not await self._pay(signer, tree, accounts, owed):
                return

    async def _tree_of(self, number: int, root: str) -> RewardTree | None:
        """The tree behind the active root; None before the first, or while it is not one that we know."""
        if self._tree is None or self._tree.root != root:
            accounts = await self._context.rows.tree_accounts(number)
            self._tree = await self._context.work.run(RewardTree, accounts)
        return self._tree if self._tree.root == root and self._tree.accounts else None

    def _coming(self, root: str) -> Mapping[str, int]:
        """By account what the settlement changes that the log records and that is not in force: not yet, or not any
        more, if a reorganisation undid its activation after somebody had asked for what it pays."""
        pool = self._context.book.pools.get(self._context.pool)
        recorded = None if pool is None else pool.pending()
        return {} if recorded is None or recorded.root == root else recorded.accounts

    # ---- who is paid ----

    async def _owed(self, tree: RewardTree, requests: Sequence[ClaimAsked]) -> dict[str, list[str]]:
        """By account the requests that a payment can answer. Others are closed: those of accounts that are paid up for
        good, have no share, or were paid for often enough today. What was paid in a block that may still go waits."""
        shares, coming = dict(tree.accounts), self._coming(tree.root)
        by_account: dict[str, list[str]] = {}
        for request in requests:
            by_account.setdefault(request.account, []).append(request.id)
        strangers = [account for account in by_account if account not in shares and account not in coming]
        await self._close(strangers, by_account, FAILED, detail=_NO_SHARE)
        known = sorted(by_account.keys() & shares.keys())
        claimed = await claimed_sums(self._context, known, "latest")
        owed = [account for account in known if claimed[account] < shares[account]]
        paid_up = [each for each in known if claimed[each] >= shares[each] >= coming.get(each, 0)]
        await self._close(await self._paid_for_good(paid_up, shares), by_account, PAID)
        often = await self._often(owed)
        words = f"The claims of this account were relayed {self._context.pace.relay_claims_per_day} times in a day. "
        words += "Ask again tomorrow, or claim with a wallet of your own."
        await self._close(often, by_account, FAILED, detail=words)
        return {account: by_account[account] for account in owed if account not in often}

    async def _paid_for_good(self, accounts: Sequence[str], shares: Mapping[str, int]) -> list[str]:
        """Those that permanent blocks say were paid: whoever paid them, nobody would see a reorganisation undo it."""
        if not accounts:
            return []
        block = (await self._context.chain.finalized()).number
        if not await self._context.chain.pool_stands(block):
            return []
        claimed = await claimed_sums(self._context, accounts, block)
        return [each for each in accounts if claimed[each] >= shares[each]]

    async def _often(self, accounts: Sequence[str]) -> list[str]:
        """Accounts that cost us enough today: whoever asks on and on must not burn our gas."""
        if not accounts:
            return []
        since = self._context.clock.now_ms() - DAY_MS
        self._failed = {name: each for name, each in self._failed.items() if each[0] >= since}
        costs = Counter(account for _, some in self._failed.values() for account in some)
        costs.update(await self._context.rows.claims_relayed(accounts, since))
        return [each for each in accounts if costs[each] >= self._context.pace.relay_claims_per_day]

    async def _close(
        self, accounts: Sequence[str], requests: Mapping[str, Sequence[str]], state: str, **values: str | None
    ) -> None:
        ids = [name for account in accounts for name in requests.get(account, ())]
        if ids:
            await self._context.rows.set_claims(ids, state, **values)

    # ---- payments ----

    def _batches(self, tree: RewardTree, owed: Collection[str]) -> list[Sequence[str]]:
        """Who is paid together, in tree order, where neighbours share their proofs. Last, each on its own, come those
        whose payment failed when they were alone, so that nobody else waits for them."""
        accounts = [account for account, _ in tree.accounts if account in owed]
        alone = self._failed_alone()
        others, size = [each for each in accounts if each not in alone], self._most
        batches: list[Sequence[str]] = [others[begin : begin + size] for begin in range(0, len(others), size)]
        return batches + [[each] for each in sorted(alone.keys() & set(accounts), key=lambda name: (alone[name], name))]

    def _failed_alone(self) -> Counter[str]:
        """How often the payment of each account failed with nobody else in it, within the last day."""
        return Counter(some[0] for _, some in self._failed.values() if len(some) == 1)

    async def _pay(
        self, signer: Signer, tree: RewardTree, accounts: Sequence[str], requests: Mapping[str, Sequence[str]]
    ) -> bool:
        """Transactions for a batch, one if the contract takes it as a whole; False while one is not mined."""
        proof = tree.multiproof(accounts)
        call = contracts.claim_many_call(proof.accounts, proof.cumulatives, proof.proof, proof.flags)
        pool = self._context.deployment.pool
        try:
            await self._close(accounts, requests, SENT)
            receipt = await self._sender.send(signer, self._intent(accounts), pool, call)
        except TransactionError as error:
            if not _is_of_some(error.reason):
                raise
            return await self._pay_apart(signer, tree, accounts, requests, error.reason)
        if receipt is None:
            return False
        await self._answer(proof.accounts, requests, receipt)
        return True

    def _intent(self, accounts: Sequence[str]) -> str:
        """What fails alone is named, so that the pause before it is tried again keeps nobody else."""
        named = f"{accounts[0]}:" if len(accounts) == 1 and accounts[0] in self._failed_alone() else ""
        return f"{INTENT}{named}{len(accounts)}"

    async def _pay_apart(
        self,
        signer: Signer,
        tree: RewardTree,
        accounts: Sequence[str],
        requests: Mapping[str, Sequence[str]],
        reason: str,
    ) -> bool:
        """Halves of a batch that is refused as a whole, until the account is alone that it is refused for."""
        if len(accounts) == 1:
            self.failing = True
            await self._close(accounts, requests, FAILED, detail=_refused(reason))
            return True
        middle = len(accounts) // 2
        return await self._pay(signer, tree, accounts[:middle], requests) and await self._pay(
            signer, tree, accounts[middle:], requests
        )

    async def _answer(
        self, accounts: Sequence[str], requests: Mapping[str, Sequence[str]], receipt: TransactionReceipt
    ) -> None:
        """Close the requests of a batch that is mined: who was paid, and who was skipped. To others nothing was due any
        more, whoever had paid them before: theirs wait until that is permanent."""
        pool = self._context.deployment.pool
        paid = {event.account for event in anchors.claims_in(receipt, pool)}
        self.failing = not paid
        self._most = min(2 * self._most, self._context.pace.relay_batch)
        of = receipt.transaction
        await self._close([each for each in accounts if each in paid], requests, PAID, transaction=of)
        skipped = anchors.skipped_in(receipt, pool).intersection(accounts)
        await self._close(sorted(skipped), requests, FAILED, transaction=of, detail=_SKIPPED)

    def _learn_from(self, attempts: Sequence[Attempt]) -> None:
        """Learn from batches that failed once they were mined, whenever that was.

        The same batch would burn the same gas again, and what it failed for need have no words (its gas ran out, by
        somebody's doing perhaps): the next one is half as large, until the account is alone that it fails for. That one
        is tried again, for a reorganisation may have caused it, as often as an account may cost us in a day.
        """
        for attempt in attempts:
            if attempt.state != "failed" or attempt.hash in self._failed or attempt.detail.startswith(_PASSING):
                continue
            accounts = contracts.claimed_accounts(attempt.data)
            self._failed[attempt.hash] = attempt.at_ms, accounts
            self._most = max(1, min(self._most, len(accounts) // 2))
            self.failing = self.failing or len(accounts) == 1

    async def _close_late(self, requests: Sequence[ClaimAsked], attempts: Sequence[Attempt]) -> bool:
        """Close what was sent in a batch that was mined after we stopped waiting, or after a crash; whether any was."""
        closed = False
        sent = [request for request in requests if request.state == SENT]
        for attempt in [each for each in attempts if each.state == "mined"] if sent else ():
            accounts = contracts.claimed_accounts(attempt.data)
            ours: dict[str, list[str]] = {}
            for request in sent:
                if request.account in accounts and request.at_ms <= attempt.at_ms:
                    ours.setdefault(request.account, []).append(request.id)
            receipt = await self._context.chain.receipt(attempt.hash) if ours else None
            # In another block than the rows know it may have paid others: the next step notes that first.
            if receipt is not None and receipt.succeeded and receipt.block_hash == attempt.block_hash:
                await self._answer(sorted(ours), ours, receipt)
                closed = True
        return closed


def _waits(attempts: Sequence[Attempt], account: str) -> bool:
    """Whether a nonce of an account is under way of which no attempt is mined."""
    ours = [attempt for attempt in attempts if attempt.sender == account]
    mined = {attempt.nonce for attempt in ours if attempt.state != "sent"}
    return any(attempt.nonce not in mined for attempt in ours)


def _refused(reason: str) -> str:
    return _UNCLEAR if reason.startswith("PaymentUnclear(") else f"The contract refuses this claim: {reason}."


def _is_of_some(reason: str) -> bool:
    """Whether a batch may be refused for some of its accounts, or for their number, and not for all."""
    if reason == GAS_LIMIT:
        return True
    return _CONTRACTS_WORDS.match(reason) is not None and not reason.startswith(_PASSING)
