"""An honest log in which every kind of statement stands, on a real chain: the audit finds nothing to say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ledger.audit.run import audit
from ledger.book.explain import explain
from ledger.chain import contracts
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node, Refusal
from ledger.statements import kinds, values
from ledger.statements.campaigns import Criterion, Prizes, Sealed
from ledger.statements.platforms import AdminActed, KeyRotated
from ledger.statements.settlements import SettlementVetoed
from ledger.statements.sign_in import WalletLink
from ledger.statements.signatures import message_digest
from ledger.statements.wallets import ContractSignature, WalletLinked
from tests.integration.audit.staged import Live, Staged, failed, proposal_of
from tests.unit.audit.cheats import address
from tests.unit.book import story
from tests.unit.book.story import Story, judges, person, wallet


@pytest.fixture
def staged(chain: DevChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Staged:
    return Staged(chain, tmp_path, monkeypatch)


def _people_work(staged: Staged) -> str:
    """Work with appeals, new versions, withdrawals, ratings, an amendment, a pause, and money for reviewers."""
    tell: Story = staged.tell
    campaign = staged.open_campaign(appeal=5, reviewer_rate="2", bonus_limit="7")
    task = tell.task(campaign)
    tell.notice(campaign)
    tell.decide(tell.submit(campaign, 0, task=task), reviewer=person(7), bonus="7")
    tell.withdraw(tell.submit(campaign, 1))
    tell.pause(campaign)
    tell.resume(campaign)
    tell.amend(campaign, budget="2000000")
    contested = tell.submit(campaign, 1)
    standing = tell.decide(contested, "rejected", reviewer=person(7))
    appeal = tell.appeal(contested, standing)
    better = tell.decide(contested, reviewer=person(8), supersedes=standing, appeal=appeal)
    tell.resolve(appeal, better, 8)
    draft = tell.submit(campaign, 2)
    tell.decide(draft, "needs_work")
    tell.decide(tell.submit(campaign, 2, replaces=draft))
    tell.rate(campaign, 0)
    mandate = tell.mandate()
    tell.open_content(mandate, "contribution", contested)
    tell.erase("contribution", contested)
    tell.publish(campaign)
    return campaign


def _contest(staged: Staged) -> str:
    """A sealed contest with two judges and criteria; two of three equal entries share the prizes."""
    tell: Story = staged.tell
    criteria = [Criterion(name="beauty", weight=2), Criterion(name="use", weight=1)]
    sealed = Sealed(deadline=tell.time(60), reveal_until=tell.time(120))
    policy = Prizes(amounts=["100", "51"], min_score="0.5")
    contest = staged.open_campaign(
        appeal=5, policy=policy, budget="500", judging=judges(2, 1, criteria), sealed=sealed, revisions=None
    )
    entries = [tell.submit(contest, who) for who in range(3)]
    staged.pass_time(61)
    for entry in entries:
        tell.reveal(entry)
    staged.pass_time(60)
    for entry, scores in zip(entries, (["1", "0.4"], ["1", "0.4"], ["0.2", "0.2"]), strict=True):
        score = {"1": "0.8", "0.2": "0.2"}[scores[0]]
        verdict = "accepted" if score == "0.8" else "rejected"
        given = [tell.review(entry, judge, verdict, score, scores) for judge in (8, 9)]
        tell.decide(entry, verdict, score, reviews=given)
    return contest


def _wallets(staged: Staged) -> None:
    tell: Story = staged.tell
    for who in (0, 1, 2, 7):
        tell.link(who, wallet(who))
    staged.pass_time(3)
    tell.tick()
    tell.link(0, wallet(20))
    tell.object(0, wallet(0))
    tell.link(1, wallet(21), consent=wallet(1))


def _vetoed(staged: Staged) -> None:
    """A right settlement that the guardian stopped all the same, and that the log states."""
    staged.anchor()
    settlement = staged.tell.settle()
    pool = staged.deployment.pool
    staged.send(pool, contracts.propose_call(proposal_of(settlement)))
    receipt = staged.send(pool, contracts.veto_call(settlement.number, "to be sure"))
    (event,) = receipt.logs
    staged.tell.say(
        SettlementVetoed(
            **staged.tell.head(), chain_id=staged.chain.chain_id, pool=pool, number=settlement.number,
            proposal=settlement.proposal, block=receipt.block, block_hash=receipt.block_hash,
            transaction=receipt.transaction, log_index=event.log_index,
        )
    )  # fmt: skip


def test_an_honest_log_with_every_kind_of_statement(staged: Staged) -> None:
    tell = staged.tell
    tell.say(KeyRotated(**tell.head(), platform=tell.platform, keys=[]))
    tell.say(AdminActed(**tell.head(), platform=tell.platform, by="0" * 16, act="hook.made", subject=tell.id()))
    staged.rotate()
    campaign = _people_work(staged)
    contest = _contest(staged)
    _wallets(staged)
    tell.close(campaign)
    staged.pass_time(200)
    tell.tick()
    _vetoed(staged)
    settlement = staged.settle()
    staged.claim(settlement, address(2))
    staged.anchor()
    assert tell.book.findings == []
    assert {str(kind.__struct_config__.tag) for kind in map(type, tell.entries)} == set(kinds.KINDS)
    report = audit(Live(staged.publish("all")), node=staged.node, trusted_contract=staged.deployment.contribution_log)
    assert report.verdict == "pass"
    ((severity, words),) = [(finding.severity, finding.detail) for finding in report.findings]
    assert severity == "note"
    assert words.endswith("stopped settlement 1: 'to be sure'.")
    evidence = {check.name: check.evidence for check in report.checks}
    assert evidence["contents"] == "erased: 1 (wish 1, law 0, retention 0); mandates: 1; opened: 1"
    assert any("pay follows from the decisions in the log, not that the decisions were right" in each
               for each in report.proves)  # fmt: skip
    for each in (campaign, contest):
        (line,) = [line for line in settlement.campaigns if line.campaign == each]
        assert sum(found.units for found in explain(tell.book, each)) == line.total


# ---- wallets that are contracts ----

_ALWAYS_NO = "0x60006000fd"


def _accepting(digest: bytes) -> str:
    """Code that answers ERC-1271's value for one digest, and zero for any other."""
    return "0x7f" + digest.hex() + "600435" + "14" + "631626ba7e" + "02" + "60e01b" + "600052" + "60206000f3"


def _link(staged: Staged, who: int, address: str, signature: str = "0x00") -> WalletLinked:
    """A link of a contract, as of the newest block; its code is set before."""
    now_ms = staged.tell.now_ms
    message = WalletLink(
        domain="crowd.example", address=address, uri="https://crowd.example/", chain_id=staged.chain.chain_id,
        nonce="12345678", issued_at=values.format_time(now_ms), expires_at=values.format_time(now_ms + 600_000),
        replaces=None, log=story.ORIGIN, contributor=person(who),
    ).message()  # fmt: skip
    staged.chain.rpc("anvil_setCode", address, _accepting(message_digest(message)))
    staged.chain.rpc("evm_mine")
    block = staged.node.block("latest")
    stated = ContractSignature(chain_id=staged.chain.chain_id, block=block.number, block_hash=block.hash)
    return WalletLinked(
        **staged.tell.head(), contributor=person(who), address=address, message=message, signature=signature,
        erc1271=stated,
    )  # fmt: skip


@pytest.fixture
def contracted(staged: Staged) -> tuple[Staged, int]:
    """A log with the link of a wallet that is a contract, and that link's entry."""
    campaign = staged.open_campaign()
    staged.work(campaign, 2)
    staged.tell.say(_link(staged, 0, "0x" + 40 * "c"))
    staged.anchor()
    assert staged.tell.book.findings == []
    return staged, len(staged.tell.entries) - 1


def test_a_contract_is_asked_again_at_its_block(contracted: tuple[Staged, int]) -> None:
    staged, _ = contracted
    staged.chain.rpc("anvil_setCode", "0x" + 40 * "c", _ALWAYS_NO)  # what it says today does not matter
    staged.chain.rpc("evm_mine")
    report = audit(Live(staged.publish("good")), node=staged.node)
    assert report.verdict == "pass"
    assert next(check for check in report.checks if check.name == "wallets").evidence == "asked again: 1 of 1"


def test_a_signature_that_the_contract_never_called_its_own(contracted: tuple[Staged, int]) -> None:
    staged, entry = contracted
    real = staged.tell.entries[entry]
    stated = real.erc1271
    other_block = staged.node.block(stated.block - 2)
    for name, change in {
        "before the code": msgspec.structs.replace(stated, block=other_block.number, block_hash=other_block.hash),
        "another block": msgspec.structs.replace(stated, block_hash="0x" + 64 * "1"),
        "no block": msgspec.structs.replace(stated, block=10**6),
    }.items():
        staged.tell.entries[entry] = msgspec.structs.replace(real, erc1271=change)
        report = audit(Live(staged.publish(name)), node=staged.node)
        assert "wallets" in failed(report)
        assert [each.entry for each in report.findings if each.check == "wallets"] == [entry]
    other = real.message.replace("12345678", "87654321")
    staged.tell.entries[entry] = msgspec.structs.replace(real, message=other)
    report = audit(Live(staged.publish("another message")), node=staged.node)
    assert "does not call this signature its own" in " ".join(each.detail for each in report.findings)


class Pruned(Node):
    """A node that keeps the newest state only."""

    def call(self, to: str, call_data: bytes, tag: int | str = "latest", *, sender: str | None = None) -> bytes:
        if to == "0x" + 40 * "c" and isinstance(tag, int):
            raise Refusal("The node refuses eth_call: missing trie node.", "missing trie node")
        return super().call(to, call_data, tag, sender=sender)


def test_a_wallet_that_cannot_be_asked_is_said(contracted: tuple[Staged, int]) -> None:
    staged, _ = contracted
    with Pruned(staged.chain.url) as node:
        report = audit(Live(staged.publish("pruned")), node=node)
    assert report.verdict == "pass"
    assert [(each.severity, each.check) for each in report.findings if each.check == "wallets"] == [("note", "wallets")]
    skipped = next(check for check in audit(Live(staged.publish("alone"))).checks if check.name == "wallets")
    assert skipped.verdict == "skipped"
