"""Wrong awards that reach the chain: each is named, and nobody has to believe the operator for it."""

from __future__ import annotations

import json

import pytest

from ledger.audit.awards import WrongAward
from ledger.audit.published import path_of
from ledger.audit.report import Report
from ledger.audit.run import audit
from ledger.book.reward_tree import RewardTree
from ledger.book.rewards import compute
from ledger.chain import contracts
from ledger.chain.contracts import Proposal
from ledger.chain.devchain import DevChain
from tests.integration.audit.staged import Live, Staged, failed, proposal_of
from tests.unit.audit import cheats, logs
from tests.unit.audit.cheats import CHEATS, Cheat, address
from tests.unit.book import story


@pytest.fixture
def bare(chain: DevChain, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Staged:
    """A log and its contracts, with nothing in it yet."""
    return Staged(chain, tmp_path, monkeypatch)  # type: ignore[arg-type]


def named(report: Report, check: str) -> list[WrongAward]:
    return [finding.award for finding in report.findings if finding.award is not None and finding.check == check]


def served(staged: Staged, name: str, shown: tuple[int, RewardTree] | None = None) -> Report:
    folder = staged.publish(name)
    if shown is not None:
        number, tree = shown
        said = {"v": 1, "accounts": [[account, str(units)] for account, units in tree.accounts]}
        path = path_of(staged.chain.chain_id, staged.deployment.pool, number)
        logs.write(folder / path, json.dumps(said).encode())
    return audit(Live(folder), node=staged.node)


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_what_an_operator_with_another_book_settles(
    bare: Staged, cheat: Cheat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded, proposed, activated and claimed: the entry, the proposal and the payments are all named."""
    with monkeypatch.context() as patch:
        cheat.patch(patch)
        campaign = cheats.tell(cheat, bare.tell, bare.open_campaign, bare.pass_time)
        settlement = bare.settle()
        tree = bare.tree(settlement)
        for who in range(cheats.PEOPLE):
            if address(who) in dict(tree.accounts):
                bare.claim(settlement, address(who))
    report = served(bare, "paid", (1, tree))
    assert {"settlements", "proposals", "claims"} <= failed(report)
    for check in ("settlements", "proposals"):
        totals = [award for award in named(report, check) if award.account is None]
        expected = [] if cheat.claimed == cheat.awarded else [(campaign, cheat.rule, cheat.claimed, cheat.awarded)]
        assert [(award.campaign, award.rule, award.claimed, award.awarded) for award in totals] == expected
        accounts = [award for award in named(report, check) if award.account is not None]
        assert {award.rule for award in accounts} == {cheat.rule}
    paid = {(award.account, award.claimed, award.awarded) for award in named(report, "claims")}
    gained = {each for each in paid if each[1] > each[2]}
    assert (
        gained
        == paid
        == {
            (award.account, award.claimed, award.awarded)
            for award in named(report, "proposals")
            if award.account is not None and award.claimed > award.awarded
        }
    )


@pytest.fixture
def staged_thrice(bare: Staged) -> Staged:
    """Three people with ten each and a wallet each, anchored, nothing settled."""
    campaign = bare.open_campaign(appeal=1)
    for who in range(3):
        bare.tell.decide(bare.tell.submit(campaign, who))
        bare.tell.link(who, story.wallet(who))
    bare.pass_time(4)
    bare.tell.tick()
    bare.anchor()
    return bare


def moved(staged: Staged) -> tuple[Proposal, RewardTree]:
    """The right totals, and a tree in which the first one has what is the second one's."""
    book = staged.tell.book
    pool = book.pools[staged.chain.chain_id, staged.deployment.pool]
    right = compute(book, pool, book.size)
    assert right is not None
    tree = RewardTree([(address(0), 20), (address(2), 10)])
    lines = proposal_of(right)
    return Proposal(1, 0, tree.root, right.size, lines.campaigns, lines.totals, lines.finals), tree


def test_a_proposal_that_the_log_does_not_know_names_who_loses(staged_thrice: Staged) -> None:
    proposal, tree = moved(staged_thrice)
    staged_thrice.send(staged_thrice.deployment.pool, contracts.propose_call(proposal))
    report = served(staged_thrice, "proposed", (1, tree))
    assert failed(report) == {"proposals"}
    lost, gained = named(report, "proposals")
    assert (lost.account, lost.contributor, lost.claimed, lost.awarded) == (address(1), story.person(1), 0, 10)
    assert (gained.account, gained.claimed, gained.awarded) == (address(0), 20, 10)
    assert lost.rule == gained.rule == "piece_rate"


def test_without_accounts_the_log_says_what_it_awards_and_claims_name_the_rest(staged_thrice: Staged) -> None:
    proposal, tree = moved(staged_thrice)
    staged_thrice.activate(proposal)
    report = served(staged_thrice, "activated")
    words = " ".join(finding.detail for finding in report.findings if finding.check == "proposals")
    assert "Nothing shows the accounts of its tree, whose root cannot come from the log" in words
    assert "30 (piece_rate 30)" in words
    call = contracts.claim_call(address(0), 20, tree.proof(address(0)))
    staged_thrice.send(staged_thrice.deployment.pool, call)
    (award,) = named(served(staged_thrice, "claimed"), "claims")
    assert (award.account, award.contributor, award.claimed) == (address(0), story.person(0), 20)
    assert "final at entry" in award.words


def test_a_total_that_takes_what_is_not_awarded(staged_thrice: Staged) -> None:
    proposal, _ = moved(staged_thrice)
    campaign = next(iter(staged_thrice.tell.book.campaigns))
    thief = RewardTree([("0x" + 40 * "7", 500)])
    greedy = Proposal(1, 0, thief.root, proposal.size, proposal.campaigns, (500,), (False,))
    staged_thrice.send(staged_thrice.deployment.pool, contracts.propose_call(greedy))
    total, *accounts = named(served(staged_thrice, "greedy", (1, thief)), "proposals")
    assert (total.campaign, total.claimed, total.awarded) == (campaign, 500, 30)
    by_account = {award.account: award for award in accounts}
    assert by_account.keys() == {address(0), address(1), address(2), "0x" + 40 * "7"}


def test_pay_over_several_settlements_is_followed_change_by_change(staged_thrice: Staged) -> None:
    """A settlement says what it changes only: who is paid later, from an older share, is within the log."""
    campaign = next(iter(staged_thrice.tell.book.campaigns))
    first = staged_thrice.tell.settle()
    staged_thrice.activate(proposal_of(first))
    staged_thrice.tell.decide(staged_thrice.tell.submit(campaign, 0))
    staged_thrice.pass_time(5)
    staged_thrice.tell.tick()
    staged_thrice.claim(first, address(2))
    second = staged_thrice.settle()
    assert dict(second.accounts) == {address(0): 20}
    staged_thrice.claim(second, address(1))
    staged_thrice.claim(second, address(0))
    report = served(staged_thrice, "changes")
    assert (report.verdict, named(report, "claims")) == ("pass", [])
    assert next(check for check in report.checks if check.name == "claims").evidence == "payments: 3"
