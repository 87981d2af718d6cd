"""Signatures of accounts without code: EIP-712 hashes packed by hand, so that nothing of what is tested makes them."""

from __future__ import annotations

import hashlib

from coincurve import PrivateKey
from eth_abi.abi import encode
from eth_utils.crypto import keccak

_DOMAIN = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_PERMIT = keccak(text="Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
_SET_PAYEE = keccak(text="SetPayee(address account,address payee,uint256 nonce,uint256 deadline)")


class Account:
    """An account with a key of its own."""

    def __init__(self, name: str) -> None:
        self._key = PrivateKey(hashlib.sha256(name.encode()).digest())
        self.address = "0x" + keccak(self._key.public_key.format(compressed=False)[1:])[-20:].hex()

    def sign(self, digest: bytes) -> bytes:
        """r, s and v (27 or 28): 65 bytes."""
        signed = self._key.sign_recoverable(digest, hasher=None)
        return signed[:64] + bytes([signed[64] + 27])


def domain(name: str, chain_id: int, contract: str) -> bytes:
    """The domain separator of version 1."""
    types = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
    return keccak(encode(types, [_DOMAIN, keccak(text=name), keccak(text="1"), chain_id, contract]))


def set_payee_digest(separator: bytes, account: str, payee: str, nonce: int, deadline: int) -> bytes:
    """What an account signs to choose its payee."""
    types = ["bytes32", "address", "address", "uint256", "uint256"]
    return keccak(b"\x19\x01" + separator + keccak(encode(types, [_SET_PAYEE, account, payee, nonce, deadline])))


def permit_digest(separator: bytes, owner: str, spender: str, value: int, nonce: int, deadline: int) -> bytes:
    """What an owner signs under ERC-2612."""
    types = ["bytes32", "address", "address", "uint256", "uint256", "uint256"]
    return keccak(b"\x19\x01" + separator + keccak(encode(types, [_PERMIT, owner, spender, value, nonce, deadline])))
