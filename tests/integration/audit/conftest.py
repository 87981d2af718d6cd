from __future__ import annotations

from pathlib import Path

import pytest

from ledger.chain.devchain import DevChain
from tests.integration.audit.staged import Staged
from tests.unit.book import story


@pytest.fixture
def staged_token(chain: DevChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Staged:
    """The same with a RewardToken for its pool."""
    return told(Staged(chain, tmp_path, monkeypatch, reward_token=True))


@pytest.fixture
def staged(chain: DevChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Staged:
    """A campaign, work in two anchors, a settlement and its first claim; the last anchor covers all entries."""
    return told(Staged(chain, tmp_path, monkeypatch))


def told(staged: Staged) -> Staged:
    """Two anchors of work, a settlement, a claim and a last anchor."""
    campaign = staged.open_campaign()
    staged.work(campaign, 6)
    staged.anchor()
    staged.work(campaign, 6)
    for person in range(3):
        staged.tell.link(person, story.wallet(person))
    staged.pass_time(5)
    staged.tell.tick()
    staged.tell.tick()
    settlement = staged.settle()
    staged.claim(settlement, staged.tree(settlement).accounts[0][0])
    staged.anchor()
    return staged
