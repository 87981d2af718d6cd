"""Which contract is made with which arguments, and what then stands in its code."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.chain import contracts
from ledger.chain.artifacts import artifact
from ledger.chain.deploying.terms import Terms

DEV_TOKEN_NAME, DEV_TOKEN_SYMBOL = "CrowdLedger Dev Token", "CLDEV"


@dataclass(frozen=True, slots=True)
class Creation:
    """A contract to make; ``arguments`` stand in the constructor's order under its names."""

    contract: str
    arguments: dict[str, str | int]

    @property
    def data(self) -> bytes:
        """The data of the transaction that makes it."""
        return artifact(self.contract).bytecode + self.encoded

    @property
    def encoded(self) -> bytes:
        """The arguments as the ABI has them."""
        kinds = artifact(self.contract).abi.constructor
        values = zip(kinds, self.arguments.values(), strict=True)
        return artifact(self.contract).abi.encode_constructor(*(_value(kind, each) for kind, each in values))


def _value(kind: str, value: str | int) -> object:
    return bytes.fromhex(value[2:]) if kind == "bytes32" and isinstance(value, str) else value


def log_creation() -> Creation:
    """The ContributionLog."""
    return Creation(contracts.LOG_CONTRACT, {})


def dev_token_creation() -> Creation:
    """The token of a development chain, which anybody may mint."""
    return Creation(contracts.DEV_TOKEN, {"name": DEV_TOKEN_NAME, "symbol": DEV_TOKEN_SYMBOL})


def pool_creation(terms: Terms, contribution_log: str, log_id: str, token: str) -> Creation:
    """The pool, or the token that is one; ``token`` is read for a pool only."""
    pays: dict[str, str | int] = {"token": token}
    if terms.new_token is not None:
        pays = {"name": terms.new_token.name, "symbol": terms.new_token.symbol, "cap": terms.new_token.cap}
    return Creation(
        terms.pool_contract,
        {"log": contribution_log, "logId": log_id}
        | pays
        | {
            "admin": terms.admin,
            "reporter": terms.reporter,
            "guardian": terms.guardian,
            "settlementDelay": terms.settlement_delay,
        },
    )
