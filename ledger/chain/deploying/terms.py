"""What is asked to be deployed, and what of it is refused or spoken of before anything is sent."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ledger.chain import contracts
from ledger.chain.artifacts import artifact
from ledger.chain.immutables import MAX_NAME_BYTES
from ledger.chain.rpc import Node, Refusal
from ledger.errors import ConfigError, FormatError, TransactionError
from ledger.statements.values import MAX_AMOUNT
from ledger.tree.keys import VerifierKey

LEAST_DELAY_SECONDS = 86_400
MOST_DELAY_SECONDS = 90 * 86_400
"""What the contract takes (``MAX_SETTLEMENT_DELAY``)."""
DEV_CHAIN_ID = 31_337
_DEV_CLIENTS = ("anvil/", "hardhat")
_ZERO_ADDRESS = "0x" + 40 * "0"
_CANCUN_CODE = bytes.fromhex("5f5f5d5f5c505f5f5f5e00")
"""PUSH0 PUSH0 TSTORE, PUSH0 TLOAD POP (EIP-1153), PUSH0 PUSH0 PUSH0 MCOPY (EIP-5656), STOP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A RewardToken to make. ``cap`` is the most that can ever be minted, in base units of 10**-18."""

    name: str
    symbol: str
    cap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is deployed. Accounts are addresses, 0x and lower case.

    It pays in ``token``, an ERC-20 that is there, or in ``new_token``; where neither is given, in a DevToken, on a
    development chain only.
    """

    chain_id: int
    origin: str
    vkey: str
    settlement_delay: int
    admin: str
    reporter: str
    guardian: str
    token: str | None = None
    new_token: NewToken | None = None
    contribution_log: str | None = None
    """A ContributionLog that is there already; None makes one."""
    log_id: str | None = None
    """The log's id. With ``contribution_log`` it may be one that another account opened there."""
    log_block: int = 0
    """No event of a log that is open already is older than this block."""
    one_key_accepted: bool = field(default=False, compare=False)
    """Whether the operator knows, and accepts, that one key holds all power on a chain with real money."""

    @property
    def pool_contract(self) -> str:
        """The contract that pays."""
        return contracts.POOL_CONTRACT if self.new_token is None else contracts.TOKEN_CONTRACT

    def members(self) -> dict[str, Any]:
        """All that decides what is deployed, as JSON has it; amounts as text."""
        members = asdict(self)
        del members["one_key_accepted"], members["log_block"]
        token = members.pop("new_token")
        members["reward_token"] = token and token | {"cap": str(token["cap"])}
        return members


def is_dev_chain(node: Node) -> bool:
    """Whether the node's chain is for development: by its id, or by what a node on this machine calls itself.

    A node elsewhere may lie, and nobody would be asked before money is spent.
    """
    if node.chain_id() == DEV_CHAIN_ID:
        return True
    return node.is_local and node.client_version().lower().startswith(_DEV_CLIENTS)


def check_terms(node: Node, operator: str, terms: Terms, *, dev: bool) -> list[str]:
    """What the operator ought to know before agreeing, in plain words. Raises ConfigError for what is refused."""
    _check_opcodes(node, operator, terms.chain_id)
    _check_delay(terms, dev=dev)
    _check_key(terms)
    for role in ("admin", "reporter", "guardian"):
        if getattr(terms, role) == _ZERO_ADDRESS:
            raise ConfigError(f"The {role} is the zero address.", remedy="Give an account that somebody holds.")
    _check_payment(node, terms, dev=dev)
    return [] if dev else _check_separation(terms, operator)


def _check_opcodes(node: Node, operator: str, chain_id: int) -> None:
    """A contract can be made, and is of no use, where the chain lacks an instruction that its functions need."""
    try:
        node.estimate_gas(operator, None, _CANCUN_CODE)
    except (TransactionError, Refusal) as error:
        raise ConfigError(
            f"Chain {chain_id} does not run code of Ethereum's Cancun upgrade (March 2024), which the contracts need: "
            f"{error.detail}",
            remedy="Take a chain that does.",
        ) from None


def _check_delay(terms: Terms, *, dev: bool) -> None:
    delay = terms.settlement_delay
    if delay < LEAST_DELAY_SECONDS and not dev:
        raise ConfigError(
            f"A settlement delay of {delay} s is refused on chain {terms.chain_id}: nobody could veto in time.",
            remedy=f"Take at least {LEAST_DELAY_SECONDS} s, or use a development chain.",
        )
    if not 0 < delay <= MOST_DELAY_SECONDS:
        raise ConfigError(
            f"A settlement delay of {delay} s is refused by the contract.",
            remedy=f"Take 1 to {MOST_DELAY_SECONDS} s.",
        )


def _check_key(terms: Terms) -> None:
    try:
        named = VerifierKey.parse(terms.vkey).name
    except FormatError as error:
        raise ConfigError(f"The log's verifier key is none: {error.detail}", remedy="Copy it anew.") from None
    if named != terms.origin:
        raise ConfigError(
            f"The log's verifier key is of '{named}', not of '{terms.origin}'.", remedy="Give the key of this log."
        )


def _check_payment(node: Node, terms: Terms, *, dev: bool) -> None:
    if terms.token is not None and terms.new_token is not None:
        raise ConfigError("Both a token and a new token were named to pay in.", remedy="Decide for one.")
    if terms.new_token is not None:
        _check_new_token(terms.new_token)
    elif terms.token is not None:
        _check_token(node, terms.token, terms.admin, dev=dev)
    elif not dev:
        raise ConfigError(
            "No token was named to pay in.",
            remedy="Give the address of an ERC-20 token, or a [reward_token] to make in the deployment's settings.",
        )


def _check_new_token(token: NewToken) -> None:
    if not 0 < token.cap <= MAX_AMOUNT:
        raise ConfigError(
            f"The new token's cap is {token.cap}.", remedy="Take 1 to 2**120 - 1 base units; a coin is 10**18 of them."
        )
    for what, text in (("name", token.name), ("symbol", token.symbol)):
        if not text.strip() or not text.isprintable() or len(text.encode()) > MAX_NAME_BYTES:
            raise ConfigError(
                f"The new token's {what} is empty, too long or not printable.",
                remedy=f"Take 1 to {MAX_NAME_BYTES} bytes of UTF-8.",
            )


def _check_token(node: Node, token: str, holder: str, *, dev: bool) -> None:
    code = node.code(token)
    if not code:
        raise ConfigError(f"There is no token at {token}.", remedy="Check the token's address and the chain.")
    if not dev and artifact(contracts.DEV_TOKEN).matches(code):
        raise ConfigError(
            f"The token {token} is a DevToken, which anybody may mint.",
            remedy="Pay in a token that is worth something.",
        )
    try:
        contracts.read_balance(node, token, holder)
    except TransactionError:
        raise ConfigError(
            f"What stands at {token} is no ERC-20 token: it does not tell a balance.",
            remedy="Check the token's address and the chain.",
        ) from None


def _check_separation(terms: Terms, operator: str) -> list[str]:
    """Which powers meet in one key on a chain with real money."""
    if terms.guardian == terms.reporter:
        raise ConfigError(
            f"Guardian and reporter are the same account, {terms.guardian}: the veto would be worthless.",
            remedy="Give the guardian an account of its own, held by somebody else.",
        )
    if terms.admin == operator == terms.reporter:
        if not terms.one_key_accepted:
            raise ConfigError(
                f"Admin, operator and reporter are one key, {operator}: whoever steals it has all powers but the veto.",
                remedy="Give them accounts of their own, or accept the danger with --accept-one-key.",
            )
        return [f"Admin, operator and reporter are one key, {operator}: whoever steals it has all powers but the veto."]
    warnings = []
    if terms.admin == terms.reporter:
        warnings.append("Admin and reporter are one key: whoever steals it can pay itself and appoint a new guardian.")
    if terms.admin == terms.guardian:
        warnings.append("Admin and guardian are one key: nobody can veto against whoever steals it.")
    if terms.admin == operator:
        warnings.append("Admin and operator are one key: keep the admin's away from the server, best in a multisig.")
    if operator == terms.reporter:
        warnings.append(
            "Operator and reporter are one key: whoever steals it can anchor and settle what nobody earned."
        )
    if operator == terms.guardian:
        warnings.append("Operator and guardian are one key: whoever has the server can keep the veto from being used.")
    return warnings
