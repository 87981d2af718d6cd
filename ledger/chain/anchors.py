"""What the contracts hold and have said of a log: heads, openings, settlements, claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.chain import contracts
from ledger.chain.answers import LogEntry, TransactionReceipt
from ledger.chain.artifacts import artifact
from ledger.chain.contracts import AnchoredHead, check_contract
from ledger.chain.deployments import Deployment
from ledger.chain.rpc import BlockTag, Node, require_chain
from ledger.errors import WrongContractError
from ledger.statements import onchain

__all__ = ["AnchoredHead", "check_contract", "read_head"]


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
    """``Claimed``: ``amount`` went to ``payee`` and brought ``account`` to ``cumulative``."""

    account: str
    payee: str
    amount: int
    cumulative: int
    place: Place


@dataclass(frozen=True, slots=True)
class PoolEvents:
    """What a pool said in a range of blocks, each list in the chain's order."""

    settlements: tuple[SettlementEvent, ...]
    claims: tuple[ClaimEvent, ...]
    campaigns: tuple[str, ...]
    """On-chain ids of the campaigns that were opened, funded, refunded, noticed or closed."""


def read_head(node: Node, deployment: Deployment, block: BlockTag = "latest") -> AnchoredHead:
    """The head that the contract holds at a block."""
    return contracts.read_head(node, deployment.contribution_log, deployment.log_id, block)


def check_deployment(node: Node, deployment: Deployment) -> OpenedLog:
    """Check that the deployment is what stands on the node's chain; how the log was opened there.

    Raises WrongChainError for another chain and WrongContractError where code, log id, origin, token or delay differ.
    """
    require_chain(node, deployment.chain_id)
    check_contract(node, deployment.contribution_log, contracts.LOG_CONTRACT)
    check_contract(node, deployment.pool, contracts.POOL_CONTRACT)
    terms = contracts.read_pool_terms(node, deployment.pool)
    wanted = contracts.PoolTerms(
        deployment.contribution_log, deployment.log_id, deployment.token, deployment.settlement_delay
    )
    if terms != wanted:
        raise WrongContractError(f"The pool at {deployment.pool} was made for another log, token or delay: {terms}.")
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
    latest = node.block("latest").number
    found = node.logs(contract, [event.topic, bytes.fromhex(log_id[2:])], from_block, latest)
    if len(found) != 1:
        raise WrongContractError(f"The contract at {contract} has opened no log {log_id}.", check="log_id")
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


def pool_events(node: Node, pool: str, begin: int, end: int) -> PoolEvents:
    """Everything a pool said in blocks ``begin`` to ``end``, by one question to the node."""
    return _sort_events(_events(node, pool, [*_SETTLEMENT_KINDS, *_CAMPAIGN_EVENTS, "Claimed"], begin, end))


def settlement_events(node: Node, pool: str, begin: int, end: int) -> list[SettlementEvent]:
    """The proposals, activations and vetoes of a pool in blocks ``begin`` to ``end``, in order."""
    return list(_sort_events(_events(node, pool, list(_SETTLEMENT_KINDS), begin, end)).settlements)


def claimed_events(node: Node, pool: str, begin: int, end: int) -> list[ClaimEvent]:
    """The payments of a pool in blocks ``begin`` to ``end``, in order."""
    return list(_sort_events(_events(node, pool, ["Claimed"], begin, end)).claims)


def claims_in(receipt: TransactionReceipt, pool: str) -> list[ClaimEvent]:
    """The payments of a pool in one transaction, in order."""
    ours = [entry for entry in receipt.logs if entry.address == pool]
    return list(_sort_events(_decode_events(ours, ["Claimed"])).claims)


_Event = tuple[str, dict[str, Any], Place]


def _events(node: Node, pool: str, names: Sequence[str], begin: int, end: int) -> list[_Event]:
    events = artifact(contracts.POOL_CONTRACT).abi.events
    return _decode_events(node.logs(pool, [[events[name].topic for name in names]], begin, end), names)


def _decode_events(entries: Sequence[LogEntry], names: Sequence[str]) -> list[_Event]:
    events = artifact(contracts.POOL_CONTRACT).abi.events
    shapes = {events[name].topic: events[name] for name in names}
    return [
        (shape.name, shape.decode(entry.topics, entry.data), _place(entry))
        for entry in entries
        if entry.topics and (shape := shapes.get(entry.topics[0]))
    ]


def _sort_events(found: Sequence[_Event]) -> PoolEvents:
    settlements: list[SettlementEvent] = []
    claims: list[ClaimEvent] = []
    campaigns: dict[str, None] = {}
    for name, members, place in found:
        if name in _SETTLEMENT_KINDS:
            kind, proposal = _SETTLEMENT_KINDS[name], "0x" + members["proposal"].hex()
            settlements.append(SettlementEvent(kind, members["number"], proposal, members, place))
        elif name == "Claimed":
            claims.append(
                ClaimEvent(members["account"], members["payee"], members["amount"], members["cumulative"], place)
            )
        else:
            campaigns["0x" + members["campaign"].hex()] = None
    return PoolEvents(tuple(settlements), tuple(claims), tuple(campaigns))


def _place(entry: LogEntry) -> Place:
    return Place(entry.block, entry.block_hash, entry.transaction, entry.log_index)
