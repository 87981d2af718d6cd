"""Choosing where an account is paid by a signature, so that somebody else can send the transaction (EIP-712)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.chain.artifacts import artifact
from ledger.chain.contracts import POOL_CONTRACT
from ledger.chain.rpc import BlockTag, Node

_DOMAIN_TYPE = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
_CHOICE_TYPE = [
    {"name": "account", "type": "address"},
    {"name": "payee", "type": "address"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]


@dataclass(frozen=True, slots=True)
class PoolDomain:
    """Where a choice counts: one pool on one chain (ERC-5267)."""

    name: str
    version: str
    chain_id: int
    pool: str


@dataclass(frozen=True, slots=True)
class PayeeChoice:
    """``account`` wants to be paid at ``payee``; good once, until ``deadline`` (block time, seconds)."""

    account: str
    payee: str
    nonce: int
    deadline: int

    def typed_data(self, domain: PoolDomain) -> dict[str, Any]:
        """What the account's wallet signs, as ``eth_signTypedData_v4`` takes it."""
        return {
            "types": {"EIP712Domain": _DOMAIN_TYPE, "SetPayee": _CHOICE_TYPE},
            "primaryType": "SetPayee",
            "domain": {
                "name": domain.name,
                "version": domain.version,
                "chainId": domain.chain_id,
                "verifyingContract": domain.pool,
            },
            "message": {
                "account": self.account,
                "payee": self.payee,
                "nonce": self.nonce,
                "deadline": self.deadline,
            },
        }


def read_domain(node: Node, pool: str) -> PoolDomain:
    """``eip712Domain()``: a RewardToken has its own name there."""
    function = artifact(POOL_CONTRACT).abi.functions["eip712Domain"]
    _, name, version, chain_id, contract, _, _ = function.decode(node.call(pool, function.encode()))
    return PoolDomain(name, version, chain_id, contract)


def read_nonce(node: Node, pool: str, account: str, tag: BlockTag = "latest") -> int:
    """``payeeNonceOf(account)``: the nonce that its next signature must carry."""
    function = artifact(POOL_CONTRACT).abi.functions["payeeNonceOf"]
    return int(function.decode(node.call(pool, function.encode(account), tag))[0])


def set_payee_call(payee: str) -> bytes:
    """``setPayee(payee)``; the zero address: at the account itself."""
    return artifact(POOL_CONTRACT).abi.functions["setPayee"].encode(payee)


def set_payee_by_signature_call(choice: PayeeChoice, signature: bytes) -> bytes:
    """``setPayeeBySignature(account, payee, deadline, signature)``, sent by anyone."""
    function = artifact(POOL_CONTRACT).abi.functions["setPayeeBySignature"]
    return function.encode(choice.account, choice.payee, choice.deadline, signature)
