"""A stolen reporter's key: a wrong award is proposed in a settlement, an auditor names it, the guardian vetoes it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from ledger.book.reward_tree import RewardTree
from ledger.chain import contracts
from ledger.chain.contracts import Proposal
from ledger.chain.signers import LocalSigner
from ledger.demo.outside import Auditor
from ledger.demo.platform import Platform, wait_until
from ledger.demo.stage import Stage
from ledger.errors import ProofError
from ledger.wire import CampaignWritten


@dataclass(frozen=True, slots=True)
class Planted:
    """What the audit said of the wrong award. Amounts are base units of the campaign's whole pay."""

    verdict: str
    rule: str
    claimed: int
    awarded: int
    words: str

    def members(self) -> dict[str, str]:
        """As the summary shows it."""
        return {
            "audit": self.verdict,
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


def plant(stage: Stage, platform: Platform, auditor: Auditor, campaign: CampaignWritten, total: int) -> Planted:
    """Propose it, audit the running service, veto it. Raises ProofError if the audit does not name the campaign."""
    pool = stage.deployment.pool
    platform.wait_until_anchored()
    proposal = wrong_proposal(stage, campaign, total)
    stage.send("reporter", pool, contracts.propose_call(proposal))
    report = auditor.audit(platform.url)
    stage.send("guardian", pool, contracts.veto_call(proposal.number, "It does not follow from the log."))
    named = named_award(report, campaign.id)
    _wait_until_stated(platform)
    return Planted(
        verdict=str(report["verdict"]),
        rule=named["rule"],
        claimed=int(named["claimed"]),
        awarded=int(named["awarded"]),
        words=named["detail"],
    )


def named_award(report: dict[str, Any], campaign: str) -> dict[str, Any]:
    """The finding that names the campaign's wrong award. Raises ProofError where there is none."""
    for finding in report["findings"]:
        if finding.get("campaign") == campaign and "rule" in finding:
            return dict(finding)
    raise ProofError("The audit did not name the campaign whose award was planted.")


def _wait_until_stated(platform: Platform) -> None:
    """Wait until the log states the veto: before that nothing can be settled."""
    before = platform.client.audit_summary().size

    def stated() -> bool | None:
        return platform.client.audit_summary().size > before or None

    wait_until("the log states the veto", stated)
