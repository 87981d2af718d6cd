"""Typed bindings of the contracts: what they say, and the call data of what they are told.

Reads take a node and give plain dataclasses; ``*_call`` functions give the data of a transaction. Amounts are base
units, times block times in seconds, ids and hashes ``0x`` and lower case, Merkle hashes bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.chain.artifacts import artifact
from ledger.chain.rpc import BlockTag, Node
from ledger.errors import WrongContractError

LOG_CONTRACT = "ContributionLog"
POOL_CONTRACT = "RewardPool"
TOKEN_CONTRACT = "RewardToken"  # noqa: S105  (the name of a contract, no password)
DEV_TOKEN = "DevToken"  # noqa: S105  (the name of a contract, no password)


@dataclass(frozen=True, slots=True)
class AnchoredHead:
    """The head that the contract holds: size 0 and a zero root before the first anchor."""

    size: int
    root: bytes
    anchored_at: int


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """What a pool knows of a campaign; ``opener`` is the zero address if nobody opened it."""

    opener: str
    goal: int
    funding_deadline: int
    closing_date: int
    funded: int
    awarded: int
    returned: int
    noticed_at: int
    goal_reached: bool
    finalised: bool
    closed: bool

    @property
    def is_open(self) -> bool:
        """Whether somebody opened it."""
        return int(self.opener, 16) != 0


@dataclass(frozen=True, slots=True)
class Pending:
    """The settlement that waits: number 0 and a zero proposal if none."""

    number: int
    proposal: str
    ready_at: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """The arguments of ``propose`` and ``activate``; campaigns are on-chain ids, ascending."""

    number: int
    parent: int
    root: str
    size: int
    campaigns: tuple[str, ...]
    totals: tuple[int, ...]
    finals: tuple[bool, ...]

    def arguments(self) -> tuple[object, ...]:
        """As the ABI takes them."""
        campaigns = [_word(each) for each in self.campaigns]
        return (
            self.number, self.parent, _word(self.root), self.size, campaigns, list(self.totals), list(self.finals)
        )  # fmt: skip


def _word(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _read(node: Node, name: str, to: str, function: str, *values: object, tag: BlockTag) -> tuple[Any, ...]:
    shape = artifact(name).abi.functions[function]
    return shape.decode(node.call(to, shape.encode(*values), tag))


def _call(name: str, function: str, *values: object) -> bytes:
    return artifact(name).abi.functions[function].encode(*values)


def check_contract(node: Node, address: str, name: str, tag: BlockTag = "latest") -> None:
    """Raise WrongContractError unless the code at ``address`` is our ``name``, whatever its immutables are."""
    code = node.code(address, tag)
    if not code:
        raise WrongContractError(f"There is no contract at {address} on the chain of {node.shown}.", check="contract")
    if not artifact(name).matches(code):
        raise WrongContractError(f"The contract at {address} is not our {name}.", check="contract")


# ---- ContributionLog ----


@dataclass(frozen=True, slots=True)
class Closing:
    """Whether a log ended, and the log that its operator named to continue it; None if none."""

    closed: bool
    successor: str | None


def read_head(node: Node, contract: str, log_id: str, tag: BlockTag = "latest") -> AnchoredHead:
    """``head(logId)``."""
    return AnchoredHead(*_read(node, LOG_CONTRACT, contract, "head", _word(log_id), tag=tag))


def read_closing(node: Node, contract: str, log_id: str, tag: BlockTag = "latest") -> Closing:
    """``closing(logId)``."""
    closed, successor = _read(node, LOG_CONTRACT, contract, "closing", _word(log_id), tag=tag)
    return Closing(closed, _log_or_none(successor))


def read_operator(node: Node, contract: str, log_id: str, tag: BlockTag = "latest") -> str:
    """``operatorOf(logId)``: the zero address for a log that is not open."""
    return str(_read(node, LOG_CONTRACT, contract, "operatorOf", _word(log_id), tag=tag)[0])


def extends(node: Node, contract: str, log_id: str, successor: str, proof: Sequence[bytes]) -> bool:
    """``verifyExtension(logId, successor, proof)``: whether the successor's head extends the log's."""
    answer = _read(
        node, LOG_CONTRACT, contract, "verifyExtension", _word(log_id), _word(successor), list(proof), tag="latest"
    )
    return bool(answer[0])


def _log_or_none(log_id: bytes) -> str | None:
    return _hex(log_id) if any(log_id) else None


def open_log_call(origin: str, vkey: str) -> bytes:
    """``openLog(origin, vkey)``."""
    return _call(LOG_CONTRACT, "openLog", origin, vkey)


def anchor_call(log_id: str, size: int, root: bytes, proof: Sequence[bytes]) -> bytes:
    """``anchor(logId, newSize, newRoot, proof)``."""
    return _call(LOG_CONTRACT, "anchor", _word(log_id), size, root, list(proof))


def transfer_operator_call(log_id: str, operator: str) -> bytes:
    """``transferOperator(logId, newOperator)``; the zero address withdraws the offer."""
    return _call(LOG_CONTRACT, "transferOperator", _word(log_id), operator)


def accept_operator_call(log_id: str) -> bytes:
    """``acceptOperator(logId)``."""
    return _call(LOG_CONTRACT, "acceptOperator", _word(log_id))


def close_log_call(log_id: str, successor: str | None) -> bytes:
    """``closeLog(logId, successor)``: for good."""
    return _call(LOG_CONTRACT, "closeLog", _word(log_id), _word(successor) if successor else bytes(32))


# ---- RewardPool and RewardToken: what both have, they have alike ----


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """What a pool was made with. A RewardToken is its own ``token`` and has a ``cap``, in base units."""

    contribution_log: str
    log_id: str
    token: str
    settlement_delay: int
    cap: int | None = None


def read_pool_terms(node: Node, pool: str) -> PoolTerms:
    """The immutables of a RewardPool or RewardToken. Raises WrongContractError where neither stands."""
    name = _pool_contract(node, pool)

    def one(member: str) -> Any:
        return _read(node, name, pool, member, tag="latest")[0]

    log, log_id, delay = one("CONTRIBUTION_LOG"), _hex(one("LOG_ID")), one("SETTLEMENT_DELAY")
    if name == TOKEN_CONTRACT:
        return PoolTerms(log, log_id, pool, delay, one("CAP"))
    return PoolTerms(log, log_id, one("TOKEN"), delay)


def _pool_contract(node: Node, pool: str) -> str:
    """Which of the two kinds of pool the code at an address is."""
    code = node.code(pool)
    if not code:
        raise WrongContractError(f"There is no contract at {pool} on the chain of {node.shown}.", check="contract")
    for name in (POOL_CONTRACT, TOKEN_CONTRACT):
        if artifact(name).matches(code):
            return name
    raise WrongContractError(
        f"The contract at {pool} is neither our {POOL_CONTRACT} nor our {TOKEN_CONTRACT}.", check="contract"
    )


def read_campaign(node: Node, pool: str, campaign: str, tag: BlockTag = "latest") -> CampaignRecord:
    """``campaignOf(campaign)``."""
    return CampaignRecord(*_read(node, POOL_CONTRACT, pool, "campaignOf", _word(campaign), tag=tag)[0])


def read_pending(node: Node, pool: str, tag: BlockTag = "latest") -> Pending:
    """``pending()``."""
    number, proposal, ready_at = _read(node, POOL_CONTRACT, pool, "pending", tag=tag)
    return Pending(number, _hex(proposal), ready_at)


def read_count(node: Node, pool: str, tag: BlockTag = "latest") -> int:
    """``count()``: proposals so far."""
    return int(_read(node, POOL_CONTRACT, pool, "count", tag=tag)[0])


def read_last_activated(node: Node, pool: str, tag: BlockTag = "latest") -> tuple[int, str, int]:
    """``lastActivated()``: number, root and log size; zeros before the first."""
    number, root, size = _read(node, POOL_CONTRACT, pool, "lastActivated", tag=tag)
    return number, _hex(root), size


@dataclass(frozen=True, slots=True)
class Books:
    """A pool's sums over all campaigns, in base units."""

    funded: int
    returned: int
    awarded: int
    paid: int


def read_books(node: Node, pool: str, tag: BlockTag = "latest") -> Books:
    """``books()``."""
    return Books(*_read(node, POOL_CONTRACT, pool, "books", tag=tag))


def read_claimed(node: Node, pool: str, account: str, tag: BlockTag = "latest") -> int:
    """``claimed(account)``: what it was paid in all."""
    return int(_read(node, POOL_CONTRACT, pool, "claimed", account, tag=tag)[0])


ROLES = ("admin", "reporter", "guardian")
"""In the order of the contract's ``Role``."""


def read_role(node: Node, pool: str, role: str, tag: BlockTag = "latest") -> str:
    """``admin()``, ``reporter()`` or ``guardian()``."""
    return str(_read(node, POOL_CONTRACT, pool, role, tag=tag)[0])


def read_current_log(node: Node, pool: str, tag: BlockTag = "latest") -> str:
    """``currentLog()``: the log whose anchored size bounds settlements."""
    return _hex(_read(node, POOL_CONTRACT, pool, "currentLog", tag=tag)[0])


@dataclass(frozen=True, slots=True)
class ProposedSuccessor:
    """The log that the admin wants the pool to follow, and the block time from which it can."""

    log_id: str
    executable_at: int


def read_proposed_successor(node: Node, pool: str, tag: BlockTag = "latest") -> ProposedSuccessor | None:
    """``proposedSuccessor()``; None if none is proposed."""
    successor, executable_at = _read(node, POOL_CONTRACT, pool, "proposedSuccessor", tag=tag)
    log_id = _log_or_none(successor)
    return None if log_id is None else ProposedSuccessor(log_id, executable_at)


def propose_successor_call(successor: str) -> bytes:
    """``proposeSuccessor(successor)``: by the admin, for a log whose operator was lost."""
    return _call(POOL_CONTRACT, "proposeSuccessor", _word(successor))


def cancel_successor_call() -> bytes:
    """``cancelSuccessor()``."""
    return _call(POOL_CONTRACT, "cancelSuccessor")


def follow_log_call(successor: str, proof: Sequence[bytes]) -> bytes:
    """``followLog(successor, proof)``: the consistency proof from the current log's head to the successor's."""
    return _call(POOL_CONTRACT, "followLog", _word(successor), list(proof))


def open_campaign_call(charter: str, goal: int, funding_deadline: int, closing_date: int) -> bytes:
    """``openCampaign(charter, goal, fundingDeadline, closingDate)``; without a goal the deadline is not read."""
    return _call(POOL_CONTRACT, "openCampaign", _word(charter), goal, funding_deadline, closing_date)


def fund_call(campaign: str, amount: int) -> bytes:
    """``fund(campaign, amount)``; needs an allowance of the token."""
    return _call(POOL_CONTRACT, "fund", _word(campaign), amount)


def refund_call(campaign: str) -> bytes:
    """``refund(campaign)``."""
    return _call(POOL_CONTRACT, "refund", _word(campaign))


def give_notice_call(campaign: str) -> bytes:
    """``giveNotice(campaign)``."""
    return _call(POOL_CONTRACT, "giveNotice", _word(campaign))


def close_after_grace_call(campaign: str, pending: Proposal | None = None) -> bytes:
    """``closeAfterGrace(campaign, ...)``; ``pending`` is the settlement that waits, if one does."""
    shown = pending or Proposal(0, 0, "0x" + bytes(32).hex(), 0, (), (), ())
    return _call(POOL_CONTRACT, "closeAfterGrace", _word(campaign), *shown.arguments())


def propose_call(proposal: Proposal) -> bytes:
    """``propose(...)``."""
    return _call(POOL_CONTRACT, "propose", *proposal.arguments())


def activate_call(proposal: Proposal) -> bytes:
    """``activate(...)``."""
    return _call(POOL_CONTRACT, "activate", *proposal.arguments())


def veto_call(number: int, reason: str) -> bytes:
    """``veto(number, reason)``."""
    return _call(POOL_CONTRACT, "veto", number, reason)


def claim_call(account: str, cumulative: int, proof: Sequence[bytes]) -> bytes:
    """``claim(account, cumulative, proof)``."""
    return _call(POOL_CONTRACT, "claim", account, cumulative, list(proof))


def claim_many_call(
    accounts: Sequence[str], cumulatives: Sequence[int], proof: Sequence[bytes], flags: Sequence[int]
) -> bytes:
    """``claimMany(accounts, cumulatives, proof, proofFlags)``; accounts in tree order, 256 flags a word."""
    return _call(POOL_CONTRACT, "claimMany", list(accounts), list(cumulatives), list(proof), list(flags))


def claimed_accounts(call: bytes) -> tuple[str, ...]:
    """The accounts that a call of ``claimMany`` names. Raises NodeError where it is no such call."""
    shape = artifact(POOL_CONTRACT).abi.functions["claimMany"]
    return tuple(shape.arguments(call)[0])


# ---- token ----


def read_total_supply(node: Node, token: str, tag: BlockTag = "latest") -> int:
    """ERC-20 ``totalSupply()``."""
    return int(_read(node, TOKEN_CONTRACT, token, "totalSupply", tag=tag)[0])


def read_balance(node: Node, token: str, account: str, tag: BlockTag = "latest") -> int:
    """ERC-20 ``balanceOf(account)``."""
    return int(_read(node, DEV_TOKEN, token, "balanceOf", account, tag=tag)[0])


def approve_call(spender: str, amount: int) -> bytes:
    """ERC-20 ``approve(spender, amount)``."""
    return _call(DEV_TOKEN, "approve", spender, amount)


def mint_call(to: str, amount: int) -> bytes:
    """DevToken's ``mint(to, amount)``."""
    return _call(DEV_TOKEN, "mint", to, amount)
