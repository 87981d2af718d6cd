"""A stolen reporter's key: a wrong award is proposed in a settlement, the guardian's watchman names and vetoes it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.book.reward_tree import RewardTree
from ledger.chain import contracts
from ledger.chain.contracts import Proposal
from ledger.chain.signers import LocalSigner
from ledger.demo.platform import Platform, wait_until
from ledger.demo.stage import Stage
from ledger.demo.watchman import Watchman
from ledger.errors import ProofError
from ledger.wire import CampaignWritten


@dataclass(frozen=True, slots=True)
class Planted:
    """What the watchman said of the wrong award, and what became of it. Amounts are the campaign's base units."""

    end: str
    """``vetoed`` or ``pending``, by the chain."""
    rule: str
    claimed: int
    awarded: int
    words: str

    def members(self) -> dict[str, str]:
        """As the summary shows it."""
        return {
            "end": self.end,
            "rule": self.rule,
            "claimed": str(self.claimed),
            "awarded": str(self.awarded),
            "words": self.words,
        }


def wrong_proposal(stage: Stage, campaign: CampaignWritten, total: int) -> Proposal:
    """The next settlement as a thief would write it: ``total`` for the campaign, all of it to a wallet of their own."""
    assert campaign.onchain is not None
    place = stage.deployment
    thief = LocalSigner.from_key(secrets.token_bytes(32)).address
    return Proposal(
        number=contracts.read_count(stage.node, place.pool) + 1,
        parent=contracts.read_last_activated(stage.node, place.pool)[0],
        root=RewardTree([(thief, total)]).root,
        size=contracts.read_head(stage.node, place.contribution_log, place.log_id).size,
        campaigns=(campaign.onchain.id,),
        totals=(total,),
        finals=(False,),
    )


def plant(stage: Stage, platform: Platform, folder: Path, campaign: CampaignWritten, total: int) -> Planted:
    """Let a watchman look on in ``folder`` while it is proposed, until it is vetoed.

    Raises ProofError if the watchman does not name the campaign.
    """
    pool = stage.deployment.pool
    platform.wait_until_anchored()
    proposal = wrong_proposal(stage, campaign, total)
    with Watchman(stage, platform.url, folder) as watchman:
        stage.send("reporter", pool, contracts.propose_call(proposal))
        alarm = watchman.wait_for(lambda line: line.get("alarm") == "wrong-settlement")
        watchman.wait_for(lambda line: line.get("event") == "veto-mined")
    named = named_award(alarm["awards"], campaign.id)
    _wait_until_stated(platform)
    return Planted(
        end="pending" if contracts.read_pending(stage.node, pool).number == proposal.number else "vetoed",
        rule=named["rule"],
        claimed=int(named["claimed"]),
        awarded=int(named["awarded"]),
        words=named["detail"],
    )


def named_award(awards: Sequence[dict[str, Any]], campaign: str) -> dict[str, Any]:
    """The one that names the campaign's wrong award. Raises ProofError where there is none."""
    for award in awards:
        if award["campaign"] == campaign and award["account"] is None:
            return award
    raise ProofError("The watchman did not name the campaign whose award was planted.")


def _wait_until_stated(platform: Platform) -> None:
    """Wait until the log states the veto: before that nothing can be settled."""
    before = platform.client.audit_summary().size

    def stated() -> bool | None:
        return platform.client.audit_summary().size > before or None

    wait_until("the log states the veto", stated)
