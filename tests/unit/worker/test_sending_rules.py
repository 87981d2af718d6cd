"""Senders under any order of answers, drops, reorganisations, deaths and handovers: what must hold all the same."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.chain.transactions import Fees
from ledger.errors import ChainError, UnavailableError
from ledger.worker.ports import Attempt
from tests.unit.worker.sending_rows import SETTLED, Dead
from tests.unit.worker.sending_stage import CAP, GWEI, OPERATOR, REPORTER, Stage, Tx

_POINTS = st.sampled_from(
    ("", "", "save_attempt", "after save_attempt", "broadcast", "after broadcast", "receipt", "set_attempts", "nonce")
)
_FAULTS = (Dead, ChainError, UnavailableError)


class Senders(RuleBasedStateMachine):
    """Two workers of one log and one of another, which share accounts."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.workers = 1
        self.intents = 0
        self.settled: dict[str, Attempt] = {}
        self.mined: dict[tuple[str, int], str] = {}
        self.nonces: dict[tuple[str, int], tuple[str, str]] = {}
        self.refused: set[str] = set()
        self.stage.chain.on_broadcast = self._broadcast
        self.stage.chain.refuses = lambda tx: "no" if tx.hash in self.refused else ""

    def _broadcast(self, tx: Tx) -> None:
        row = self.stage.rows.attempts.get(tx.hash)
        assert row is not None, "nothing is sent before it is saved"
        assert row.state not in SETTLED

    # ---- what the workers do ----

    @rule(point=_POINTS, reporter=st.booleans(), size=st.integers(1, 3))
    def send(self, point: str, reporter: bool, size: int) -> None:
        stage, self.intents = self.stage, self.intents + 1
        with self._dying(point), suppress(*_FAULTS):
            stage.send(f"anchor:{self.intents}", bytes([size]), stage.reporter if reporter else stage.operator)

    @rule(point=_POINTS, seconds=st.integers(-100, 130))
    def look(self, point: str, seconds: int) -> None:
        with self._dying(point), suppress(*_FAULTS):
            self.stage.look(seconds)

    def _dying(self, point: str) -> _Dying:
        return _Dying(self.stage, point)

    @rule()
    def take_over(self) -> None:
        """The old worker is told off by its rows; what it saved is the new one's."""
        self.workers += 1
        old, self.stage.rows.leader = self.stage.sender, f"w{self.workers}"
        self.stage.sender = old
        with suppress(*_FAULTS):
            self.stage.send("anchor:late", b"\7")
        self.stage.sender = self.stage.make(self.stage.rows.leader)

    # ---- what the world does ----

    @rule(blocks=st.integers(1, 3))
    def mine(self, blocks: int) -> None:
        self.stage.chain.mine(blocks)

    @rule(depth=st.integers(1, 4), keep=st.booleans())
    def reorganise(self, depth: int, keep: bool) -> None:
        self.stage.chain.reorganise(depth, keep=keep)

    @rule()
    def finalize(self) -> None:
        self.stage.chain.finalize()

    @rule()
    def drop(self) -> None:
        self.stage.chain.pool.clear()

    @rule(base=st.integers(1, 150), tip=st.integers(0, 5))
    def spike(self, base: int, tip: int) -> None:
        self.stage.chain.market = Fees((base + tip) * GWEI, tip * GWEI)

    @rule(silent=st.booleans(), takes=st.booleans(), down=st.booleans())
    def trouble(self, silent: bool, takes: bool, down: bool) -> None:
        chain = self.stage.chain
        chain.silent, chain.takes, chain.down = (lambda tx: silent), (lambda tx: takes), down

    @rule()
    def refuse(self) -> None:
        """All nodes refuse what waits from now on."""
        self.refused.update(each.hash for each in self.stage.rows.attempts.values() if each.state == "sent")
        self.stage.chain.pool.clear()

    @rule(count=st.none() | st.integers(0, 12))
    def lie(self, count: int | None) -> None:
        self.stage.chain.false_count = count

    @rule()
    def stranger(self) -> None:
        self.stage.chain.stranger(OPERATOR)

    # ---- what holds ----

    @invariant()
    def one_intent_or_fill_a_nonce(self) -> None:
        for (sender, nonce), (_, intent) in self.stage.rows.nonces.items():
            assert {each.intent for each in self.stage.rows.at(sender, nonce)} <= {intent, "fill"}
            assert len({each.data for each in self.stage.rows.at(sender, nonce) if each.intent != "fill"}) <= 1
        assert self.nonces.items() <= self.stage.rows.nonces.items()
        self.nonces = dict(self.stage.rows.nonces)

    @invariant()
    def nothing_above_the_cap_and_no_raise_below_an_eighth(self) -> None:
        for sender, nonce in self.stage.rows.nonces:
            fees = [(each.max_fee, each.priority_fee or 0) for each in self.stage.rows.at(sender, nonce)]
            assert all(tip <= fee <= CAP for fee, tip in fees)
            for (old_fee, old_tip), (fee, tip) in pairwise(fees):
                at_the_cap = fee == old_fee and self.stage.rows.at(sender, nonce)[-1].intent == "fill"
                assert at_the_cap or (fee >= Fraction(9, 8) * old_fee and tip >= Fraction(9, 8) * old_tip)

    @invariant()
    def what_is_settled_never_changes_and_is_so(self) -> None:
        rows, chain = self.stage.rows.attempts, self.stage.chain
        for hash_, row in self.settled.items():
            assert rows[hash_] == row
        self.settled = {hash_: row for hash_, row in rows.items() if row.state in SETTLED}
        for hash_, row in self.settled.items():
            found = chain.find(hash_)
            assert (found is not None) == (row.state == "final")
            if found is not None:
                assert found[0] == row.block <= chain.final
                assert hash_ in self.stage.rows.costs

    def teardown(self) -> None:
        """Once the faults stop all is settled, and all that was saved is accounted for."""
        stage, chain = self.stage, self.stage.chain
        chain.silent, chain.takes, chain.down = (lambda tx: False), (lambda tx: True), False
        chain.false_count, chain.market = None, Fees(GWEI, 0)
        self.refused.clear()
        for _ in range(40):
            stage.look(61)
            chain.mine()
            chain.finalize()
        self.what_is_settled_never_changes_and_is_so()
        self.one_intent_or_fill_a_nonce()
        assert {each.state for each in stage.rows.attempts.values()} <= set(SETTLED)
        assert stage.sender.report()[::2] == (0, [])
        for account in (OPERATOR, REPORTER):
            chain.at_once = True
            assert stage.send("anchor:end", b"\x09", stage.operator if account == OPERATOR else stage.reporter)


class _Dying:
    """The process dies at a point, if it comes there; what it remembered is gone with it."""

    def __init__(self, stage: Stage, point: str) -> None:
        self._stage, self._point = stage, point

    def __enter__(self) -> None:
        self._stage.chain.die_at = self._stage.rows.die_at = self._point

    def __exit__(self, *_: object) -> None:
        self._stage.chain.die_at = self._stage.rows.die_at = ""
        if self._point:
            self._stage.sender = self._stage.make(self._stage.rows.leader)


class TestSenders(Senders.TestCase):  # type: ignore[misc, name-defined]
    settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
