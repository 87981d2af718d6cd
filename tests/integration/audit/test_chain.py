from pathlib import Path

import msgspec
import pytest

from ledger.audit.receipts import check_receipt
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.book.reward_tree import RewardTree
from ledger.chain import contracts
from ledger.chain.contracts import Proposal
from ledger.chain.rpc import Node
from ledger.errors import ConfigError, NodeError, WrongChainError
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.contributions import ContributionSubmitted, Signature
from ledger.statements.decisions import DecisionMade
from ledger.statements.settlements import SettlementActivated, SettlementVetoed
from ledger.statements.signatures import Domain, contribution_digest
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.receipts import Receipt
from tests.integration.audit.staged import Live, Staged, altered, failed, index_of, proposal_of, run
from tests.unit.audit import logs
from tests.unit.book import story


def test_an_honest_log_on_an_honest_chain(staged: Staged) -> None:
    report = run(staged, staged.publish("good"), trusted_contract=staged.deployment.contribution_log)
    assert report.findings == []
    assert report.verdict == "pass"
    assert {check.name: check.verdict for check in report.checks} == {
        "checkpoint": "pass", "tiles": "pass", "statements": "pass", "times": "pass", "rules": "pass",
        "settlements": "pass", "contents": "pass", "mirror": "skipped", "contract": "pass", "anchors": "pass",
        "anchor-times": "pass",
        "pools": "pass", "proposals": "pass", "endings": "pass", "claims": "pass", "funds": "pass",
        "campaigns": "pass", "wallets": "pass", "signatures": "pass",
    }  # fmt: skip
    assert report.anchored_size == report.entries == len(staged.entries)
    assert next(check for check in report.checks if check.name == "claims").evidence == "payments: 1"


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_rewritten_decision_is_between_two_anchors(staged: Staged, which: int) -> None:
    old = staged.anchors[which - 1].size if which else 0
    new = staged.anchors[which].size
    index = index_of(staged, DecisionMade, old) if which < 2 else old
    entries = altered(staged, index, **({"verdict": "rejected"} if which < 2 else {"total": "1"}))
    report = run(staged, staged.publish("bad", entries))
    assert report.verdict == "fail"
    assert "anchors" in failed(report)
    assert report.tampered_range == (old, new)
    assert report.tampered_entry is None
    earlier = FolderSource(staged.publish("earlier"))
    assert run(staged, staged.folder / "bad", earlier=earlier).tampered_entry == index


def test_entries_taken_away_are_missed(staged: Staged) -> None:
    folder = staged.publish("short", staged.entries[: staged.anchors[1].size - 1])
    report = audit(Live(folder), node=staged.node)
    assert report.tampered_range == (staged.anchors[0].size, staged.anchors[1].size)
    assert "anchors" in failed(report)


def test_an_old_copy_is_no_crime(staged: Staged) -> None:
    report = run(staged, staged.publish("old", staged.entries[: staged.anchors[0].size + 1]))
    assert report.verdict == "pass"
    assert report.tampered_range is None
    assert {(f.severity, f.check) for f in report.findings} >= {("warning", "anchors"), ("warning", "proposals")}


def test_entries_after_the_last_anchor_are_no_fault(staged: Staged) -> None:
    staged.tell.tick()
    report = run(staged, staged.publish("more"))
    assert report.verdict == "pass"
    assert report.anchored_size == report.entries - 1


def test_without_hints_the_campaigns_lead_to_the_contract(staged: Staged) -> None:
    report = run(staged, staged.publish("plain", summary=False))
    assert report.verdict == "pass"
    assert report.contract == staged.deployment.contribution_log


def test_a_log_that_no_contract_is_named_for(staged: Staged, signer_log: Path) -> None:
    with pytest.raises(ConfigError, match="which contract"):
        run(staged, signer_log)


@pytest.fixture
def signer_log(tmp_path: Path) -> Path:
    signer = logs.log_signer()
    return logs.publish(tmp_path / "points", logs.a_story(signer, 3), signer)


def test_another_contract_at_the_address(staged: Staged) -> None:
    report = run(staged, staged.publish("good"), trusted_contract=staged.deployment.token)
    assert failed(report) == {"contract"}


def test_another_key_than_the_announced_one(staged: Staged) -> None:
    other = logs.log_signer()
    entries = altered(staged, 0, key=other.verifier_key.vkey)
    report = run(staged, logs.publish(staged.folder / "rekeyed", entries, other, staged.summary))
    assert {"contract", "anchors"} <= failed(report)


def test_a_chain_with_another_id(staged: Staged) -> None:
    summary = {"chain": {**staged.summary["chain"], "chain_id": 1}}
    folder = logs.publish(staged.folder / "elsewhere", staged.entries, staged.signer, summary)
    with pytest.raises(WrongChainError, match="chain 1"):
        run(staged, folder)


def test_a_node_that_is_down_stops_the_audit(staged: Staged) -> None:
    with Node("http://127.0.0.1:9") as node, pytest.raises(NodeError):
        audit(FolderSource(staged.publish("good")), node=node)


def test_false_funds_are_found(staged: Staged) -> None:
    staged.pass_time(1)
    index = index_of(staged, CampaignFunded)
    real = staged.tell.entries[index]
    for change in ({"funded": "7"}, {"block_hash": "0x" + 64 * "1"}, {"closed": True}, {"block": 1}, {"block": 10**6}):
        staged.tell.entries.append(msgspec.structs.replace(real, **{"at": staged.tell.head()["at"]} | change))
        report = run(staged, staged.publish(f"funds-{len(staged.entries)}"))
        assert "funds" in failed(report)
        assert [f.entry for f in report.findings if f.check == "funds"] == [len(staged.entries) - 1]
        staged.tell.entries.pop()


def test_a_false_activation_is_found(staged: Staged) -> None:
    index = index_of(staged, SettlementActivated)
    report = run(staged, staged.publish("false", altered(staged, index, log_index=77)))
    assert {"endings", "anchors"} <= failed(report)
    assert ("endings", index) in [(f.check, f.entry) for f in report.findings]


def test_an_activation_that_never_was(staged: Staged) -> None:
    index = index_of(staged, SettlementActivated)
    again = msgspec.structs.replace(staged.tell.entries[index], number=2, at=staged.tell.head()["at"])
    staged.tell.entries.append(again)
    report = run(staged, staged.publish("invented"))
    assert {"endings", "settlements"} <= failed(report)


def test_a_reporter_who_pays_himself_is_found(staged: Staged) -> None:
    thief = "0x" + 40 * "7"
    tree = RewardTree([(thief, 500)])
    campaign = next(iter(staged.tell.book.facts.campaigns.values())).opened
    proposal = Proposal(2, 1, tree.root, staged.anchors[-1].size, (campaign.onchain.id,), (700,), (False,))
    staged.activate(proposal, state=False)
    staged.send(staged.deployment.pool, contracts.claim_call(thief, 500, tree.proof(thief)))
    report = run(staged, staged.publish("old-copy"))
    assert report.verdict == "pass"
    assert {(f.severity, f.check) for f in report.findings} >= {("warning", "proposals"), ("warning", "claims")}
    staged.pass_time(100)
    staged.tell.tick()
    report = run(staged, staged.publish("stolen"))
    assert failed(report) == {"proposals", "claims"}


def test_an_entry_from_the_future_is_found(staged: Staged) -> None:
    staged.tell.wait(3600)
    staged.tell.tick()
    staged.anchor()
    report = run(staged, staged.publish("future"))
    assert failed(report) == {"anchor-times"}
    assert [f.entry for f in report.findings if f.severity == "error"] == [len(staged.entries) - 1]


def test_a_receipt_with_its_anchor(staged: Staged) -> None:
    leaves = [merkle.leaf_hash(entry) for entry in staged.entries]
    size, anchor = 10, staged.anchors[0]
    note = sign(Checkpoint(staged.signer.name, size, merkle.root(leaves[:size])), staged.signer)
    consistency = tuple(merkle.consistency_proof(size, anchor.size, leaves))
    key = staged.signer.verifier_key
    proof = Receipt.issue(key, staged.entries[4], 4, merkle.inclusion_proof(4, size, leaves), note).proof
    anchor = type(anchor)(**{**{n: getattr(anchor, n) for n in type(anchor).__slots__}, "consistency": consistency})
    data = Receipt(key, proof, anchor).encode()
    result = check_receipt(data, node=staged.node)
    assert result.verdict == "pass"
    assert result.state in ("anchored", "permanent")
    staged.chain.rpc("anvil_mine", "0x5")
    assert check_receipt(data, node=staged.node).state == "permanent"
    begin, end = data.index(b'"anchor"'), data.index(b'"key"')
    for at in range(begin, end, 7):
        for flip in (1, 0x20):
            changed = bytearray(data)
            changed[at] ^= flip
            result = check_receipt(bytes(changed), node=staged.node)
            assert result.verdict == "fail", (at, bytes(changed[at - 20 : at + 20]))
            assert [step.name for step in result.steps if step.verdict == "failed"]


def test_a_veto_that_the_log_states(staged: Staged) -> None:
    staged.work(next(iter(staged.tell.book.campaigns)), 3)
    staged.pass_time(5)
    staged.tell.tick()
    staged.tell.tick()
    staged.anchor()
    settlement = staged.tell.settle()
    staged.send(staged.deployment.pool, contracts.propose_call(proposal_of(settlement)))
    receipt = staged.send(staged.deployment.pool, contracts.veto_call(settlement.number, "wrong"))
    unsaid = audit(Live(staged.publish("unsaid")), node=staged.node)
    assert (unsaid.verdict, [f.check for f in unsaid.findings if "vetoed" in f.detail]) == ("pass", ["endings"])
    place = {"block": receipt.block, "block_hash": receipt.block_hash, "transaction": receipt.transaction}
    for log_index, verdict in ((receipt.logs[0].log_index, "pass"), (99, "fail")):
        staged.tell.entries.append(
            SettlementVetoed(
                **staged.tell.head(), **place, log_index=log_index, chain_id=staged.chain.chain_id,
                pool=staged.deployment.pool, number=settlement.number, proposal=settlement.proposal,
            )
        )  # fmt: skip
        assert audit(Live(staged.publish(f"said-{log_index}")), node=staged.node).verdict == verdict
        staged.tell.entries.pop()


def test_signatures_of_wallets_are_checked_under_the_contract(staged: Staged) -> None:
    campaign = next(iter(staged.tell.book.campaigns))
    place = staged.deployment
    domain = Domain(place.chain_id, place.contribution_log, place.log_id)
    account = story.wallet(1)
    parts = {"campaign": campaign, "contributor": story.person(1), "commitment": story.DIGEST, "terms": story.DIGEST}
    value = account.unsafe_sign_hash(contribution_digest(domain, **parts)).signature.hex()
    good = Signature(address=account.address.lower(), value="0x" + value.removeprefix("0x"))
    staged.tell.submit(campaign, 1, signature=good)
    assert run(staged, staged.publish("signed")).verdict == "pass"
    staged.tell.submit(campaign, 1, signature=msgspec.structs.replace(good, address="0x" + 40 * "1"))
    report = run(staged, staged.publish("forged"))
    assert [(f.check, f.entry) for f in report.findings if f.severity == "error"] == [
        ("signatures", len(staged.entries) - 1)
    ]


@pytest.mark.long
def test_with_several_processes_it_is_the_same_report(staged: Staged) -> None:
    """On a chain too: a head that was rewritten, a wrong tile, signatures that are none under the contract."""
    campaign = next(iter(staged.tell.book.campaigns))
    for person in range(3):
        mark = Signature(address="0x" + 40 * "1", value="0x" + 64 * "1" + 64 * "2" + "1b")
        staged.tell.submit(campaign, person, signature=mark)
    honest = staged.publish("honest")
    bad = staged.publish("bad", altered(staged, index_of(staged, ContributionSubmitted), commitment=64 * "9"))
    tile = next((bad / "tile" / "0" / "000.p").iterdir())
    tile.write_bytes(tile.read_bytes()[:-1])
    for folder in (honest, bad):
        one, several = (run(staged, folder, processes=count, earlier=FolderSource(honest)) for count in (1, 3))
        assert one.encode() == several.encode()
        assert {"signatures"} <= failed(one)
