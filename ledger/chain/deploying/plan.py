"""What a run is going to do, in words, gas and money, before it does anything."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.chain.deploying.creations import Creation
from ledger.chain.rpc import Node, Refusal
from ledger.errors import TransactionError

_INTRINSIC_GAS, _CREATE_GAS = 21_000, 32_000
_BYTE_GAS, _ZERO_BYTE_GAS = 16, 4
_CODE_BYTE_GAS, _INITCODE_WORD_GAS = 200, 2
_CONSTRUCTOR_GAS = 180_000
"""For what a pool's constructor writes and announces: three roles, a name and a symbol."""
OPENING_GAS = 120_000
"""About what opening a log uses."""
_WEI_DIGITS, _SHOWN_DIGITS, _GWEI_DIGITS = 18, 6, 9


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One transaction. ``gas`` is an estimate; ``begun`` says that an earlier run has sent it."""

    name: str
    words: str
    arguments: dict[str, str | int]
    gas: int
    begun: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run. Prices are wei a gas, money is wei."""

    chain_id: int
    dev: bool
    deployer: str
    log_id: str
    steps: tuple[PlannedStep, ...]
    warnings: tuple[str, ...]
    price: int
    balance: int

    @property
    def gas(self) -> int:
        """What the transactions that are still to be sent will use, about."""
        return sum(step.gas for step in self.steps if not step.begun)

    @property
    def cost(self) -> int:
        """Its price now, in wei."""
        return self.gas * self.price

    def lines(self) -> list[str]:
        """The plan in words."""
        kind = "a development chain" if self.dev else "a chain with real money"
        lines = [f"Chain {self.chain_id}, {kind}. The log's id will be {self.log_id}."]
        for number, step in enumerate(self.steps, 1):
            sent = "sent by an earlier run" if step.begun else f"about {step.gas:,} gas"
            lines.append(f"  {number}. {step.words} ({sent})")
            lines += [f"       {name}: {value}" for name, value in step.arguments.items()]
        lines.append(
            f"Gas: about {self.gas:,} at {gwei(self.price)} gwei now, which is {coins(self.cost)} coins. "
            f"The deployer {self.deployer} has {coins(self.balance)}."
        )
        return lines + [f"Warning: {words}" for words in self.warnings]

    def require_money(self) -> None:
        """Raise TransactionError where the deployer cannot pay for the whole run at the present price."""
        if self.balance == 0 and self.cost:
            raise TransactionError(
                f"The deployer {self.deployer} has no coins to pay for gas.", remedy=f"Send some to {self.deployer}."
            )
        if self.balance < self.cost:
            raise TransactionError(
                f"The deployer {self.deployer} has {coins(self.balance)} coins; the deployment takes about "
                f"{coins(self.cost)} at the present price.",
                remedy="Send it half as much again as that: the price moves.",
            )


def creation_gas(creation: Creation, code_bytes: int) -> int:
    """About what making a contract uses: EIP-2028, EIP-3860, and 200 gas for each byte of its code."""
    data = creation.data
    zeros = data.count(0)
    calldata = _ZERO_BYTE_GAS * zeros + _BYTE_GAS * (len(data) - zeros) + _INITCODE_WORD_GAS * -(-len(data) // 32)
    return _INTRINSIC_GAS + _CREATE_GAS + calldata + _CODE_BYTE_GAS * code_bytes + _CONSTRUCTOR_GAS


def estimated_gas(node: Node, sender: str, creation: Creation, code_bytes: int) -> int:
    """What the node says that making a contract uses, or about that where what it needs is not there yet."""
    try:
        return node.estimate_gas(sender, None, creation.data)
    except (TransactionError, Refusal):
        return creation_gas(creation, code_bytes)


def coins(wei: int) -> str:
    """An amount of the chain's coins, rounded up to six decimals."""
    return _decimal(-(-wei // 10 ** (_WEI_DIGITS - _SHOWN_DIGITS)), _SHOWN_DIGITS)


def gwei(wei: int) -> str:
    """A price in billionths of a coin, exactly."""
    return _decimal(wei, _GWEI_DIGITS).rstrip("0").rstrip(".")


def _decimal(units: int, digits: int) -> str:
    return f"{units // 10**digits}.{units % 10**digits:0{digits}d}"
