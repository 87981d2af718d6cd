"""A campaign's costs in lines."""

from __future__ import annotations

from ledger.cli.campaign import cost_lines
from ledger.wire import CampaignCosts, CostLine


def test_costs_are_shown_to_the_last_wei() -> None:
    wei = 10**18 + 1
    anchors = CostLine(intent="anchor", transactions=12, gas=1_234_567, wei=str(wei))
    claims = CostLine(intent="claim", transactions=1, gas=50_000, wei="7")
    found = CampaignCosts(campaign="c", chain_id=1, gas=1_284_567, wei=str(wei + 7), intents=[anchors, claims])
    first, second, whole = cost_lines(found)
    assert first.split() == ["anchor", "12", "transactions", "1,234,567", "gas", "1,000,000,000,000,000,001", "wei"]
    assert second.split()[-2:] == ["7", "wei"]
    assert whole == "all on chain 1: 1,284,567 gas, 1,000,000,000,000,000,008 wei"
    assert len(first) == len(second)


def test_a_log_without_a_chain_says_so() -> None:
    assert cost_lines(CampaignCosts(campaign="c", chain_id=None, gas=0, wei="0", intents=[])) == [
        "This log has no chain."
    ]
