"""Payments of both kinds of pools from their events: a RewardPool announces each, a RewardToken mints each."""

from __future__ import annotations

from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.anchors import claims_in
from ledger.chain.answers import LogEntry, TransactionReceipt
from ledger.chain.artifacts import artifact
from ledger.chain.contracts import TOKEN_CONTRACT

EVENTS = artifact(TOKEN_CONTRACT).abi.events
POOL = "0x" + 40 * "a"
NOBODY = "0x" + 40 * "0"
PEOPLE = ["0x" + 40 * digit for digit in "123"]
BLOCK, TRANSACTION = "0x" + 64 * "b", "0x" + 64 * "c"
amounts = st.integers(1, 3)  # few, so that neighbours are alike


def entry(name: str, *values: object, address: str = POOL) -> LogEntry:
    event = EVENTS[name]
    parts = list(zip(event.types, event.indexed, values, strict=True))
    topics = [event.topic, *(encode([kind], [value]) for kind, indexed, value in parts if indexed)]
    plain = [(kind, value) for kind, indexed, value in parts if not indexed]
    data = encode([kind for kind, _ in plain], [value for _, value in plain])
    return LogEntry(address, tuple(topics), data, 7, BLOCK, TRANSACTION, 0)


def receipt(entries: list[LogEntry]) -> TransactionReceipt:
    logs = tuple(
        LogEntry(each.address, each.topics, each.data, 7, BLOCK, TRANSACTION, number)
        for number, each in enumerate(entries)
    )
    return TransactionReceipt(TRANSACTION, 7, BLOCK, True, NOBODY, POOL, None, 1, logs)


def noise(kind: int) -> list[LogEntry]:
    """What stands between payments and is none."""
    return [
        [],
        [entry("Transfer", PEOPLE[0], PEOPLE[1], 1)],
        [entry("Approval", PEOPLE[0], PEOPLE[1], 1)],
        [entry("Transfer", NOBODY, PEOPLE[1], 1, address="0x" + 40 * "d")],
    ][kind]


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), amounts, st.integers(0, 3))))
def test_a_token_and_a_pool_say_the_same_payments(payments: list[tuple[str, str, int, int]]) -> None:
    of_token: list[LogEntry] = []
    of_pool: list[LogEntry] = []
    for account, payee, amount, kind in payments:
        claimed = entry("Claimed", account, amount)
        of_pool += [*noise(kind), claimed]
        of_token += [*noise(kind), *([claimed] if payee != account else []), entry("Transfer", NOBODY, payee, amount)]
    wanted = [(account, amount) for account, _, amount, _ in payments]
    for entries in (of_pool, of_token):
        assert [(claim.account, claim.amount) for claim in claims_in(receipt(entries), POOL)] == wanted
