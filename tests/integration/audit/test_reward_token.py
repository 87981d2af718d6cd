"""A pool that is its own token: a claim is a mint, and says its sum only where another account is paid."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.book.reward_tree import RewardTree
from ledger.chain import contracts, payees
from ledger.chain.answers import LogEntry
from ledger.chain.artifacts import artifact
from ledger.chain.contracts import Proposal
from ledger.chain.rpc import Node
from tests.integration.audit.staged import Staged, failed, run


def _claim_the_rest(staged: Staged) -> list[str]:
    """Everybody is paid, one at another account; the accounts in tree order."""
    pool = staged.tell.book.pools[staged.chain.chain_id, staged.deployment.pool]
    settlement = next(iter(pool.recorded.values()))
    accounts = [account for account, _ in staged.tree(settlement).accounts]
    staged.send(staged.deployment.pool, payees.set_payee_call("0x" + 40 * "7"), sender=accounts[1])
    for account in accounts:
        staged.claim(settlement, account)
    return accounts


def test_an_honest_token(staged_token: Staged) -> None:
    staged = staged_token
    _claim_the_rest(staged)
    report = run(staged, staged.publish("good"), trusted_contract=staged.deployment.contribution_log)
    assert report.findings == []
    assert next(check for check in report.checks if check.name == "claims").evidence == "payments: 3"


def test_a_reporter_who_mints_for_himself_is_found(staged_token: Staged) -> None:
    staged = staged_token
    accounts = _claim_the_rest(staged)
    thief = "0x" + 40 * "9"
    paid = {account: contracts.read_claimed(staged.node, staged.deployment.pool, account) for account in accounts}
    tree = RewardTree([*paid.items(), (thief, 500)])
    campaign = next(iter(staged.tell.book.facts.campaigns.values())).opened
    total = sum(paid.values()) + 500
    proposal = Proposal(2, 1, tree.root, staged.anchors[-1].size, (campaign.onchain.id,), (total,), (False,))
    staged.activate(proposal, state=False)
    staged.send(staged.deployment.pool, contracts.claim_call(thief, 500, tree.proof(thief)))
    staged.pass_time(100)
    staged.tell.tick()
    report = run(staged, staged.publish("stolen"))
    assert failed(report) == {"proposals", "claims"}
    assert any(f"{thief} was paid 500 in all" in finding.detail for finding in report.findings)


TRANSFER = artifact(contracts.TOKEN_CONTRACT).abi.events["Transfer"].topic


def test_a_node_that_leaves_a_mint_out_is_found(staged_token: Staged, monkeypatch: pytest.MonkeyPatch) -> None:
    staged = staged_token
    _claim_the_rest(staged)
    logs = Node.logs

    def without_the_first(node: Node, address: str, topics: list[Any], begin: int, end: int) -> list[LogEntry]:
        found = logs(node, address, topics, begin, end)
        return found[1:] if found and found[0].topics[0] == TRANSFER else found

    monkeypatch.setattr(Node, "logs", without_the_first)
    report = run(staged, staged.publish("hidden"))
    assert "pools" in failed(report)
    assert any("its claims made" in finding.detail for finding in report.findings)
