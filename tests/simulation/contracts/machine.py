"""A step of a state machine: act on the chain and in the model, and see that both end the same."""

from __future__ import annotations

import pickle
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import ClassVar

from eth_utils.crypto import keccak
from hypothesis.stateful import RuleBasedStateMachine

from tests.simulation.contracts.invariants import Past
from tests.simulation.contracts.model_money import NOBODY, Refused
from tests.simulation.contracts.model_pool import Payment, Pool
from tests.simulation.contracts.scenery import Model, Scenery
from tests.simulation.contracts.stage import CALL_GAS, GENESIS, Event, Outcome, Watched

STARVED: frozenset[str | None] = frozenset(["", "NotEnoughGas"])
Word = int | str | bytes

_CLAIMED = keccak(text="Claimed(address,uint256)")
_SKIPPED = keccak(text="ClaimSkipped(address,address,uint256)")
_TRANSFER = keccak(text="Transfer(address,address,uint256)")


class Tally:
    """How often each rule succeeded, and with which errors it was refused."""

    def __init__(self) -> None:
        self.rules: dict[str, Counter[str | None]] = defaultdict(Counter)
        self.examples = 0

    @property
    def steps(self) -> int:
        return sum(sum(counts.values()) for counts in self.rules.values())

    def add(self, other: Tally) -> None:
        """Counts what another counted as well."""
        self.examples += other.examples
        for rule, counts in other.rules.items():
            self.rules[rule].update(counts)

    def never_done(self) -> list[str]:
        """Acts that were refused whenever they were tried, as only forgeries should be."""
        return sorted(rule for rule, counts in self.rules.items() if not counts[None] and "forged" not in rule)

    def table(self) -> str:
        lines = [f"{self.steps} steps in {self.examples} runs"]
        for rule, counts in sorted(self.rules.items()):
            refusals = ", ".join(f"{name or 'no reason'} {n}" for name, n in counts.most_common() if name is not None)
            lines.append(f"{rule:28} {counts[None]:6} done; refused: {refusals or 'never'}")
        return "\n".join(lines)


class Machine(RuleBasedStateMachine):
    """What all rules share. ``scenery`` is set before a machine runs."""

    scenery: ClassVar[Scenery]
    tally: ClassVar[Tally] = Tally()
    opening: ClassVar[bytes | None] = None
    """What every run begins with: a pickled (model, watched, now)."""

    def __init__(self) -> None:
        super().__init__()
        self.scenery.chain.start_over()
        self.model: Model = self.scenery.model()
        self.watched: Watched = self.scenery.watched()
        self.now = GENESIS + 1_000
        if self.opening is not None:
            self.model, self.watched, self.now = pickle.loads(self.opening)
        self.past = Past(self.model)
        self.wait_until = 0
        self.sound = True
        self.tally.examples += 1

    def remember_the_opening(self) -> None:
        """Every run from now on begins as things are."""
        self.scenery.chain.remember()
        Machine.opening = pickle.dumps((self.model, self.watched, self.now))

    # ---- who and what ----

    def pool(self, which: int) -> Pool:
        return self.model.pools[which]

    @property
    def actors(self) -> list[str]:
        """Who can act: wallets first, then accounts with a key."""
        return [*self.scenery.wallets, *self.scenery.accounts]

    def actor(self, index: int) -> str:
        return self.actors[index % len(self.actors)]

    def person(self, index: int) -> str:
        return self.scenery.people[index % len(self.scenery.people)]

    def be_patient(self, pool: Pool, patient: bool) -> None:
        """Has the next act wait for the end of a running pause."""
        if patient and pool.pauses:
            self.wait_until = max(self.wait_until, pool.pauses[-1][1])

    # ---- a step ----

    def next_time(self) -> int:
        """Block time of the next act."""
        return max(self.now + 1, self.wait_until)

    def act(
        self, rule: str, actor: str, to: str, data: bytes, operation: Callable[[], None], *, gas: int = CALL_GAS
    ) -> str | None:
        """Does ``data`` on the chain and ``operation`` in the model: both succeed, or are refused for the same reason.

        With less ``gas`` than usual it may fail for want of gas, and then must have changed nothing. Returns the error.
        """
        self.now = self.next_time()
        for pool in self.model.pools:
            pool.now, pool.payments = self.now, []
        saved = pickle.dumps(self.model)
        right: frozenset[str | None] = frozenset([None])
        try:
            operation()
        except Refused as refused:
            right = refused.names
            self.model = pickle.loads(saved)
        self.sound = False
        chain = self.scenery.chain
        play = chain.play if actor in self.scenery.wallets else chain.act
        outcome = play(actor, to, data, self.now, self.watched, gas)
        assert outcome.time == self.now
        if gas < CALL_GAS and outcome.error in STARVED:
            right = STARVED
            self.model = pickle.loads(saved)
        assert outcome.error in right, f"{rule}: {outcome.error!r} where {set(right)} would be right"
        self._compare(outcome.state)
        self._compare_payments(rule, outcome)
        self.past.check(self.model, self.now)
        self.sound = True
        self.tally.rules[rule][outcome.error] += 1
        return outcome.error

    def _compare(self, state: bytes) -> None:
        expected = b"".join(_word(value) for value in self._words())
        if state == expected:
            return
        names = self._word_names()
        assert len(state) == len(expected) == 32 * len(names), (len(state), len(expected), len(names))
        differing = [
            f"{name}: 0x{there.hex()} on the chain, 0x{here.hex()} in the model"
            for name, there, here in zip(names, _split(state), _split(expected), strict=True)
            if there != here
        ]
        raise AssertionError("\n".join(differing))

    def _words(self) -> list[Word]:
        """What `Stage.look` should answer."""
        words: list[Word] = [self.model.token.reentered]
        for log_id in self.watched.log_ids:
            words += self.model.logs.words(log_id)
        for pool, campaigns in zip(self.model.pools, self.watched.campaigns, strict=True):
            words += pool.role_words() + pool.settlement_words()
            for campaign in campaigns:
                words += pool.campaign_words(campaign, self.watched.people)
            words += pool.people_words(self.watched.people)
        return words

    def _word_names(self) -> list[str]:
        """What each of these words is, to be shown where one differs."""
        people = self.watched.people
        names = ["reentered"]
        for index in range(len(self.watched.log_ids)):
            names += [
                f"log {index} {part}"
                for part in ("size", "root", "anchoredAt", "operator", "pending", "closed", "successor")
            ]
        for pool, campaigns in zip(("pool", "token"), self.watched.campaigns, strict=True):
            parts = "admin reporter guardian admin? at reporter? at guardian? at paused count pending proposal readyAt"
            parts += " last root logSize funded returned awarded paid activeRoot currentLog successor? at"
            names += [f"{pool} {part}" for part in parts.split()]
            parts = "opener goal deadline closing funded awarded returned noticedAt goalReached finalised closed"
            for index in range(len(campaigns)):
                names += [f"{pool} campaign {index} {part}" for part in parts.split()]
                names += [f"{pool} campaign {index} backing of {each}" for each in range(len(people))]
            names.append(f"{pool} supply")
            for index in range(len(people)):
                names += [f"{pool} person {index} {part}" for part in ("claimed", "payee", "nonce", "balance")]
        return names

    def _compare_payments(self, rule: str, outcome: Outcome) -> None:
        """The events of claims say what was paid and skipped, in this order."""
        if outcome.error is None:
            escrow, minting = self.model.pools
            untold = [pay._replace(payee="") if pay.paid else pay for pay in escrow.payments]
            assert _said_by_escrow(outcome.events, escrow.address) == untold
            assert _said_by_token(outcome.events, minting.address) == minting.payments
            if rule.startswith("claim") and outcome.answer:
                paid = [pay.amount for pay in (*escrow.payments, *minting.payments) if pay.paid]
                assert int.from_bytes(outcome.answer, "big") == sum(paid) or self.model.token.reentered


def _word(value: Word) -> bytes:
    if isinstance(value, bytes):
        return value
    return bytes.fromhex(value[2:]).rjust(32, b"\0") if isinstance(value, str) else value.to_bytes(32, "big")


def _split(words: bytes) -> list[bytes]:
    return [words[begin : begin + 32] for begin in range(0, len(words), 32)]


def _address(topic: bytes) -> str:
    return "0x" + topic[-20:].hex()


def _said_by_escrow(events: tuple[Event, ...], address: str) -> list[Payment]:
    """The payments that a RewardPool's events tell of; the payee of what was paid is left to the token to say."""
    return [_payment(event) for event in events if event.address == address and event.topics[0] in (_CLAIMED, _SKIPPED)]


def _said_by_token(events: tuple[Event, ...], address: str) -> list[Payment]:
    """The same for a RewardToken, which has each payment in a Transfer from nobody.

    It is a claim of its recipient, or of the account of the Claimed right before it.
    """
    said: list[Payment] = []
    claimed: Payment | None = None
    for event in (event for event in events if event.address == address):
        if event.topics[0] == _CLAIMED:
            assert claimed is None
            claimed = _payment(event)
        elif event.topics[0] == _SKIPPED:
            said.append(_payment(event))
        elif event.topics[0] == _TRANSFER and _address(event.topics[1]) == NOBODY:
            payee, amount = _address(event.topics[2]), _uint(event.data)
            assert claimed is None or (claimed.amount == amount and claimed.account != payee)
            said.append(Payment(True, claimed.account if claimed else payee, payee, amount))
            claimed = None
    assert claimed is None
    return said


def _payment(event: Event) -> Payment:
    """What a Claimed or a ClaimSkipped says."""
    payee = _address(event.topics[2]) if event.topics[0] == _SKIPPED else ""
    return Payment(event.topics[0] == _CLAIMED, _address(event.topics[1]), payee, _uint(event.data))


def _uint(data: bytes) -> int:
    return int.from_bytes(data[:32], "big")
