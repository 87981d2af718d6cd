"""A wrong award in a recorded settlement is named, with the rule that it breaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.audit.awards import WrongAward
from ledger.audit.published import nothing_shown, path_of
from ledger.audit.report import Report
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.audit.wrong_settlements import examine_proposal
from ledger.book.reward_tree import RewardTree
from ledger.statements import kinds, values
from ledger.statements.campaigns import PieceRate
from ledger.tree.keys import LogSigner
from tests.unit.audit import cheats, logs
from tests.unit.audit.cheats import BONUS, CHEATS, TIE, Cheat, address
from tests.unit.book import story
from tests.unit.book.story import CHAIN, POOL, Story


def awards(report: Report) -> list[WrongAward]:
    return [finding.award for finding in report.findings if finding.award is not None]


class Told:
    """A log that is told, published and audited; ``show`` publishes the accounts of a settlement."""

    def __init__(self, folder: Path, signer: LogSigner) -> None:
        self.folder, self.signer = folder, signer
        self.story = Story()
        self.story.entries[0] = msgspec.structs.replace(self.story.entries[0], key=signer.verifier_key.vkey)

    def open_campaign(self, **terms: Any) -> str:
        campaign: str = self.story.campaign(**terms)
        self.story.fund(campaign, 10**6)
        return campaign

    def show(self, number: int, accounts: list[tuple[str, int]]) -> None:
        said = {"v": 1, "accounts": [[account, str(units)] for account, units in accounts]}
        logs.write(self.folder / path_of(CHAIN, POOL, number), json.dumps(said).encode())

    def audit(self) -> Report:
        entries = [kinds.encode(statement) for statement in self.story.entries]
        return audit(FolderSource(logs.publish(self.folder, entries, self.signer)))


@pytest.fixture
def told(tmp_path: Path, signer: LogSigner) -> Told:
    return Told(tmp_path / "log", signer)


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
@pytest.mark.parametrize("shown", [True, False], ids=["shown", "hidden"])
def test_an_operator_who_changes_the_book(
    told: Told, cheat: Cheat, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        cheat.patch(patch)
        campaign = cheats.tell(cheat, told.story, told.open_campaign, told.story.wait)
        settlement = told.story.settle()
        if shown:
            told.show(1, list(told.story.book.pools[CHAIN, POOL].tree(settlement).accounts))
    report = told.audit()
    entry = len(told.story.entries) - 1
    assert {(finding.check, finding.entry) for finding in report.findings if finding.severity == "error"} == {
        ("settlements", entry)
    }
    named = awards(report)
    totals = [award for award in named if award.account is None]
    expected = [] if cheat.claimed == cheat.awarded else [(campaign, cheat.rule, cheat.claimed, cheat.awarded)]
    assert [(award.campaign, award.rule, award.claimed, award.awarded) for award in totals] == expected
    accounts = [award for award in named if award.account is not None]
    assert bool(accounts) == shown
    assert all(award.contributor and award.campaign == campaign for award in accounts)
    assert {award.rule for award in accounts} <= {cheat.rule}
    words = " ".join(finding.detail for finding in report.findings)
    assert ("Nothing shows the accounts" in words) == (not shown)


def test_a_tie_names_both_accounts_and_the_places(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    cheat = TIE
    with monkeypatch.context() as patch:
        cheat.patch(patch)
        cheats.tell(cheat, told.story, told.open_campaign, told.story.wait)
        told.show(1, list(told.story.book.pools[CHAIN, POOL].tree(told.story.settle()).accounts))
    named = awards(told.audit())
    assert [(award.account, award.claimed, award.awarded) for award in named] == [
        (address(1), 50, 75),
        (address(0), 100, 75),
    ]
    assert all("places 1 to 2 shared by 2 with the equal score 0.9 = 75" in award.words for award in named)


def test_a_bonus_that_nobody_gave(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        BONUS.patch(patch)
        campaign = cheats.tell(BONUS, told.story, told.open_campaign, told.story.wait)
        told.show(1, list(told.story.book.pools[CHAIN, POOL].tree(told.story.settle()).accounts))
    total, account = awards(told.audit())
    assert (total.campaign, total.rule, total.claimed, total.awarded) == (campaign, "bonus", 28, 24)
    assert (account.account, account.contributor, account.claimed, account.awarded) == (
        address(1),
        story.person(1),
        14,
        10,
    )


def honest(told: Told) -> str:
    """Three people with ten each, and an undecided contribution."""
    campaign = told.open_campaign(appeal=5, policy=PieceRate(amount="10"))
    for who in range(3):
        told.story.decide(told.story.submit(campaign, who))
        told.story.link(who, story.wallet(who))
    told.story.tick(11)
    told.story.submit(campaign, 1)
    return campaign


def plant(told: Told, accounts: dict[str, int] | None = None, total: int = 30) -> None:
    """Record the right settlement with another total, or with other accounts, which are shown."""
    right = story.settle(told.story.book, CHAIN, POOL).statement(values.format_time(told.story.now_ms))
    lines = [msgspec.structs.replace(right.campaigns[0], total=str(total))]
    lie = msgspec.structs.replace(right, campaigns=lines)
    if accounts is not None:
        lie = msgspec.structs.replace(lie, root=RewardTree(accounts.items()).root, total=str(sum(accounts.values())))
        told.show(1, list(accounts.items()))
    told.story.say(lie)


@pytest.mark.parametrize(
    ("claimed", "rule", "words"),
    [
        (40, "not-final", "only what is final earns"),
        (20, "piece_rate", "one of 3 such as contribution"),
        (10, "piece_rate", "2 awards are left out"),
        (60, "piece_rate", "3 of them are counted once more"),
        (37, "piece_rate", "the amount is not what this rule gives"),
    ],
)
def test_a_wrong_total(told: Told, claimed: int, rule: str, words: str) -> None:
    campaign = honest(told)
    plant(told, total=claimed)
    report = told.audit()
    (award,) = awards(report)
    assert (award.campaign, award.claimed, award.awarded, award.rule) == (campaign, claimed, 30, rule)
    assert words in award.words
    assert "30 (piece_rate 30)" in award.words
    found = next(finding.members() for finding in report.findings if finding.award)
    assert (found["rule"], found["claimed"], found["awarded"], found["campaign"]) == (
        rule,
        str(claimed),
        "30",
        campaign,
    )


def test_pay_that_goes_to_another_account(told: Told) -> None:
    campaign = honest(told)
    plant(told, {address(0): 20, address(2): 10})
    lost, gained = awards(told.audit())
    assert (lost.account, lost.claimed, lost.awarded, lost.rule) == (address(1), 0, 10, "piece_rate")
    assert (lost.contributor, lost.campaign) == (story.person(1), campaign)
    assert "what is final is paid, and contribution" in lost.words
    assert (gained.account, gained.claimed, gained.awarded) == (address(0), 20, 10)
    assert "accepted with 1 in decision entry 5, final at entry 13, piece_rate = 10" in gained.words


def test_pay_that_goes_to_a_stranger(told: Told) -> None:
    honest(told)
    thief = "0x" + 40 * "7"
    plant(told, {address(0): 10, address(2): 10, thief: 10})
    report = told.audit()
    by_account = {award.account: award for award in awards(report)}
    assert by_account.keys() == {address(1), thief}
    assert "No contributor of the log has this wallet" in by_account[thief].words
    assert report.verdict == "fail"


def test_accounts_that_do_not_lead_to_the_root_are_no_evidence(told: Told) -> None:
    honest(told)
    plant(told, {address(0): 20, address(2): 10})
    told.show(1, [(address(0), 19), (address(2), 11)])
    report = told.audit()
    assert awards(report) == []
    assert "The log awards campaign" in report.findings[0].detail
    for junk in (b"{}", b'{"v":1,"accounts":[["0x1","1"]]}', b"[" * 10_000, b"\xff", b'{"v":2,"accounts":[]}'):
        logs.write(told.folder / path_of(CHAIN, POOL, 1), junk)
        assert told.audit().encode() == report.encode()


def test_an_honest_settlement_needs_no_accounts_and_names_nothing(told: Told) -> None:
    honest(told)
    told.story.settle()
    report = told.audit()
    assert (report.verdict, report.findings) == ("pass", [])


def test_a_campaign_that_is_marked_final_too_early_is_said(told: Told) -> None:
    """Amounts and tree are right: what is wrong is that nothing more could be earned."""
    campaign = honest(told)
    book = told.story.book
    pool = book.pools[CHAIN, POOL]
    due = story.settle(book, CHAIN, POOL)
    members = {
        "number": due.number,
        "logSize": due.size,
        "root": bytes.fromhex(due.root[2:]),
        "campaigns": [bytes.fromhex(line.onchain_id[2:]) for line in due.campaigns],
        "totals": [line.total for line in due.campaigns],
        "finals": [True for _ in due.campaigns],
    }
    found = examine_proposal(book, pool, members, nothing_shown)
    assert found.awards == []
    assert f"marks campaign {campaign} final, which by the log it is not" in found.words
    honest_one = examine_proposal(book, pool, members | {"finals": [False]}, nothing_shown)
    assert (honest_one.awards, honest_one.words) == ([], "")
