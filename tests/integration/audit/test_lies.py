"""What a cheat could try on a real chain, one lie at a time, and what an honest log may look like."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from ledger.audit.receipts import check_receipt
from ledger.audit.report import Report
from ledger.audit.run import audit
from ledger.book.reward_tree import RewardTree
from ledger.chain import contracts
from ledger.chain.answers import LogEntry
from ledger.chain.artifacts import artifact
from ledger.chain.contracts import Proposal
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import BlockTag, Node, Refusal
from ledger.statements import onchain, values
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.settlements import SettlementActivated, SettlementVetoed
from ledger.statements.wallets import WalletLinked
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.receipts import Receipt
from tests.integration.audit.staged import Live, Staged, failed, hash_of, index_of, proposal_of, run
from tests.unit.book import story

DAY = 24 * 3600


def served(staged: Staged, name: str, node: Node | None = None) -> Report:
    """The audit of a service that shows the log as it is now."""
    contract = staged.deployment.contribution_log
    return audit(Live(staged.publish(name)), node=node or staged.node, trusted_contract=contract)


def findings(report: Report, *severities: str) -> list[tuple[str, int | None]]:
    return [(each.check, each.entry) for each in report.findings if each.severity in severities]


def words(report: Report, check: str) -> str:
    return " ".join(each.detail for each in report.findings if each.check == check)


def campaign_of(staged: Staged) -> str:
    return next(iter(staged.tell.book.campaigns))


def finalize(staged: Staged) -> None:
    staged.chain.rpc("anvil_mine", "0x5")


def theft(staged: Staged, number: int = 2) -> Proposal:
    tree = RewardTree([("0x" + 40 * "7", 500)])
    opened = staged.tell.book.facts.campaigns[campaign_of(staged)].opened
    return Proposal(number, 1, tree.root, staged.anchors[-1].size, (opened.onchain.id,), (700,), (False,))


def pool_function(name: str, *arguments: object) -> bytes:
    return artifact("RewardPool").abi.functions[name].encode(*arguments)


# ---- lies in the log ----


def test_a_link_that_no_wallet_signed_fails(staged: Staged) -> None:
    real = staged.tell.entries[index_of(staged, WalletLinked)]
    forged = msgspec.structs.replace(real, at=staged.tell.head()["at"], contributor=story.person(3))
    staged.tell.say(msgspec.structs.replace(forged, signature="0x" + 128 * "1" + "1b"))
    report = served(staged, "forged")
    assert findings(report, "error") == [("rules", len(staged.entries) - 1)]
    assert "did not sign" in words(report, "rules")


def test_statements_without_effect_are_said_in_the_verdict(staged: Staged) -> None:
    staged.tell.say(msgspec.structs.replace(staged.tell.entries[0], at=staged.tell.head()["at"]))
    late = staged.tell.submit(campaign_of(staged), 1)
    staged.pass_time(200)
    staged.tell.decide(late, "rejected")
    report = served(staged, "useless")
    last = len(staged.entries) - 1
    assert (report.verdict, findings(report, "warning")) == ("pass", [("rules", last - 2), ("rules", last)])
    assert any("Without effect are 2 of its statements" in each for each in report.proves)


def test_an_entry_that_is_set_back_by_days_fails(staged: Staged) -> None:
    before_ms = staged.tell.now_ms
    for _ in range(2):
        staged.chain.rpc("evm_increaseTime", 2 * DAY)
        staged.tell.tick()
        staged.anchor()
    first = len(staged.entries)
    assert staged.tell.now_ms == before_ms
    staged.tell.decide(staged.tell.submit(campaign_of(staged), 1))
    staged.anchor()
    report = served(staged, "backdated")
    assert findings(report, "error") == [("anchor-times", first)]
    assert "set back" in words(report, "anchor-times")


def test_what_is_not_anchored_yet_is_not_from_the_future(staged: Staged) -> None:
    staged.tell.now_ms += 10**12
    staged.tell.tick()
    report = served(staged, "future")
    assert findings(report, "error") == [("anchor-times", len(staged.entries) - 1)]
    assert "in the future" in words(report, "anchor-times")


def test_a_settlement_that_was_never_activated_is_not(staged: Staged) -> None:
    settled = index_of(staged, SettlementActivated)
    real = staged.tell.entries[settled]
    for change in ({"proposal": story.HASH}, {"transaction": story.HASH}, {"block": real.block + 1}):
        staged.tell.entries[settled] = msgspec.structs.replace(real, **change)
        report = served(staged, f"changed-{len(change)}-{next(iter(change))}")
        assert "endings" in failed(report)
        assert ("endings", settled) in findings(report, "error")


# ---- lies on the chain ----


def test_a_proposal_that_does_not_follow_is_an_alarm_until_it_is_vetoed(staged: Staged) -> None:
    proposal = theft(staged)
    staged.send(staged.deployment.pool, contracts.propose_call(proposal))
    report = served(staged, "alarm")
    assert failed(report) == {"proposals"}
    assert "Proposal 2" in words(report, "proposals")
    assert "the guardian can veto it" in words(report, "proposals")
    assert report.proves[0].startswith("The log itself holds together")
    receipt = staged.send(staged.deployment.pool, contracts.veto_call(2, "not ours"))
    report = served(staged, "vetoed")
    assert report.verdict == "pass"
    assert "Somebody has used the reporter's key" in words(report, "proposals")
    (event,) = receipt.logs
    veto = SettlementVetoed(
        **staged.tell.head(), chain_id=staged.chain.chain_id, pool=staged.deployment.pool, number=2,
        proposal=hash_of(proposal), block=receipt.block,
        block_hash=receipt.block_hash, transaction=receipt.transaction, log_index=event.log_index,
    )  # fmt: skip
    staged.tell.say(veto)
    report = served(staged, "stated")
    assert report.verdict == "pass"
    assert findings(report, "warning") == [("settlements", len(staged.entries) - 1), ("proposals", None)]
    # Only the chain's word makes it harmless: the same for a veto that never was.
    staged.tell.entries[-1] = msgspec.structs.replace(veto, number=3)
    assert "settlements" in failed(served(staged, "invented"))


class Forgetful(Node):
    """A node that leaves out the events of one kind."""

    forgets = b""

    def logs(self, address: str, topics: Sequence[bytes | list[bytes] | None], begin: int, end: int) -> list[LogEntry]:
        return [each for each in super().logs(address, topics, begin, end) if each.topics[0] != self.forgets]


@pytest.mark.parametrize("event", ["SettlementProposed", "SettlementActivated", "Claimed"])
def test_a_node_that_leaves_events_out_is_noticed(staged: Staged, event: str) -> None:
    with Forgetful(staged.chain.url) as node:
        node.forgets = artifact("RewardPool").abi.events[event].topic
        report = served(staged, "good", node)
    assert "pools" in failed(report)
    assert "do not fit together" in words(report, "pools")


def test_other_dates_on_the_chain_are_a_warning_that_names_the_campaign(staged: Staged) -> None:
    campaign = staged.tell.campaign(appeal=1, decision=100)
    opened = staged.tell.book.facts.campaigns[campaign].opened
    soon = onchain.chain_seconds(staged.tell.head()["at"]) + 3600
    staged.send(staged.deployment.pool, contracts.open_campaign_call(onchain.charter(opened), 7, soon, soon + 5))
    finalize(staged)
    report = served(staged, "dates")
    assert report.verdict == "pass"
    assert findings(report, "warning") == 3 * [("campaigns", len(staged.entries) - 1)]
    assert opened.closing_date[:19] in words(report, "campaigns")


# ---- honest logs ----


def test_funds_of_a_stranger_are_missed_until_they_are_stated(staged: Staged) -> None:
    campaign = campaign_of(staged)
    opened = staged.tell.book.facts.campaigns[campaign].opened
    place = staged.deployment
    staged.send(place.token, contracts.mint_call(staged.operator, 5))
    staged.send(place.token, contracts.approve_call(place.pool, 5))
    receipt = staged.send(place.pool, contracts.fund_call(opened.onchain.id, 5))
    finalize(staged)
    report = served(staged, "unstated")
    assert (report.verdict, [each.check for each in report.findings]) == ("pass", ["campaigns"])
    assert "1000005 funded" in words(report, "campaigns")
    assert run(staged, staged.publish("copy")).verdict == "pass"
    staged.funded(campaign, receipt, funded="1000005")
    assert served(staged, "stated").findings == []


def test_payees_and_claims_of_outsiders_are_no_fault(staged: Staged) -> None:
    settlement = staged.tell.book.active(staged.chain.chain_id, staged.deployment.pool)
    account = staged.tree(settlement).accounts[-1][0]  # the first one claimed already
    staged.chain.rpc("anvil_impersonateAccount", account)
    staged.chain.rpc("anvil_setBalance", account, hex(10**18))
    call = {"from": account, "to": staged.deployment.pool}
    data = pool_function("setPayee", "0x" + 40 * "9")
    staged.chain.rpc("eth_sendTransaction", call | {"data": "0x" + data.hex()})
    staged.claim(settlement, account)
    report = served(staged, "payees")
    assert report.findings == []
    assert next(check for check in report.checks if check.name == "claims").evidence == "payments: 2"


def test_an_audit_while_a_settlement_waits_and_an_anchor_is_mined(staged: Staged) -> None:
    staged.work(campaign_of(staged), 3)
    staged.pass_time(5)
    staged.tell.tick()
    staged.tell.tick()
    staged.anchor()
    settlement = staged.tell.settle()
    staged.send(staged.deployment.pool, contracts.propose_call(proposal_of(settlement)))

    class Anchoring(Live):
        def fetch(self, path: str, limit: int) -> bytes:
            if path == "crowdledger.json":
                staged.tell.tick()
                staged.anchor()
            return super().fetch(path, limit)

    report = audit(Anchoring(staged.publish("pending")), node=staged.node)
    assert report.verdict == "pass"
    assert [each.check for each in report.findings] == ["contract"]  # the note on the contract's address


def test_a_log_of_points_that_is_not_anchored_yet(
    chain: DevChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = Staged(chain, tmp_path, monkeypatch)
    campaign = staged.tell.campaign(paid=False, appeal=1)
    staged.work(campaign, 3)
    report = served(staged, "points")
    assert (report.verdict, report.anchored_size) == ("pass", 0)
    staged.anchor()
    assert served(staged, "anchored").verdict == "pass"


def test_a_campaign_that_is_refunded(staged: Staged) -> None:
    """A goal that nobody reached: the backer takes all of it back, and the log says so."""
    place, tell = staged.deployment, staged.tell
    deadline = values.format_time(tell.now_ms + 60_000)
    campaign = tell.campaign(appeal=1, decision=10, goal="1000", funding_deadline=deadline)
    opened = tell.book.facts.campaigns[campaign].opened
    dates = (onchain.chain_seconds(deadline), onchain.chain_seconds(opened.closing_date))
    staged.send(place.pool, contracts.open_campaign_call(onchain.charter(opened), 1000, *dates))
    staged.send(place.token, contracts.mint_call(staged.operator, 9))
    staged.send(place.token, contracts.approve_call(place.pool, 9))
    receipt = staged.send(place.pool, contracts.fund_call(opened.onchain.id, 9))
    staged.funded(campaign, receipt, funded="9", goal_reached=False)
    staged.pass_time(100)
    receipt = staged.send(place.pool, pool_function("refund", bytes.fromhex(opened.onchain.id[2:])))
    finalize(staged)
    assert "9 returned" in words(served(staged, "unsaid"), "campaigns")
    staged.funded(campaign, receipt, funded="9", returned="9", goal_reached=False)
    report = served(staged, "refunded")
    assert report.findings == []


# ---- nodes ----


class Pruned(Node):
    """A node that keeps the newest state only, as most do after some minutes."""

    def call(self, to: str, call_data: bytes, tag: BlockTag = "latest", *, sender: str | None = None) -> bytes:
        return super().call(to, call_data, self._kept(tag), sender=sender)

    def code(self, address: str, tag: BlockTag = "latest") -> bytes:
        return super().code(address, self._kept(tag))

    def _kept(self, tag: BlockTag) -> BlockTag:
        if isinstance(tag, int):
            raise Refusal("The node refuses eth_call: missing trie node.", "missing trie node")
        return tag


def test_a_node_without_old_states_stops_no_audit(staged: Staged) -> None:
    with Pruned(staged.chain.url) as node:
        report = served(staged, "good", node)
    assert report.verdict == "pass"
    assert report.anchored_size == staged.anchors[-1].size
    assert findings(report, "note") == [("anchors", None), ("pools", None), ("funds", None)]
    assert next(check for check in report.checks if check.name == "campaigns").verdict == "skipped"


class Recent(Node):
    """A node that keeps states from some block on."""

    oldest = 0

    def code(self, address: str, tag: BlockTag = "latest") -> bytes:
        if isinstance(tag, int) and tag < self.oldest:
            raise Refusal("The node refuses eth_getCode: missing trie node.", "missing trie node")
        return super().code(address, tag)


def test_invented_funds_fail_without_an_archive_too(staged: Staged) -> None:
    entry = index_of(staged, CampaignFunded)
    real = staged.tell.entries[entry]
    finalize(staged)
    for change in ({"funded": "9000000"}, {"returned": "1"}, {"closed": True}):
        staged.tell.say(msgspec.structs.replace(real, at=staged.tell.head()["at"], **change))
        with Recent(staged.chain.url) as node:
            node.oldest = real.block + 1
            report = served(staged, f"invented-{next(iter(change))}", node)
        assert findings(report, "error") == [("campaigns", len(staged.entries) - 1)]


class Elsewhere(Node):
    """A node of another chain."""

    def chain_id(self) -> int:
        return 5


def test_a_receipt_against_another_chain_says_what_to_do(staged: Staged) -> None:
    data = _receipt(staged)
    assert check_receipt(data, node=staged.node).verdict == "pass"
    with Elsewhere(staged.chain.url) as node:
        result = check_receipt(data, node=node)
    assert [step.name for step in result.steps if step.verdict == "failed"] == ["chain_id"]
    assert "serves chain 5. Give the RPC URL of the chain that the anchor names" in result.steps[-1].words
    assert result.state == "recorded"


def _receipt(staged: Staged) -> bytes:
    anchor = staged.anchors[0]
    leaves = [merkle.leaf_hash(entry) for entry in staged.entries][: anchor.size]
    note = sign(Checkpoint(staged.signer.name, anchor.size, anchor.root), staged.signer)
    proof = merkle.inclusion_proof(4, anchor.size, leaves)
    issued = Receipt.issue(staged.signer.verifier_key, staged.entries[4], 4, proof, note)
    return Receipt(issued.key, issued.proof, anchor).encode()
