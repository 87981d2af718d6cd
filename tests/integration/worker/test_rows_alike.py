"""Drawn calls of two workers: the database's rows and the simulator's give the same answers and the same errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from ledger.db import open_database
from ledger.errors import CrowdLedgerError
from ledger.worker.ports import AnchorRow, Attempt, AttemptState, Cost, Rows
from tests.integration.worker.row_stores import ANN, BOB, CID, Memory, Tables, attempt, claim, settled

STATES: tuple[AttemptState, ...] = ("sent", "mined", "failed", "final", "replaced", "lost")
INTENTS = ("anchor:1", "anchor:2", "claim:3", "fill")
ACCOUNTS = (ANN, BOB, CID)
REQUESTS = tuple(str(number) for number in range(8))
CALLS = 120
Call = Callable[[Rows], Awaitable[Any]]


@dataclass(slots=True)
class Drawing:
    """Calls as chance will have them. ``tokens`` are what each worker believes to hold."""

    random: Random
    tokens: dict[str, int]
    now_ms: int = 0
    number: int = 0
    final: int = 0

    def call(self, holder: str) -> Call:
        """The next call of a worker."""
        often = (self.attempt, self.attempt, self.outcome, self.claims, self.claims)
        once = (self.hold, self.costs, self.anchors, self.asked, self.settlement, self.ends, self.rest)
        return self.random.choice((*often, *once))(holder)

    def hold(self, holder: str) -> Call:
        self.now_ms += self.random.choice((1, 500, 5_000))
        now_ms, token = self.now_ms, self.random.choice((self.tokens[holder], self.tokens[holder], 0, 1))
        return lambda rows: rows.hold(holder, token, now_ms, 2)

    def attempt(self, _: str) -> Call:
        made = self.any_attempt()
        return lambda rows: rows.save_attempt(made)

    def any_attempt(self) -> Attempt:
        self.number += 1
        number = self.random.choice((self.number, self.random.randint(1, self.number)))
        sender, nonce = self.random.choice(ACCOUNTS), self.random.randrange(6)
        return attempt(number, sender=sender, nonce=nonce, intent=self.random.choice(INTENTS))

    def outcome(self, _: str) -> Call:
        changed = [
            replace(
                self.any_attempt(),
                state=self.random.choice(STATES),
                detail=self.random.choice(("", "no")),
                block=self.random.choice((None, 5)),
                block_hash=self.random.choice((None, "0xa", "0xb")),
                gas_price=self.random.choice((None, 10**20)),
            )
            for _ in range(self.random.randrange(4))
        ]
        return lambda rows: rows.set_attempts(changed)

    def costs(self, _: str) -> Call:
        transaction = f"0x{self.random.randrange(9)}"
        costs = [
            Cost(transaction=transaction, campaign=campaign, intent="anchor:1", gas=1, wei=self.random.randrange(9))
            for campaign in self.random.sample(("", "c", "d"), self.random.randrange(4))
        ]
        return lambda rows: rows.save_costs(costs)

    def anchors(self, _: str) -> Call:
        sizes = sorted(self.random.sample(range(self.final + 1, self.final + 9), self.random.randrange(4)))
        finals = self.random.randint(0, len(sizes))
        anchors = [
            AnchorRow(
                size=size,
                root=bytes([size % 256]),
                transaction="0x",
                block=size,
                log_id=self.random.choice("xy"),
                finalized=place < finals,
            )
            for place, size in enumerate(sizes)
        ]
        return lambda rows: rows.replace_loose_anchors(anchors)

    def claims(self, _: str) -> Call:
        blocks = [self.random.randrange(9) for _ in range(self.random.randrange(3))]
        events = [claim(self.random.choice(ACCOUNTS), block) for block in blocks]
        known = {event.account: self.random.randrange(9) for event in events}
        sums = known | {account: self.random.randrange(9) for account in self.random.sample(ACCOUNTS, 1)}
        final = self.random.random() < 0.4
        return lambda rows: rows.note_claims(events, sums, final=final)

    def asked(self, _: str) -> Call:
        some, state = self.random.sample(REQUESTS, 2), self.random.choice(("asked", "sent", "paid", "failed"))
        values: dict[str, str | None] = {}
        if self.random.random() < 0.5:
            answer = attempt(self.random.randint(1, self.number + 1)).hash
            values = {"transaction": self.random.choice((answer, answer, None)), "detail": None}
        return lambda rows: rows.set_claims(some, state, **values)

    def settlement(self, _: str) -> Call:
        made = settled(self.random.randint(1, 4), self.random.randint(1, 3))
        shares = [(account, self.random.randrange(9)) for account in self.random.sample(ACCOUNTS, 2)]
        return lambda rows: rows.save_settlement(made, shares)

    def ends(self, _: str) -> Call:
        made = settled(self.random.randint(1, 4), self.random.randint(1, 3))
        transaction = self.random.choice(("0x1", None))
        due_ms, state = self.random.randrange(99), self.random.choice(("activated", "vetoed"))
        if self.random.random() < 0.5:
            return lambda rows: rows.note_proposed(made.number, due_ms, transaction)
        return lambda rows: rows.end_settlement(made.proposal, state, transaction)

    def rest(self, _: str) -> Call:
        block, some = self.random.randrange(99), self.random.sample(REQUESTS, 1)
        proposal, transaction = settled(self.random.randint(1, 4), 1).proposal, self.random.choice(("0x1", "0x2"))
        if self.random.random() < 0.1:
            return lambda rows: rows.release()
        if self.random.random() < 0.3:
            return lambda rows: rows.note_proposed_in(proposal, transaction)
        if self.random.random() < 0.5:
            return lambda rows: rows.answer(some, "Done.")
        return lambda rows: rows.move_cursor(block, None, "0x")


async def outcome(call: Awaitable[Any]) -> Any:
    """What a call answers, or the kind of its error."""
    try:
        return await call
    except CrowdLedgerError as error:
        return type(error)


async def seen(store: Tables | Memory, rows: Rows) -> dict[str, Any]:
    """All that a worker and others can see."""
    return {
        "attempts": await rows.open_attempts(),
        "nonces": [await rows.next_nonce(account) for account in ACCOUNTS],
        "costs": await store.costs(),
        "anchors": (await rows.last_final_anchor(), await rows.loose_anchors()),
        "cursor": await rows.cursor(),
        "asked": (await rows.asked(), await rows.claims_asked()),
        "relayed": [dict(await rows.claims_relayed(ACCOUNTS, since_ms)) for since_ms in (0, 4)],
        "claims": (await store.claims(), await rows.loose_claims()),
        "due": await rows.last_due_ms(),
        "settlements": [
            [
                *(await rows.saved_proposal(number), await rows.tree_accounts(number)),
                *[await rows.settled_proposal(number, settled(number, size).root) for size in (1, 2, 3)],
            ]
            for number in (1, 2, 3, 4)
        ],
    }


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 20))])
async def test_both_answer_the_same(database_url: str, seed: int) -> None:
    memory = Memory()
    async with open_database(database_url) as database:
        tables = Tables(database)
        for store in (memory, tables):
            await store.ask(*((name, "anchor", int(name) % 3) for name in REQUESTS))
            await store.ask_claims(*((name, ACCOUNTS[int(name) % 3], int(name)) for name in REQUESTS))
        workers = {holder: (memory.rows(), tables.rows()) for holder in "ab"}
        drawing = Drawing(Random(seed), dict.fromkeys("ab", 0))
        refused = 0
        for number in range(CALLS):
            holder = drawing.random.choice("aaab")
            call = drawing.call(holder)
            one, other = [await outcome(call(rows)) for rows in workers[holder]]
            assert one == other, (seed, number)
            if isinstance(one, int) and one:
                drawing.tokens[holder] = one
            refused += isinstance(one, type)
            drawing.final, _ = await workers["a"][0].last_final_anchor()
            if number % 20 == 0 or number == CALLS - 1:
                sights = [await seen(*each) for each in ((memory, workers["a"][0]), (tables, workers["a"][1]))]
                assert sights[0] == sights[1], (seed, number)
        assert CALLS / 10 < refused < CALLS * 0.8, "both ways are tried"
