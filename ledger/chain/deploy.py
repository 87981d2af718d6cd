"""Deployment: log contract, log, token (on a development chain) and pool, each step resumed where a run stopped.

A run is planned, told and agreed to before it sends anything, and what it made is compared with the compiled contracts,
immutables included, before the deployment file is written.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ledger.chain import contracts
from ledger.chain.artifacts import artifact
from ledger.chain.deploying.creations import Creation, dev_token_creation, log_creation, pool_creation
from ledger.chain.deploying.plan import OPENING_GAS, Plan, PlannedStep, estimated_gas, gwei
from ledger.chain.deploying.sources import sources_folder, write_sources
from ledger.chain.deploying.standing import (
    Standing,
    derived_log_id,
    differences,
    read_standing,
    require_open_log,
)
from ledger.chain.deploying.steps import Sending, Steps
from ledger.chain.deploying.terms import NewToken, Terms, check_terms, is_dev_chain
from ledger.chain.deployments import Deployment, deployment_path
from ledger.chain.rpc import Node, require_chain
from ledger.chain.signers import Signer
from ledger.chain.transactions import present_fees
from ledger.errors import ConfigError, NodeError

__all__ = [
    "NewToken",
    "Plan",
    "Sending",
    "Standing",
    "Terms",
    "deploy",
    "differences",
    "is_dev_chain",
    "plan",
    "read_standing",
]

_NOBODY = "0x" + 40 * "0"
_MOST_TURNS = 5


def _require(node: Node, deployment: Deployment, terms: Terms) -> None:
    """Check that a deployment stands, and is what is asked for. Raises ConfigError that names every difference."""
    different = differences(deployment, read_standing(node, deployment), terms)
    if different:
        raise ConfigError(
            f"What stands on chain {deployment.chain_id} differs: {'; '.join(different)}.",
            remedy="Use the settings it was made with, or another folder for a new deployment.",
        )


def plan(node: Node, signer: Signer, terms: Terms, folder: Path, sending: Sending | None = None) -> Plan:
    """What :func:`deploy` would do. Sends nothing, writes nothing; raises what it raises before it sends."""
    require_chain(node, terms.chain_id)
    dev = is_dev_chain(node)
    path = deployment_path(folder, terms.chain_id)
    if path.exists():
        _require(node, Deployment.load(path), terms)
        return _plan(node, signer, terms, dev, (), [f"{path} describes this deployment already; nothing is sent."])
    warnings = check_terms(node, signer.address, terms, dev=dev)
    sending = sending or Sending()
    steps = Steps(node, signer, terms, _unfinished(path), sending)
    log_id = derived_log_id(signer.address, terms)
    operator = _joined_operator(node, terms, terms.contribution_log, log_id)
    if operator not in (None, signer.address):
        warnings.append(f"The log is operated by {operator}; only that account anchors it.")
    planned = _plan(node, signer, terms, dev, _planned(node, signer, terms, steps), warnings)
    if sending.fee_cap is None or planned.price <= sending.fee_cap:
        return planned
    too_dear = f"Gas costs more than the cap of {gwei(sending.fee_cap)} gwei now; nothing would be sent."
    return replace(planned, warnings=(*planned.warnings, too_dear))


def deploy(node: Node, signer: Signer, terms: Terms, folder: Path, sending: Sending | None = None) -> Deployment:
    """Deploy, or check and return what ``folder`` already says is deployed on this chain.

    ``signer`` opens the log and is its operator. Raises WrongChainError for another chain, ConfigError for terms that
    are refused or differ from what stands there, WrongContractError where something else stands, TransactionError.
    """
    sending = sending or Sending()
    planned = plan(node, signer, terms, folder, sending)
    path = deployment_path(folder, terms.chain_id)
    if path.exists():
        _unfinished(path).unlink(missing_ok=True)
        return Deployment.load(path)
    planned.require_money()
    steps = Steps(node, signer, terms, _unfinished(path), sending)
    deployment = _made_for_good(steps, terms, dev=planned.dev)
    _require(node, deployment, terms)
    if not planned.dev:
        _write_sources(deployment, terms, path)
    deployment.save(path)
    steps.path.unlink(missing_ok=True)
    return deployment


def _unfinished(path: Path) -> Path:
    return path.with_suffix(".unfinished.json")


def _joined_operator(node: Node, terms: Terms, contract: str | None, log_id: str) -> str | None:
    """The operator of a log that is open already in a contract; None if it must be opened."""
    if contract is None:
        return None
    contracts.check_contract(node, contract, contracts.LOG_CONTRACT)
    operator = contracts.read_operator(node, contract, log_id)
    if operator == _NOBODY and log_id != terms.log_id:
        return None
    require_open_log(node, terms, contract, log_id)
    return operator


def _plan(
    node: Node, signer: Signer, terms: Terms, dev: bool, steps: tuple[PlannedStep, ...], warnings: list[str]
) -> Plan:
    return Plan(
        chain_id=terms.chain_id,
        dev=dev,
        deployer=signer.address,
        log_id=derived_log_id(signer.address, terms),
        steps=steps,
        warnings=tuple(warnings),
        price=present_fees(node).price,
        balance=node.balance(signer.address),
    )


def _planned(node: Node, signer: Signer, terms: Terms, steps: Steps) -> tuple[PlannedStep, ...]:
    log_id = derived_log_id(signer.address, terms)
    opened = (
        terms.contribution_log is not None and contracts.read_operator(node, terms.contribution_log, log_id) != _NOBODY
    )
    planned: list[PlannedStep] = []

    def make(name: str, creation: Creation, shown: dict[str, str | int]) -> None:
        gas = estimated_gas(node, signer.address, creation, len(artifact(creation.contract).deployed))
        planned.append(PlannedStep(name, f"Make a {creation.contract}", shown, gas, steps.begun(name)))

    if terms.contribution_log is None:
        make("contribution_log", log_creation(), {})
    if not opened:
        opening: dict[str, str | int] = {"origin": terms.origin, "vkey": terms.vkey}
        planned.append(PlannedStep("log", "Open the log", opening, OPENING_GAS, steps.begun("log")))
    if _makes_dev_token(terms):
        make("token", dev_token_creation(), dev_token_creation().arguments)
    pool = pool_creation(terms, terms.contribution_log or _NOBODY, log_id, terms.token or _NOBODY)
    shown = {name: "made above" if value == _NOBODY else value for name, value in pool.arguments.items()}
    make("pool", pool, shown)
    return tuple(planned)


def _makes_dev_token(terms: Terms) -> bool:
    return terms.token is None and terms.new_token is None


def _made_for_good(steps: Steps, terms: Terms, *, dev: bool) -> Deployment:
    """What the steps made, once they are as deep as asked for; steps that the chain undoes are done again."""
    for _ in range(_MOST_TURNS):
        deployment = _do_steps(steps, terms, dev=dev)
        if steps.confirm():
            return deployment
        steps.sending.say("The chain undid a step; going on.")
    raise NodeError("The chain undoes the deployment again and again.", remedy="Run 'crowdledger deploy' again later.")


def _do_steps(steps: Steps, terms: Terms, *, dev: bool) -> Deployment:
    log_contract = terms.contribution_log or steps.make("contribution_log", log_creation().data)
    log_id = derived_log_id(steps.signer.address, terms)
    # Open may also be a log whose transaction was given up for lost.
    if not steps.begun("log") and _joined_operator(steps.node, terms, log_contract, log_id) is not None:
        block = require_open_log(steps.node, terms, log_contract, log_id).place.block
    else:
        block = steps.do("log", log_contract, contracts.open_log_call(terms.origin, terms.vkey)).block
    token = terms.token or ""
    if _makes_dev_token(terms):
        token = steps.make("token", dev_token_creation().data)
    pool = steps.make("pool", pool_creation(terms, log_contract, log_id, token).data)
    return Deployment(
        chain_id=terms.chain_id,
        contribution_log=log_contract,
        log_id=log_id,
        origin=terms.origin,
        pool=pool,
        token=token or pool,
        settlement_delay=terms.settlement_delay,
        dev=dev,
        block=block,
    )


def _write_sources(deployment: Deployment, terms: Terms, path: Path) -> None:
    folder = sources_folder(path)
    write_sources(folder, terms.chain_id, deployment.contribution_log, log_creation())
    pool = pool_creation(terms, deployment.contribution_log, deployment.log_id, deployment.token)
    write_sources(folder, terms.chain_id, deployment.pool, pool)
