"""Deployment: log contract, log, token (on a development chain) and pool, each step resumed where a run stopped.

A step's transaction is kept beside the deployment file before it is sent, so that a second run finds what the first one
made and makes nothing twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.chain import anchors, contracts, transactions
from ledger.chain.answers import TransactionReceipt
from ledger.chain.artifacts import artifact
from ledger.chain.deployments import Deployment, deployment_path, read_small_file, write_file
from ledger.chain.rpc import Node, require_chain
from ledger.chain.signers import Signer, require_funds
from ledger.errors import ChainError, ConfigError, NodeError, TransactionError
from ledger.statements import onchain

LEAST_DELAY_SECONDS = 86_400
DEV_CHAIN_ID = 31_337
_DEV_CLIENTS = ("anvil/", "hardhat")
_WAIT_SECONDS = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is deployed. Accounts are addresses; ``token`` None makes a DevToken, on a development chain only."""

    chain_id: int
    origin: str
    vkey: str
    settlement_delay: int
    admin: str
    reporter: str
    guardian: str
    token: str | None = None


def is_dev_chain(node: Node) -> bool:
    """Whether the node's chain is for development: by its id, or by what the node calls itself."""
    return node.chain_id() == DEV_CHAIN_ID or node.client_version().lower().startswith(_DEV_CLIENTS)


def deploy(node: Node, signer: Signer, terms: Terms, folder: Path) -> Deployment:
    """Deploy, or check and return what ``folder`` already says is deployed on this chain.

    ``signer`` opens the log and is its operator. Raises WrongChainError for another chain, ConfigError for terms that
    are refused or differ from what stands there, WrongContractError where something else stands, TransactionError.
    """
    require_chain(node, terms.chain_id)
    dev = is_dev_chain(node)
    path = deployment_path(folder, terms.chain_id)
    if path.exists():
        return _check_existing(node, terms, path)
    _check_terms(node, signer, terms, dev=dev)
    run = _Run(node, signer, terms, path.with_suffix(".unfinished.json"))
    deployment = _deploy_steps(run, terms, dev=dev)
    anchors.check_deployment(node, deployment)
    deployment.save(path)
    run.path.unlink(missing_ok=True)
    return deployment


def _check_terms(node: Node, signer: Signer, terms: Terms, *, dev: bool) -> None:
    if terms.settlement_delay < LEAST_DELAY_SECONDS and not dev:
        raise ConfigError(
            f"A settlement delay of {terms.settlement_delay} s is refused on chain {terms.chain_id}: "
            "nobody could veto in time.",
            remedy=f"Take at least {LEAST_DELAY_SECONDS} s, or use a development chain.",
        )
    if terms.token is None and not dev:
        raise ConfigError("No token was named to pay in.", remedy="Give the address of an ERC-20 token.")
    if terms.token is not None and not node.code(terms.token):
        raise ConfigError(f"There is no token at {terms.token}.", remedy="Check the token's address and the chain.")
    require_funds(node, signer, "operator")


def _check_existing(node: Node, terms: Terms, path: Path) -> Deployment:
    deployment = Deployment.load(path)
    opened = anchors.check_deployment(node, deployment)
    wanted = (terms.origin, terms.vkey, terms.settlement_delay)
    stands = (opened.origin, opened.vkey, deployment.settlement_delay)
    if wanted != stands:
        raise ConfigError(
            f"{path} describes a deployment with origin, key and delay {stands}; asked for was {wanted}.",
            remedy="Use the settings it was made with, or another folder for a new deployment.",
        )
    if terms.token is not None and terms.token != deployment.token:
        raise ConfigError(
            f"{path} pays in the token {deployment.token}, not in {terms.token}.",
            remedy="Use that token, or another folder for a new deployment.",
        )
    return deployment


def _deploy_steps(run: _Run, terms: Terms, *, dev: bool) -> Deployment:
    log_contract = run.make("contribution_log", artifact(contracts.LOG_CONTRACT).creation())
    log_id = onchain.log_id(run.signer.address, terms.origin)
    opened = run.step("log", log_contract, contracts.open_log_call(terms.origin, terms.vkey))
    token = terms.token or run.make("token", artifact(contracts.DEV_TOKEN).creation("CrowdLedger Dev Token", "CLDEV"))
    roles = (terms.admin, terms.reporter, terms.guardian)
    pool_creation = artifact(contracts.POOL_CONTRACT).creation(
        log_contract, bytes.fromhex(log_id[2:]), token, *roles, terms.settlement_delay
    )
    return Deployment(
        chain_id=terms.chain_id,
        contribution_log=log_contract,
        log_id=log_id,
        origin=terms.origin,
        pool=run.make("pool", pool_creation),
        token=token,
        settlement_delay=terms.settlement_delay,
        dev=dev,
        block=opened.block,
    )


class _Run:
    """The steps of one deployment and the file that remembers them."""

    def __init__(self, node: Node, signer: Signer, terms: Terms, path: Path) -> None:
        self.node, self.signer, self.terms, self.path = node, signer, terms, path
        wanted = {"chain_id": terms.chain_id, "origin": terms.origin, "vkey": terms.vkey, "operator": signer.address}
        self._saved: dict[str, Any] = {**wanted, "steps": {}}
        if path.exists():
            self._saved = _load_unfinished(path, wanted)

    def make(self, name: str, creation: bytes) -> str:
        """Make a contract; its address."""
        receipt = self.step(name, None, creation)
        if receipt.made is None:
            raise NodeError(f"The node says that {receipt.transaction} made no contract.")
        return receipt.made

    def step(self, name: str, to: str | None, data: bytes) -> TransactionReceipt:
        """Send one transaction, or find the one that an earlier run sent; its receipt."""
        receipt = self._earlier(name) or self._send(name, to, data)
        if not receipt.succeeded:
            self._forget(name)
            raise transactions.failure(self.node, receipt, data)
        return receipt

    def _send(self, name: str, to: str | None, data: bytes) -> TransactionReceipt:
        sender = self.signer.address
        nonce = self.node.nonce(sender)
        prepared = transactions.prepare(self.node, sender, to, data, chain_id=self.terms.chain_id, nonce=nonce)
        signed = self.signer.sign_transaction(prepared)
        self._saved["steps"][name] = {"transaction": signed.hash, "nonce": nonce, "raw": "0x" + signed.raw.hex()}
        self._write()
        self.node.send_raw(signed.raw)
        return self._wait(name, signed.hash)

    def _wait(self, name: str, transaction: str) -> TransactionReceipt:
        receipt = transactions.wait_for(self.node, transaction, _WAIT_SECONDS)
        if receipt is None:
            raise TransactionError(
                f"The transaction {transaction} (step '{name}') is not mined after {_WAIT_SECONDS:.0f} s.",
                remedy="Run 'crowdledger deploy' again later: it goes on from here.",
            )
        return receipt

    def _earlier(self, name: str) -> TransactionReceipt | None:
        """The receipt of what an earlier run sent; None if there is nothing or its nonce went to something else."""
        step = self._saved["steps"].get(name)
        if step is None:
            return None
        receipt = self.node.receipt(step["transaction"])
        if receipt is not None:
            return receipt
        if self.node.nonce(self.signer.address, "latest") > step["nonce"]:
            self._forget(name)
            return None
        try:
            self.node.send_raw(bytes.fromhex(step["raw"][2:]))
        except NodeError:
            raise
        except ChainError:
            pass  # the node has it already
        return self._wait(name, step["transaction"])

    def _forget(self, name: str) -> None:
        del self._saved["steps"][name]
        self._write()

    def _write(self) -> None:
        write_file(self.path, json.dumps(self._saved, indent=2) + "\n")


def _load_unfinished(path: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    remedy = f"Run it with the settings of the first run, or remove {path} to begin anew."
    try:
        saved = json.loads(read_small_file(path, "unfinished deployment", remedy))
        steps = saved["steps"]
        whole = all(set(step) == {"transaction", "nonce", "raw"} for step in steps.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f"The unfinished deployment {path} cannot be read.", remedy=remedy) from None
    if not whole or {name: saved.get(name) for name in wanted} != wanted:
        raise ConfigError(f"The unfinished deployment {path} was begun with other settings.", remedy=remedy)
    return dict(saved)
