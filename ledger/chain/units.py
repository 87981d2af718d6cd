"""What amounts are counted in, for people: points, or the pool's token by its own symbol and decimals (ERC-20)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.chain.deployments import Deployment
from ledger.chain.rpc import Node, connect
from ledger.errors import ChainError

_DECIMALS: Final = bytes.fromhex("313ce567")
_SYMBOL: Final = bytes.fromhex("95d89b41")
_WORD: Final = 32
_MAX_DECIMALS: Final = 36
_MAX_SYMBOL_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Unit:
    """A name, and how many decimals one of it has in base units."""

    name: str
    decimals: int = 0

    def number(self, base_units: int | str) -> str:
        """An amount without the name: groups of three digits with thin spaces, no needless zeros."""
        whole, rest = divmod(int(base_units), 10**self.decimals)
        text = f"{whole:,}".replace(",", "\u202f")
        fraction = f"{rest:0{self.decimals}d}".rstrip("0") if self.decimals else ""
        return f"{text}.{fraction}" if fraction else text

    def words(self, base_units: int | str) -> str:
        """An amount with the name, which stay on one line."""
        return f"{self.number(base_units)}\u00a0{self.name}"


POINTS: Final = Unit("points")
BASE_UNITS: Final = Unit("token units")


def read_unit(urls: Sequence[str], deployment: Deployment) -> Unit:
    """The unit of a deployment's token; base units where the chain does not answer."""
    try:
        with connect(urls, deployment.chain_id) as node:
            return token_unit(node, deployment.token)
    except ChainError:
        return BASE_UNITS


def token_unit(node: Node, token: str) -> Unit:
    """The token's own symbol and decimals; base units where it has none. ChainError where the node does not answer."""
    decimals = node.call(token, _DECIMALS)
    count = int.from_bytes(decimals, "big")
    name = _text(node.call(token, _SYMBOL))
    if len(decimals) != _WORD or count > _MAX_DECIMALS or name is None:
        return BASE_UNITS
    return Unit(name, count)


def _text(data: bytes) -> str | None:
    """A short printable string as the ABI encodes it: offset 32, length, bytes."""
    length = int.from_bytes(data[_WORD : 2 * _WORD], "big")
    if int.from_bytes(data[:_WORD], "big") != _WORD or not 1 <= length <= _MAX_SYMBOL_BYTES:
        return None
    try:
        text = data[2 * _WORD : 2 * _WORD + length].decode()
    except UnicodeDecodeError:
        return None
    return text if len(text.encode()) == length and text.isprintable() else None
