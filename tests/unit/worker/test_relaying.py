"""Batches of claims: what the contract refuses is halved until the one is alone that it is refused for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.book.reward_tree import RewardTree
from ledger.chain import contracts
from ledger.chain.answers import LogEntry, TransactionReceipt
from ledger.chain.artifacts import artifact
from ledger.chain.fees import GAS_LIMIT
from ledger.errors import TransactionError
from ledger.worker.context import Context, Pace
from ledger.worker.ports import Attempt, ClaimAsked
from ledger.worker.relaying import Relaying
from ledger.worker.sending import Sender

POOL = "0x" + "99" * 20
FINAL = 3
RELAYER = "0x" + "11" * 20
ACCOUNTS = ["0x" + f"{number:040x}" for number in range(1, 24)]
TREE = RewardTree([(account, 100) for account in ACCOUNTS])


class Desk:
    """The requests and what became of them, the pool, and who sends: all that relaying meets."""

    def __init__(self, asked: Sequence[str], refused: Mapping[str, str], skipped: set[str], gas: int) -> None:
        self.asked = [ClaimAsked(id=str(each), account=a, state="asked", at_ms=0) for each, a in enumerate(asked)]
        self.refused, self.skipped, self.gas = refused, skipped, gas
        self.states: dict[str, tuple[str, str]] = {}
        self.sent: list[tuple[str, ...]] = []
        self.relayed: dict[str, int] = {}
        self.mined = True
        self.burns: set[str] = set()
        """Accounts on which a batch fails once it is mined, without a word."""
        self.failed: list[Attempt] = []
        self.receipts: dict[str, TransactionReceipt] = {}
        self.outside: set[str] = set()
        """Accounts that somebody else paid, in a block that may still go."""
        self.permanent: set[str] = set()
        """Accounts that were paid in permanent blocks."""
        self.coming: dict[str, int] = {}
        """What the settlement after the one in force changes."""
        self.now_ms = 1_700_000_000_000

    # rows

    async def claims_asked(self) -> list[ClaimAsked]:
        return [each for each in self.asked if self.states.get(each.id, ("asked", ""))[0] in ("asked", "sent")]

    async def open_attempts(self) -> list[Attempt]:
        return self.failed

    async def tree_accounts(self, number: int) -> list[tuple[str, int]]:
        return list(TREE.accounts)

    async def claims_relayed(self, accounts: Sequence[str], since_ms: int) -> Mapping[str, int]:
        return {each: self.relayed[each] for each in accounts if each in self.relayed}

    async def set_claims(self, ids: Sequence[str], state: str, **values: str | None) -> None:
        self.states |= {each: (state, values.get("detail") or "") for each in ids}

    # the chain

    async def last_activated(self) -> tuple[int, str, int]:
        return 1, TREE.root, 1

    async def finalized(self) -> Any:
        return SimpleNamespace(number=FINAL)

    async def pool_stands(self, block: int) -> bool:
        assert block == FINAL
        return True

    async def claimed(self, accounts: Sequence[str], block: Any) -> dict[str, int]:
        batches = [*self.paid, self.outside] if block == "latest" else [self.permanent]
        return {account: 100 if any(account in batch for batch in batches) else 0 for account in accounts}

    async def receipt(self, transaction: str) -> TransactionReceipt | None:
        return self.receipts.get(transaction)

    @property
    def failed_alone(self) -> set[str]:
        lately = [each for each in self.failed if each.state == "failed" and each.at_ms > self.now_ms - 86_400_000]
        batches = [contracts.claimed_accounts(each.data) for each in lately]
        return {accounts[0] for accounts in batches if len(accounts) == 1}

    @property
    def paid(self) -> list[set[str]]:
        return [set(batch) - self.skipped for batch in self.sent]

    # the sender

    async def send(self, signer: Any, intent: str, to: str, data: bytes) -> TransactionReceipt | None:
        accounts = contracts.claimed_accounts(data)
        named = f"{accounts[0]}:" if len(accounts) == 1 and accounts[0] in self.failed_alone else ""
        assert (intent, to) == (f"claim:{named}{len(accounts)}", POOL)
        if len(accounts) > self.gas:
            raise TransactionError("too much", reason=GAS_LIMIT)
        for account in accounts:
            if account in self.refused:
                raise TransactionError("refused", reason=self.refused[account])
        if not self.mined:
            return None
        if self.burns & set(accounts):
            self.failed.append(_failed(len(self.failed), intent, data, self.now_ms))
            raise TransactionError("It failed in block 5.", reason="no reason given")
        self.sent.append(accounts)
        logs = tuple((_skipped if account in self.skipped else _claimed)(account) for account in accounts)
        return TransactionReceipt("0x" + "ab" * 32, 5, "0x" + "cd" * 32, True, RELAYER, POOL, None, 21_000, logs)

    # the rest

    def pending(self) -> Any:
        return SimpleNamespace(root="0x" + "22" * 32, accounts=self.coming) if self.coming else None

    def relaying(self, **pace: Any) -> Relaying:
        context = SimpleNamespace(
            rows=self,
            chain=self,
            deployment=SimpleNamespace(pool=POOL),
            signers=SimpleNamespace(relayer=SimpleNamespace(address=RELAYER)),
            clock=SimpleNamespace(now_ms=lambda: self.now_ms),
            work=SimpleNamespace(run=_run),
            renew=_nothing,
            pool=(1, POOL),
            book=SimpleNamespace(pools={(1, POOL): SimpleNamespace(pending=self.pending)}),
            pace=Pace(anchor_interval=1, anchor_entries=1, settle_automatically=False, settle_interval=1, **pace),
        )
        return Relaying(cast(Context, context), cast(Sender, self))

    def of(self, account: str) -> set[tuple[str, str]]:
        return {self.states[each.id] for each in self.asked if each.account == account}


def _failed(number: int, intent: str, data: bytes, at_ms: int) -> Attempt:
    return Attempt(
        hash=f"0x{number:064x}", raw=b"", sender=RELAYER, nonce=number, intent=intent, to=POOL, data=data, gas=1,
        max_fee=1, priority_fee=1, state="failed", at_ms=at_ms, detail="no reason given",
    )  # fmt: skip


async def _run(function: Any, *given: Any) -> Any:
    return function(*given)


async def _nothing() -> None:
    return None


def _claimed(account: str) -> LogEntry:
    topics = (artifact(contracts.POOL_CONTRACT).abi.events["Claimed"].topic, bytes(12) + bytes.fromhex(account[2:]))
    return LogEntry(POOL, topics, (100).to_bytes(32, "big"), 5, "0x" + "cd" * 32, "0x" + "ab" * 32, 0)


def _skipped(account: str) -> LogEntry:
    word = bytes(12) + bytes.fromhex(account[2:])
    topics = (artifact(contracts.POOL_CONTRACT).abi.events["ClaimSkipped"].topic, word, word)
    return LogEntry(POOL, topics, (100).to_bytes(32, "big"), 5, "0x" + "cd" * 32, "0x" + "ab" * 32, 0)


_REFUSALS = st.sampled_from(["PaymentUnclear(payee=0x1)", "NotEnoughGas()"])
_SOME = st.lists(st.sampled_from(ACCOUNTS), max_size=30)


@given(
    asked=_SOME,
    refused=st.dictionaries(st.sampled_from(ACCOUNTS), _REFUSALS, max_size=4),
    skipped=st.sets(st.sampled_from(ACCOUNTS), max_size=4),
    gas=st.integers(1, 30),
    batch=st.integers(1, 12),
)
def test_everybody_is_paid_once_but_those_who_are_refused_alone(
    asked: list[str], refused: dict[str, str], skipped: set[str], gas: int, batch: int
) -> None:
    desk = Desk(asked, refused, skipped - refused.keys(), gas)
    relaying = desk.relaying(relay_batch=batch)
    asyncio.run(relaying.relay())
    sent = [account for accounts in desk.sent for account in accounts]
    assert sorted(sent) == sorted(set(asked) - refused.keys())
    order = [account for account, _ in TREE.accounts]
    assert sent == sorted(sent, key=order.index)
    assert all(len(accounts) <= min(batch, gas) for accounts in desk.sent)
    for account in set(asked):
        ((state, words),) = desk.of(account)
        assert state == ("failed" if account in refused or account in desk.skipped else "paid")
        assert bool(words) == (state == "failed")
    assert len(desk.sent) <= len(set(asked))
    asyncio.run(relaying.relay())  # once more does nothing
    assert [account for accounts in desk.sent for account in accounts] == sent


@pytest.mark.parametrize(
    "reason", ["IsPaused(until=1)", "InvalidProof()", "low-balance", "fee-cap", "nonce too low", ""]
)
def test_what_concerns_everybody_fails_nobody(reason: str) -> None:
    desk = Desk(ACCOUNTS, dict.fromkeys(ACCOUNTS, reason), set(), 100)
    with pytest.raises(TransactionError):
        asyncio.run(desk.relaying().relay())
    assert {state for state, _ in desk.states.values()} == {"sent"}  # it is tried again
    desk.refused = {}
    asyncio.run(desk.relaying().relay())
    assert {state for state, _ in desk.states.values()} == {"paid"}


def test_nothing_more_is_sent_while_a_batch_waits_to_be_mined() -> None:
    desk = Desk(ACCOUNTS, {}, set(), 100)
    desk.mined = False
    asyncio.run(desk.relaying(relay_batch=4).relay())
    assert [state for state, _ in desk.states.values()].count("sent") == 4
    assert desk.sent == []


@given(asked=_SOME, relayed=st.dictionaries(st.sampled_from(ACCOUNTS), st.integers(0, 5)), most=st.integers(1, 4))
def test_an_account_costs_us_only_so_many_transactions_a_day(
    asked: list[str], relayed: dict[str, int], most: int
) -> None:
    desk = Desk([*asked, "0x" + "77" * 20], {}, set(), 100)
    desk.relayed = relayed
    asyncio.run(desk.relaying(relay_claims_per_day=most).relay())
    assert {account for accounts in desk.sent for account in accounts} == {
        account for account in asked if relayed.get(account, 0) < most
    }
    assert desk.of("0x" + "77" * 20) == {("failed", "This account has no share in the active settlement.")}


def test_a_payment_that_pays_nobody_is_an_alarm_until_one_does() -> None:
    desk = Desk(ACCOUNTS[:1], {}, {ACCOUNTS[0]}, 100)
    relaying = desk.relaying()
    asyncio.run(relaying.relay())
    assert relaying.failing
    desk.asked = [ClaimAsked(id="later", account=ACCOUNTS[1], state="asked", at_ms=0)]
    asyncio.run(relaying.relay())
    assert not relaying.failing


def test_a_batch_that_fails_once_it_is_mined_is_halved_until_the_one_is_alone_and_used_up_its_day() -> None:
    desk = Desk(ACCOUNTS[:16], {}, set(), 100)
    desk.burns = {ACCOUNTS[3]}
    relaying = desk.relaying(relay_batch=16, relay_claims_per_day=9)
    for _ in range(30):
        with suppress(TransactionError):
            asyncio.run(relaying.relay())
    assert [len(contracts.claimed_accounts(each.data)) for each in desk.failed] == [16, 8, 4, 2, 1, 1, 1, 1, 1]
    ((state, words),) = desk.of(ACCOUNTS[3])
    assert state == "failed"
    assert "in a day" in words
    assert sorted(account for accounts in desk.sent for account in accounts) == sorted(
        set(ACCOUNTS[:16]) - {ACCOUNTS[3]}
    )


def test_what_failed_alone_by_a_reorganisation_is_tried_again() -> None:
    desk = Desk(ACCOUNTS[:1], {}, set(), 100)
    desk.burns = {ACCOUNTS[0]}
    relaying = desk.relaying()
    with suppress(TransactionError):
        asyncio.run(relaying.relay())
    desk.burns = set()
    asyncio.run(relaying.relay())
    assert desk.of(ACCOUNTS[0]) == {("paid", "")}
    assert not relaying.failing


def test_what_failed_alone_is_closed_once_it_is_refused_before_it_is_sent() -> None:
    desk = Desk(ACCOUNTS[:1], {}, set(), 100)
    desk.burns = {ACCOUNTS[0]}
    relaying = desk.relaying()
    with suppress(TransactionError):
        asyncio.run(relaying.relay())
    desk.refused = {ACCOUNTS[0]: "PaymentUnclear(payee=0x1)"}
    asyncio.run(relaying.relay())
    ((state, words),) = desk.of(ACCOUNTS[0])
    assert (state, "said no" in words) == ("failed", True)
    assert len(desk.failed) == 1


def test_nobody_waits_for_those_whose_payment_failed_alone() -> None:
    """They come last, the one that failed least often first, and never in a batch with others."""
    desk = Desk([ACCOUNTS[0]], {}, set(), 100)
    desk.burns = {ACCOUNTS[0], ACCOUNTS[1]}
    relaying = desk.relaying(relay_batch=16)
    for _ in range(2):
        with suppress(TransactionError):
            asyncio.run(relaying.relay())
    desk.asked += [ClaimAsked(id="later", account=ACCOUNTS[1], state="asked", at_ms=0)]
    for _ in range(2):
        with suppress(TransactionError):
            asyncio.run(relaying.relay())
    assert [contracts.claimed_accounts(each.data) for each in desk.failed] == [
        (ACCOUNTS[0],), (ACCOUNTS[0],), (ACCOUNTS[1],), (ACCOUNTS[1],),
    ]  # fmt: skip
    desk.asked += [ClaimAsked(id=str(each), account=ACCOUNTS[each], state="asked", at_ms=0) for each in range(2, 9)]
    for _ in range(6):
        with suppress(TransactionError):
            asyncio.run(relaying.relay())
    assert {account for accounts in desk.sent for account in accounts} == set(ACCOUNTS[2:9])
    assert {len(contracts.claimed_accounts(each.data)) for each in desk.failed} == {1}


def test_a_request_for_what_a_reorganisation_undid_waits() -> None:
    """Its settlement was in force when it was made: it is not refused for want of a share, nor called paid."""
    stranger, paid = "0x" + "77" * 20, ACCOUNTS[0]
    desk = Desk([stranger, paid], {}, set(), 100)
    desk.permanent = desk.outside = {paid}
    desk.coming = {stranger: 5, paid: 150}
    relaying = desk.relaying()
    asyncio.run(relaying.relay())
    assert desk.states == {}
    assert desk.sent == []
    desk.coming = {}  # it was vetoed instead
    asyncio.run(relaying.relay())
    assert desk.of(stranger) == {("failed", "This account has no share in the active settlement.")}
    assert desk.of(paid) == {("paid", "")}


def test_what_somebody_else_paid_is_called_paid_once_that_is_permanent() -> None:
    desk = Desk(ACCOUNTS[:1], {}, set(), 100)
    desk.outside = set(ACCOUNTS[:1])
    relaying = desk.relaying()
    asyncio.run(relaying.relay())
    assert (desk.states, desk.sent) == ({}, [])
    desk.permanent = set(ACCOUNTS[:1])
    asyncio.run(relaying.relay())
    assert (desk.of(ACCOUNTS[0]), desk.sent) == ({("paid", "")}, [])


def test_what_a_reorganisation_undid_of_somebody_elses_payment_is_paid() -> None:
    desk = Desk(ACCOUNTS[:1], {}, set(), 100)
    desk.outside = set(ACCOUNTS[:1])
    relaying = desk.relaying()
    asyncio.run(relaying.relay())
    desk.outside = set()
    asyncio.run(relaying.relay())
    assert desk.sent == [tuple(ACCOUNTS[:1])]


def test_what_fails_once_it_is_mined_counts_among_what_an_account_may_cost() -> None:
    desk = Desk([], {}, set(), 100)
    desk.burns = {ACCOUNTS[3]}
    relaying = desk.relaying(relay_claims_per_day=3)
    for number in range(20):
        desk.asked.append(ClaimAsked(id=f"again {number}", account=ACCOUNTS[3], state="asked", at_ms=desk.now_ms))
        with suppress(TransactionError):
            asyncio.run(relaying.relay())
    assert len(desk.failed) == 3
    assert "in a day" in desk.states["again 19"][1]
    desk.now_ms += 86_400_001
    desk.asked.append(ClaimAsked(id="tomorrow", account=ACCOUNTS[3], state="asked", at_ms=desk.now_ms))
    with suppress(TransactionError):
        asyncio.run(relaying.relay())
    assert len(desk.failed) == 4


def test_a_pause_when_it_was_mined_is_nobodys_fault() -> None:
    desk = Desk(ACCOUNTS[:4], {}, set(), 100)
    call = contracts.claim_many_call(ACCOUNTS[:1], [100], [], [])
    desk.failed = [replace(_failed(0, "claim:1", call, desk.now_ms), detail="IsPaused(until=1)")]
    asyncio.run(desk.relaying().relay())
    assert {state for state, _ in desk.states.values()} == {"paid"}


@pytest.mark.parametrize(("block_hash", "said", "state"), [
    ("0xaa", "skipped", "failed"), ("0xaa", "claimed", "paid"), ("0xaa", "", None), ("0xbb", "skipped", None),
])  # fmt: skip
def test_a_late_receipt_counts_only_in_the_block_that_is_noted(block_hash: str, said: str, state: str | None) -> None:
    """In another block it may pay others, and nothing would be noted then. Who is not in it was paid before."""
    desk = Desk([], {}, set(), 100)
    desk.asked = [ClaimAsked(id="sent", account=ACCOUNTS[0], state="sent", at_ms=0)]
    call = contracts.claim_many_call(ACCOUNTS[:1], [100], [], [])
    late = replace(_failed(0, "claim:1", call, desk.now_ms), state="mined", detail="", block=5, block_hash="0xaa")
    desk.failed, desk.sent = [late], [(ACCOUNTS[0],)]
    logs = {"skipped": (_skipped(ACCOUNTS[0]),), "claimed": (_claimed(ACCOUNTS[0]),), "": ()}[said]
    desk.receipts[late.hash] = TransactionReceipt(late.hash, 5, block_hash, True, RELAYER, POOL, None, 21_000, logs)
    asyncio.run(desk.relaying().relay())
    assert desk.states.get("sent", (None, ""))[0] == state
    assert len(desk.sent) == 1, "nothing is sent for it"
