"""What stands on a chain at the addresses of a deployment: code with its immutables, log, roles."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.chain import anchors, contracts
from ledger.chain.anchors import OpenedLog
from ledger.chain.deploying.terms import NewToken, Terms
from ledger.chain.deployments import Deployment
from ledger.chain.immutables import check_pool, deployed_terms, read_member
from ledger.chain.rpc import Node, require_chain
from ledger.errors import ConfigError, WrongContractError
from ledger.statements import onchain


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What was found, all of it checked. ``new_token`` is None unless the pool is a RewardToken."""

    opened: OpenedLog
    operator: str
    current_log: str
    """The log that the pool follows: the deployment's own, or a successor of it."""
    admin: str
    reporter: str
    guardian: str
    new_token: NewToken | None


def read_standing(node: Node, deployment: Deployment) -> Standing:
    """Check that the contracts of a deployment are ours to the last byte, immutables included; what they hold.

    Raises WrongChainError for another chain, and WrongContractError, which names what differs.
    """
    require_chain(node, deployment.chain_id)
    contracts.check_contract(node, deployment.contribution_log, contracts.LOG_CONTRACT)
    check_pool(node, deployment.chain_id, deployment.pool, deployed_terms(deployment))
    if not node.code(deployment.token):
        raise WrongContractError(f"There is no token at {deployment.token}.", check="token")
    opened = anchors.log_opened(node, deployment.contribution_log, deployment.log_id, deployment.block)
    if opened.origin != deployment.origin:
        raise WrongContractError(
            f"The log {deployment.log_id} was opened as '{opened.origin}', not as '{deployment.origin}'.",
            check="origin",
        )
    holders = {role: contracts.read_role(node, deployment.pool, role) for role in contracts.ROLES}
    return Standing(
        opened=opened,
        operator=contracts.read_operator(node, deployment.contribution_log, deployment.log_id),
        current_log=contracts.read_current_log(node, deployment.pool),
        new_token=_read_new_token(node, deployment),
        **holders,
    )


def differences(deployment: Deployment, standing: Standing, terms: Terms) -> list[str]:
    """How what stands differs from what is asked for, in words, a member each."""
    asked: dict[str, tuple[object, object]] = {
        "chain_id": (terms.chain_id, deployment.chain_id),
        "origin": (terms.origin, standing.opened.origin),
        "key": (terms.vkey, standing.opened.vkey),
        "settlement_delay": (terms.settlement_delay, deployment.settlement_delay),
        "reward_token": (terms.new_token, standing.new_token if terms.new_token or not terms.token else None),
    } | {role: (getattr(terms, role), getattr(standing, role)) for role in contracts.ROLES}
    for name in ("token", "contribution_log", "log_id"):
        if (wanted := getattr(terms, name)) is not None:
            asked[name] = (wanted, getattr(deployment, name))
    return [
        f"{name} is {stands}, asked for was {wanted}" for name, (wanted, stands) in asked.items() if wanted != stands
    ]


def require_open_log(node: Node, terms: Terms, contract: str, log_id: str) -> OpenedLog:
    """How a log that is to be joined was opened. Raises ConfigError where it is another one, or closed."""
    opened = anchors.log_opened(node, contract, log_id, terms.log_block)
    if (opened.origin, opened.vkey) != (terms.origin, terms.vkey):
        raise ConfigError(
            f"The log {log_id} was opened as '{opened.origin}' under the key {opened.vkey}; asked for was "
            f"'{terms.origin}' under {terms.vkey}.",
            remedy="Use the settings of that log.",
        )
    closing = contracts.read_closing(node, contract, log_id)
    if closing.closed:
        remedy = f"Join its successor {closing.successor}." if closing.successor else "Open another one."
        raise ConfigError(f"The log {log_id} is closed.", remedy=remedy)
    return opened


def derived_log_id(operator: str, terms: Terms) -> str:
    """The id of the log that ``operator`` opens, or of the one to join. Raises ConfigError where they must be one."""
    derived = onchain.log_id(operator, terms.origin)
    if terms.log_id is None or terms.log_id == derived:
        return derived
    if terms.contribution_log is None:
        raise ConfigError(
            f"The operator {operator} opens '{terms.origin}' as {derived}, not as {terms.log_id}.",
            remedy="Use the operator's key of that log, or name the ContributionLog where it is open.",
        )
    return terms.log_id


def _read_new_token(node: Node, deployment: Deployment) -> NewToken | None:
    if deployment.token != deployment.pool:
        return None
    name, symbol, cap = (read_member(node, deployment.pool, each) for each in ("name", "symbol", "CAP"))
    return NewToken(name=name, symbol=symbol, cap=cap)
