"""Wrong awards: in a copy of the log that its operator signs anew, and on the chain by the reporter's stolen key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import msgspec
from eth_account import Account

from ledger.audit.published import path_of
from ledger.audit.report import Finding, Report
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.book.reward_tree import RewardTree
from ledger.chain import contracts
from ledger.chain.contracts import Proposal
from ledger.statements import kinds, onchain
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.settlements import CampaignTotal, RewardsSettled
from tests.integration.scenarios.crowd import Crowd
from tests.unit.audit import logs


def wrong(report: Report, check: str) -> list[Finding]:
    """The findings of a check that name a wrong award."""
    return [finding for finding in report.findings if finding.check == check and finding.award is not None]


def only(findings: list[Finding], **named: object) -> Finding:
    """The one finding whose award has these members."""
    fitting = [each for each in findings if all(getattr(each.award, name) == value for name, value in named.items())]
    assert len(fitting) == 1, [each.detail for each in findings]
    return fitting[0]


# ---- in the log ----


async def told(
    crowd: Crowd, totals: Mapping[str, int] | None = None, moved: Mapping[str, int] | None = None
) -> list[Finding]:
    """What an audit says of a copy whose last settlement gives campaigns other ``totals``.

    Or has ``moved`` units (by people, adding up to nothing) from account to account, with the accounts published.
    """
    entries = await crowd.entries()
    index, said = [each for each in await crowd.statements(RewardsSettled) if isinstance(each[1], RewardsSettled)][-1]
    assert isinstance(said, RewardsSettled)
    accounts = await _accounts(crowd, said.number)
    for person, units in (moved or {}).items():
        account = crowd.wallets[person].address.lower()
        accounts[account] = accounts.get(account, 0) + units
    tree = RewardTree((account, units) for account, units in accounts.items() if units)
    lines = {line.campaign: line for line in said.campaigns}
    for campaign, units in (totals or {}).items():
        final = campaign in lines and lines[campaign].final
        lines[campaign] = CampaignTotal(campaign=campaign, total=str(units), final=final)
    names = await _onchain_ids(crowd)
    ordered = sorted(lines.values(), key=lambda line: names[line.campaign])
    lie = msgspec.structs.replace(said, root=tree.root, total=str(sum(accounts.values())), campaigns=ordered)
    lie = msgspec.structs.replace(lie, proposal=_hash_of(lie, names))
    assert lie != said
    name = f"lie-{len(list(crowd.folder.iterdir()))}"
    folder = logs.publish(crowd.folder / name, [*entries[:index], kinds.encode(lie)], crowd.log_signer)
    shown = {"v": 1, "accounts": [[account, str(units)] for account, units in tree.accounts]}
    logs.write(folder / path_of(lie.chain_id, lie.pool, lie.number), json.dumps(shown).encode())
    report = await asyncio.to_thread(lambda: audit(FolderSource(folder)))
    assert report.verdict == "fail"
    found = wrong(report, "settlements")
    assert {each.entry for each in found} == {index}
    return found


async def _accounts(crowd: Crowd, number: int) -> dict[str, int]:
    """A settlement's accounts, as the operator keeps them."""
    place = crowd.deployment
    return dict(await crowd.api.service.reader.settlement_accounts(place.chain_id, place.pool, number))


def _hash_of(lie: RewardsSettled, names: Mapping[str, str]) -> str:
    ids, totals = [names[line.campaign] for line in lie.campaigns], [int(line.total) for line in lie.campaigns]
    return onchain.proposal_hash(
        lie.number, lie.parent, lie.root, lie.size, ids, totals, [line.final for line in lie.campaigns]
    )


async def _onchain_ids(crowd: Crowd) -> dict[str, str]:
    opened = [each for _, each in await crowd.statements(CampaignOpened)]
    return {each.id: each.onchain.id for each in opened if isinstance(each, CampaignOpened) and each.onchain}


# ---- on the chain ----


async def stolen(crowd: Crowd, totals: Mapping[str, int]) -> Proposal:
    """The next settlement as a thief would write it: these totals, all of it to a wallet of their own."""
    await crowd.until_anchored()
    place, names = crowd.deployment, await _onchain_ids(crowd)
    claimed = sorted((names[campaign], units) for campaign, units in totals.items())
    return Proposal(
        number=contracts.read_count(crowd.node, place.pool) + 1,
        parent=contracts.read_last_activated(crowd.node, place.pool)[0],
        root=RewardTree([(Account.create().address.lower(), sum(totals.values()))]).root,
        size=contracts.read_head(crowd.node, place.contribution_log, place.log_id).size,
        campaigns=tuple(name for name, _ in claimed),
        totals=tuple(units for _, units in claimed),
        finals=(False,) * len(claimed),
    )


async def planted(crowd: Crowd, totals: Mapping[str, int]) -> list[Finding]:
    """What an audit says while the reporter's key proposes these ``totals``; the guardian then vetoes it."""
    proposal = await stolen(crowd, totals)
    crowd.send("reporter", crowd.deployment.pool, contracts.propose_call(proposal))
    report = await crowd.audit()
    assert report.verdict == "fail"
    assert {check.name for check in report.checks if check.verdict == "fail"} == {"proposals"}
    crowd.send("guardian", crowd.deployment.pool, contracts.veto_call(proposal.number, "It does not follow."))
    await crowd.until(lambda: crowd.pool.next_number > proposal.number)
    return wrong(report, "proposals")


async def green(crowd: Crowd, report: Report | None = None) -> Report:
    """The audit of the running log and of the chain passes; it says nothing but that planted proposals were vetoed."""
    report = report or await crowd.audit()
    errors = [finding.detail for finding in report.findings if finding.severity == "error"]
    assert (report.verdict, errors) == ("pass", [])
    others = [each.detail for each in report.findings if each.severity == "warning" and "vetoed" not in each.detail]
    assert others == []
    return report
