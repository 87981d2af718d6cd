"""What the log of every run tells: a campaign that goes on, one that ends, people with and without wallets."""

from __future__ import annotations

from functools import cache

from ledger.chain.deployments import Deployment
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.kinds import AnyStatement
from ledger.statements.values import time_ms
from tests.simulation.worker.contracts import CONTRACT, DELAY
from tests.simulation.worker.world import START_MS
from tests.unit.book.story import CHAIN, LOG_ID, ORIGIN, POOL, Story, score_rate, wallet

DEPLOYMENT = Deployment(
    chain_id=CHAIN,
    contribution_log=CONTRACT,
    log_id=LOG_ID,
    origin=ORIGIN,
    pool=POOL,
    token="0x" + "70" * 20,
    settlement_delay=DELAY,
    dev=True,
    block=1,
)
BUDGET = 100_000


@cache
def script() -> tuple[tuple[int, AnyStatement], ...]:
    """What is said when, in milliseconds from the start."""
    story = Story(wallet_delay=10)
    first = story.campaign(budget=str(BUDGET), appeal=15, decision=40)
    second = story.campaign(policy=score_rate(1_000), budget=str(BUDGET), appeal=20, decision=30, default="rejected")
    for who in (1, 2, 3):
        story.submit(first, who)
        story.link(who, wallet(who))
    for number in range(12):
        story.wait(9)
        campaign = (first, second)[number % 2]
        work = story.submit(campaign, number % 5)
        if number % 4 != 3:
            story.decide(work, score=("1", "0.5", "0.25")[number % 3])
        if number == 5:
            story.link(4, wallet(4))
        if number == 7:
            story.link(1, wallet(7))
        if number == 9:
            story.close(second)
    return tuple((time_ms(said.at) - START_MS, said) for said in story.entries)


@cache
def campaigns() -> tuple[str, ...]:
    """The campaigns' ids in the pool."""
    opened = [said.onchain for _, said in script() if isinstance(said, CampaignOpened)]
    return tuple(place.id for place in opened if place is not None)


@cache
def accounts() -> tuple[str, ...]:
    """Wallets that may be owed something."""
    return tuple(wallet(number).address.lower() for number in (1, 2, 3, 4, 7))
