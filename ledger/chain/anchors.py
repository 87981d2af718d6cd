"""What the contracts hold and have said of a log: heads, openings, settlements, claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from typing import Any

from ledger.chain import contracts, immutables, successors
from ledger.chain.answers import LogEntry, TransactionReceipt
from ledger.chain.artifacts import artifact
from ledger.chain.contracts import AnchoredHead, check_contract
from ledger.chain.deployments import Deployment
from ledger.chain.rpc import BlockTag, Node, require_chain
from ledger.errors import WrongContractError
from ledger.statements import onchain

__all__ = ["AnchoredHead", "check_contract", "read_head"]


_FIRST_BLOCKS = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands on the chain."""

    block: int
    block_hash: str
    transaction: str
    log_index: int


@dataclass(frozen=True, slots=True)
class OpenedLog:
    """``LogOpened``: who opened a log under which name and key."""

    log_id: str
    opener: str
    origin: str
    vkey: str
    place: Place


@dataclass(frozen=True, slots=True)
class AnchorEvent:
    """``Anchored``: the head went from ``old_size`` to ``size`` entries under ``root``."""

    log_id: str
    old_size: int
    size: int
    root: bytes
    place: Place


@dataclass(frozen=True, slots=True)
class SettlementEvent:
    """``SettlementProposed``, ``SettlementActivated`` or ``SettlementVetoed`` of a pool."""

    kind: str
    """``proposed``, ``activated`` or ``vetoed``."""
    number: int
    proposal: str
    members: dict[str, Any]
    """All members of the event under their Solidity names."""
    place: Place


@dataclass(frozen=True, slots=True)
class ClaimEvent:
    """``account`` was paid ``amount``, wherever it wanted to be paid.

    A RewardPool says so by ``Claimed``, a RewardToken by the ERC-20 ``Transfer`` from nobody, with ``Claimed`` before
    it only where the payee is not the account. What an account was paid in all is the sum, and ``claimed(account)``.
    """

    account: str
    amount: int
    place: Place


@dataclass(frozen=True, slots=True)
class Change:
    """Another event, of a log or of a pool: who has a role, which log follows, a pause."""

    name: str
    members: dict[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class PoolEvents:
    """What a pool said in a range of blocks, each list in the chain's order."""

    settlements: tuple[SettlementEvent, ...]
    claims: tuple[ClaimEvent, ...]
    campaigns: tuple[str, ...]
    """On-chain ids of the campaigns that were opened, funded, refunded, noticed or closed."""
    changes: tuple[Change, ...] = ()
    """Changes of roles and of the log that the pool follows, and pauses."""

    @property
    def followed(self) -> list[tuple[str, str]]:
        """The ids of the logs that the pool left and went over to."""
        moves = (each.members for each in self.changes if each.name == "LogFollowed")
        return [("0x" + each["previous"].hex(), "0x" + each["successor"].hex()) for each in moves]


def read_head(node: Node, deployment: Deployment, block: BlockTag = "latest") -> AnchoredHead:
    """The newest head that the contract holds at a block: the log's, or that of a log which continues it."""
    return successors.read_line(node, deployment, block).newest.head


def check_deployment(node: Node, deployment: Deployment) -> OpenedLog:
    """Check that the deployment is what stands on the node's chain; how the log was opened there.

    Raises WrongChainError for another chain and WrongContractError where code, log id, origin, token or delay differ.
    """
    require_chain(node, deployment.chain_id)
    check_contract(node, deployment.contribution_log, contracts.LOG_CONTRACT)
    # A RewardToken is its own token, and nothing else is: what the deployment says of the kind is compared as well.
    terms = replace(contracts.read_pool_terms(node, deployment.pool), cap=None)
    wanted = immutables.deployed_terms(deployment)
    if terms != wanted:
        raise WrongContractError(f"The pool at {deployment.pool} was made for another log, token or delay: {terms}.")
    immutables.check_pool(node, deployment.chain_id, deployment.pool, wanted)
    opened = log_opened(node, deployment.contribution_log, deployment.log_id, deployment.block)
    if opened.origin != deployment.origin:
        raise WrongContractError(
            f"The log {deployment.log_id} was opened as '{opened.origin}', not as '{deployment.origin}'."
        )
    return opened


def log_opened(node: Node, contract: str, log_id: str, from_block: int = 0) -> OpenedLog:
    """How a log was opened, by whom and under which key.

    Raises WrongContractError where the contract knows no such log, or the id does not follow from opener and origin.
    """
    event = artifact(contracts.LOG_CONTRACT).abi.events["LogOpened"]
    latest, begin, found = node.block("latest").number, from_block, list[LogEntry]()
    some = _FIRST_BLOCKS
    while not found and begin <= latest:  # a log is opened once, most often soon: what comes after need not be read
        end = min(latest, begin + min(some, node.log_span) - 1)
        found = node.logs(contract, [event.topic, bytes.fromhex(log_id[2:])], begin, end)
        begin, some = end + 1, 4 * some
    if len(found) != 1:
        words = f"The contract at {contract} has opened no log {log_id} in blocks {from_block} to {latest}."
        raise WrongContractError(words, check="log_id")
    members = event.decode(found[0].topics, found[0].data)
    opened = OpenedLog(log_id, members["operator"], members["origin"], members["vkey"], _place(found[0]))
    if onchain.log_id(opened.opener, opened.origin) != log_id:
        raise WrongContractError(f"The log id {log_id} does not follow from opener and origin.", check="log_id")
    return opened


def anchor_events(node: Node, contract: str, log_id: str, begin: int, end: int | None = None) -> list[AnchorEvent]:
    """The anchors of a log in blocks ``begin`` to ``end`` (by default the latest), in order."""
    event = artifact(contracts.LOG_CONTRACT).abi.events["Anchored"]
    last = node.block("latest").number if end is None else end
    found = node.logs(contract, [event.topic, bytes.fromhex(log_id[2:])], begin, last)
    return [decode_anchor(entry) for entry in found]


def log_changes(node: Node, contract: str, log_id: str, begin: int, end: int) -> list[Change]:
    """Changes of a log's operator, and its closing, in blocks ``begin`` to ``end``, in order."""
    events = artifact(contracts.LOG_CONTRACT).abi.events
    shapes = {events[name].topic: events[name] for name in _LOG_CHANGES}
    found = node.logs(contract, [list(shapes), bytes.fromhex(log_id[2:])], begin, end)
    return [
        Change(shape.name, shape.decode(entry.topics, entry.data), _place(entry))
        for entry in found
        if (shape := shapes.get(entry.topics[0]))
    ]


def decode_anchor(entry: LogEntry) -> AnchorEvent:
    """The ``Anchored`` event of a log entry. Raises NodeError where it is none."""
    members = artifact(contracts.LOG_CONTRACT).abi.events["Anchored"].decode(entry.topics, entry.data)
    log_id = "0x" + members["logId"].hex()
    return AnchorEvent(log_id, members["oldSize"], members["newSize"], members["root"], _place(entry))


_SETTLEMENT_KINDS = {
    "SettlementProposed": "proposed",
    "SettlementActivated": "activated",
    "SettlementVetoed": "vetoed",
}
_CAMPAIGN_EVENTS = ("CampaignOpened", "CampaignFunded", "CampaignRefunded", "CampaignNotice", "CampaignClosed")
_POOL_CHANGES = (
    "RoleProposed", "RoleProposalCancelled", "RoleChanged", "Paused", "Unpaused",
    "SuccessorProposed", "SuccessorProposalCancelled", "LogFollowed",
)  # fmt: skip
_LOG_CHANGES = ("OperatorTransferStarted", "OperatorTransferred", "LogClosed")
_PAYMENTS = ("Claimed", "Transfer")


def pool_events(node: Node, pool: str, begin: int, end: int) -> PoolEvents:
    """Everything a pool of either kind said in blocks ``begin`` to ``end``; of a RewardToken's transfers its mints."""
    names = [*_SETTLEMENT_KINDS, *_CAMPAIGN_EVENTS, *_POOL_CHANGES, "Claimed"]
    said = _events(node, pool, names, begin, end)
    return _sort_events(merge(said, _mints(node, pool, begin, end), key=_order))


def settlement_events(node: Node, pool: str, begin: int, end: int) -> list[SettlementEvent]:
    """The proposals, activations and vetoes of a pool in blocks ``begin`` to ``end``, in order."""
    return list(_sort_events(_events(node, pool, list(_SETTLEMENT_KINDS), begin, end)).settlements)


def followed_logs(node: Node, pool: str, begin: int, end: int) -> list[tuple[str, str]]:
    """The logs that a pool left and went over to in blocks ``begin`` to ``end``, ids in order."""
    return _sort_events(_events(node, pool, ["LogFollowed"], begin, end)).followed


def claimed_events(node: Node, pool: str, begin: int, end: int) -> list[ClaimEvent]:
    """The payments of a pool in blocks ``begin`` to ``end``, in order."""
    said = _events(node, pool, ["Claimed"], begin, end)
    return list(_sort_events(merge(said, _mints(node, pool, begin, end), key=_order)).claims)


def claims_in(receipt: TransactionReceipt, pool: str) -> list[ClaimEvent]:
    """The payments of a pool in one transaction, in order."""
    ours = [entry for entry in receipt.logs if entry.address == pool]
    paid = [each for each in _decode_events(ours, _PAYMENTS) if each[0] != "Transfer" or int(each[1]["from"], 16) == 0]
    return list(_sort_events(paid).claims)


def skipped_in(receipt: TransactionReceipt, pool: str) -> set[str]:
    """The accounts that one transaction left unpaid because the token or the recipient refused."""
    ours = [entry for entry in receipt.logs if entry.address == pool]
    return {members["account"] for _, members, _ in _decode_events(ours, ["ClaimSkipped"])}


_Event = tuple[str, dict[str, Any], Place]


def _order(event: _Event) -> tuple[int, int]:
    return event[2].block, event[2].log_index


def _mints(node: Node, pool: str, begin: int, end: int) -> list[_Event]:
    """A RewardToken's ``Transfer`` events from nobody; a RewardPool has none."""
    transfer = artifact(contracts.TOKEN_CONTRACT).abi.events["Transfer"]
    return _decode_events(node.logs(pool, [transfer.topic, bytes(32)], begin, end), ["Transfer"])


def _events(node: Node, pool: str, names: Sequence[str], begin: int, end: int) -> list[_Event]:
    events = artifact(contracts.TOKEN_CONTRACT).abi.events
    return _decode_events(node.logs(pool, [[events[name].topic for name in names]], begin, end), names)


def _decode_events(entries: Sequence[LogEntry], names: Sequence[str]) -> list[_Event]:
    events = artifact(contracts.TOKEN_CONTRACT).abi.events  # a RewardPool's, and the ERC-20's
    shapes = {events[name].topic: events[name] for name in names}
    return [
        (shape.name, shape.decode(entry.topics, entry.data), _place(entry))
        for entry in entries
        if entry.topics and (shape := shapes.get(entry.topics[0]))
    ]


def _sort_events(found: Iterable[_Event]) -> PoolEvents:
    settlements: list[SettlementEvent] = []
    claims: list[ClaimEvent] = []
    campaigns: dict[str, None] = {}
    changes: list[Change] = []
    announced: tuple[str, int, int] | None = None
    for name, members, place in found:
        if name in _SETTLEMENT_KINDS:
            kind, proposal = _SETTLEMENT_KINDS[name], "0x" + members["proposal"].hex()
            settlements.append(SettlementEvent(kind, members["number"], proposal, members, place))
        elif name == "Claimed":
            claims.append(ClaimEvent(members["account"], members["amount"], place))
            announced = (place.transaction, place.log_index + 1, members["amount"])
        elif name == "Transfer":
            # Every mint is a claim: the one that was announced right before it, or its recipient's own.
            if announced != (place.transaction, place.log_index, members["value"]):
                claims.append(ClaimEvent(members["to"], members["value"], place))
        elif name in _POOL_CHANGES:
            changes.append(Change(name, members, place))
        else:
            campaigns["0x" + members["campaign"].hex()] = None
    return PoolEvents(tuple(settlements), tuple(claims), tuple(campaigns), tuple(changes))


def _place(entry: LogEntry) -> Place:
    return Place(entry.block, entry.block_hash, entry.transaction, entry.log_index)
