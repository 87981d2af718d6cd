"""What must hold whatever happens, said once more apart from the rules of the model.

The model has just been found equal to the chain when these are checked, so that it speaks for both.
"""

from __future__ import annotations

from tests.simulation.contracts.model_pool import Pool
from tests.simulation.contracts.scenery import Model


class Past:
    """What was before, as far as the present must agree with it."""

    def __init__(self, model: Model) -> None:
        self._active = [pool.active.number for pool in model.pools]
        self._proposed: dict[tuple[int, int], int] = {}
        self._claimed = [dict(pool.claimed) for pool in model.pools]
        self._awarded = [_awards(pool) for pool in model.pools]

    def check(self, model: Model, now: int) -> None:
        """Raises AssertionError where an invariant does not hold; then the present is the past."""
        for which, pool in enumerate(model.pools):
            _check_sums(pool)
            self._check_delay(which, pool, now)
            self._check_what_never_falls(which, pool)
        escrow, minting = model.pools
        assert escrow.balance + escrow.lost >= escrow.must_hold
        assert sum(minting.token.balances.values()) == minting.paid <= minting.cap

    def _check_delay(self, which: int, pool: Pool, now: int) -> None:
        """A root is in force only if its proposal stood for the delay, seconds of pauses not counted."""
        if pool.pending:
            self._proposed.setdefault((which, pool.pending[0].number), now)
        if pool.active.number != self._active[which]:
            proposed = self._proposed[which, pool.active.number]
            paused = sum(max(min(end, now) - max(begin, proposed), 0) for begin, end in pool.pauses)
            assert now - proposed - paused >= pool.times.settlement_delay
            self._active[which] = pool.active.number

    def _check_what_never_falls(self, which: int, pool: Pool) -> None:
        awarded = _awards(pool)
        assert all(pool.claimed[account] >= units for account, units in self._claimed[which].items())
        assert all(awarded[campaign] >= units for campaign, units in self._awarded[which].items())
        self._claimed[which], self._awarded[which] = dict(pool.claimed), awarded


def _awards(pool: Pool) -> dict[bytes, int]:
    return {campaign: c.awarded for campaign, c in pool.campaigns.items()}


def _check_sums(pool: Pool) -> None:
    """Nothing is paid that was not awarded, nothing awarded that was not funded, in all and in each campaign."""
    assert pool.paid <= pool.awarded <= pool.funded - pool.returned
    for c in pool.campaigns.values():
        assert c.free >= 0
        assert c.funded == c.free + c.awarded + sum(c.returned.values())
        assert sum(c.backing.values()) + sum(c.paid_in[backer] for backer in c.returned) == c.funded
