"""What changed around a log and its pools, in words: operators, roles, successors, pauses. All of it is allowed."""

from __future__ import annotations

from ledger.chain.anchors import Change
from ledger.chain.contracts import ROLES
from ledger.statements.values import format_time


def words_of_log(log_id: str, change: Change) -> str:
    """A change of a log's operator, or its closing."""
    said, when = change.members, f"in block {change.place.block}"
    match change.name:
        case "OperatorTransferStarted":
            return f"The operator of the log {log_id}, {said['operator']}, offered it to {said['newOperator']} {when}."
        case "OperatorTransferred":
            before = said["previousOperator"]
            return f"The operator of the log {log_id} is {said['newOperator']} since then, before it {before}, {when}."
        case _:
            after = f"{_hex(said['successor'])} is to continue it" if any(said["successor"]) else "nothing continues it"
            return f"The log {log_id} was closed at size {said['size']} {when}; {after}."


def words_of_pool(pool: str, change: Change) -> str:
    """A change of a pool's roles or of its log, or a pause; empty for what its making said."""
    said, when = change.members, f"in block {change.place.block}"
    match change.name:
        case "RoleProposed":
            role, date = ROLES[said["role"]], _date(said["executableAt"])
            return f"Pool {pool}: {said['account']} was proposed as {role} {when}, from {date} on."
        case "RoleProposalCancelled":
            return f"Pool {pool}: {said['account']} as {ROLES[said['role']]} was withdrawn {when}."
        case "RoleChanged":
            if int(said["previous"], 16) == 0:
                return ""
            return f"Pool {pool}: {said['account']} took over as {ROLES[said['role']]} from {said['previous']} {when}."
        case "Paused":
            return f"Pool {pool}: was paused {when}, until {_date(said['until'])} at most."
        case "Unpaused":
            return f"Pool {pool}: its pause was ended {when}."
        case "SuccessorProposed":
            date = _date(said["executableAt"])
            return f"Pool {pool}: the log {_hex(said['successor'])} was proposed to follow {when}, from {date} on."
        case "SuccessorProposalCancelled":
            return f"Pool {pool}: the log {_hex(said['successor'])} to follow was withdrawn {when}."
        case _:
            return f"Pool {pool}: follows the log {_hex(said['successor'])} after {_hex(said['previous'])} {when}."


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _date(seconds: int) -> str:
    return format_time(seconds * 1000)
