"""Who signs transactions: a key in a file, an encrypted keystore, or a remote JSON-RPC signer.

No key is ever shown: a signer's ``repr`` is its address. eth-account takes seconds to import on a busy machine and is
loaded only when a signer is.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ledger.chain import answers, rlp
from ledger.chain.deployments import read_small_file
from ledger.chain.rpc import Node
from ledger.errors import ConfigError, NodeError, TransactionError
from ledger.statements.onchain import keccak256

if TYPE_CHECKING:
    from eth_account import Account
    from eth_account.signers.local import LocalAccount

_PRIVATE_KEY = re.compile(r"(?:0x)?[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_KEY_REMEDY = "A signer is file:PATH, keystore:PATH or rpc:URL#ADDRESS."


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction to sign. Fees are wei a gas; ``to`` is None where a contract is made.

    With a ``priority_fee`` it is one of EIP-1559; without, for a chain that has no such fees, ``max_fee`` is its gas
    price (EIP-155).
    """

    chain_id: int
    nonce: int
    to: str | None
    data: bytes
    gas: int
    max_fee: int
    priority_fee: int | None


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A signed transaction: its bytes, and the hash under which the chain knows it."""

    raw: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class ReadTransaction:
    """What the bytes of a signed transaction say, and nobody else: its hash, who signed it, and what."""

    hash: str
    sender: str
    transaction: Transaction


class Signer(Protocol):
    """Signs as one account; all that a way to keep a key has to offer.

    A key service in a cloud is a file of its own beside this one: a function that has the service sign a digest, given
    to :class:`ledger.chain.kms.KmsSigner`, which does the rest; and its form of setting in ``load_signer`` below and in
    the configuration. Signing may take a while: callers that must not wait ask in a thread.
    """

    @property
    def address(self) -> str:
        """The account, 0x and lower case."""
        ...

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        """Sign; the same transaction gives the same bytes with a local key."""
        ...


def _accounts() -> Account:
    """eth-account's functions. Importing it raises Python's recursion limit a hundredfold, with which deeply nested
    JSON from a stranger would overflow the stack; the limit is put back."""
    limit = sys.getrecursionlimit()
    from eth_account import Account

    sys.setrecursionlimit(limit)
    return Account()


class LocalSigner:
    """A key in this process."""

    __slots__ = ("_account", "address")

    def __init__(self, account: LocalAccount) -> None:
        self._account = account
        self.address = str(account.address).lower()

    @classmethod
    def from_key(cls, key: bytes) -> LocalSigner:
        """Of a private key of 32 bytes. Raises ConfigError where it is none."""
        try:
            account: LocalAccount = _accounts().from_key(key)
        except Exception:  # whatever it is, its text could show the key
            raise ConfigError("The signer's key is not a secp256k1 private key.", remedy=_KEY_REMEDY) from None
        return cls(account)

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        """See :class:`Signer`."""
        fields: dict[str, Any] = {
            "chainId": transaction.chain_id,
            "nonce": transaction.nonce,
            "to": bytes.fromhex(transaction.to[2:]) if transaction.to else b"",
            "data": transaction.data,
            "value": 0,
            "gas": transaction.gas,
            **_fees(transaction),
        }
        if transaction.priority_fee is not None:
            fields["type"] = 2
        raw = bytes(self._account.sign_transaction(fields).raw_transaction)
        return SignedTransaction(raw, "0x" + keccak256(raw).hex())


class RemoteSigner:
    """A JSON-RPC signer (``eth_signTransaction``), such as Clef, Web3signer or a development node."""

    def __init__(self, url: str, address: str) -> None:
        self._node = Node(url)
        self.address = address

    def __repr__(self) -> str:
        return f"RemoteSigner({self.address} at {self._node.shown})"

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        """See :class:`Signer`. Raises NodeError where the answer is not this transaction signed by the address."""
        wanted = {
            "from": self.address,
            "chainId": hex(transaction.chain_id),
            "nonce": hex(transaction.nonce),
            "data": "0x" + transaction.data.hex(),
            "value": "0x0",
            "gas": hex(transaction.gas),
            **{name: hex(fee) for name, fee in _fees(transaction).items()},
        } | ({"to": transaction.to} if transaction.to else {})
        answer = self._node.request("eth_signTransaction", wanted)
        raw = answers.data(answer.get("raw") if isinstance(answer, dict) else answer, "eth_signTransaction")
        signed = SignedTransaction(raw, "0x" + keccak256(raw).hex())
        if read_transaction(raw) != ReadTransaction(signed.hash, self.address, transaction):
            raise NodeError("The remote signer signed something else than it was given.", remedy="Check the signer.")
        return signed


def _fees(transaction: Transaction) -> dict[str, int]:
    """The members of a transaction that say what gas may cost."""
    if transaction.priority_fee is None:
        return {"gasPrice": transaction.max_fee}
    return {"maxFeePerGas": transaction.max_fee, "maxPriorityFeePerGas": transaction.priority_fee}


def read_transaction(raw: bytes) -> ReadTransaction | None:
    """A raw transaction as a signer here makes it (EIP-1559, or EIP-155 before it), which moves no coins; None for
    anything else."""
    accounts = _accounts()
    try:
        signer = str(accounts.recover_transaction(raw)).lower()
        # What is not typed begins as the list that it is (EIP-2718).
        transaction = _priced_fields(raw) if raw[0] >= 0xC0 else _typed_fields(raw)
        return ReadTransaction("0x" + keccak256(raw).hex(), signer, transaction)
    except Exception:  # the decoders raise whatever comes; the bytes are a stranger's
        return None


def _typed_fields(raw: bytes) -> Transaction:
    from eth_account.typed_transactions.typed_transaction import TypedTransaction
    from hexbytes import HexBytes

    fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    if fields["type"] != 2 or fields["value"] or fields["accessList"]:
        raise ValueError("another kind of transaction")
    to = bytes(fields["to"])
    return Transaction(
        chain_id=fields["chainId"],
        nonce=fields["nonce"],
        to="0x" + to.hex() if to else None,
        data=bytes(fields["data"]),
        gas=fields["gas"],
        max_fee=fields["maxFeePerGas"],
        priority_fee=fields["maxPriorityFeePerGas"],
    )


def _priced_fields(raw: bytes) -> Transaction:
    nonce, price, gas, to, value, data, v, _, _ = rlp.strings(raw)
    if value:
        raise ValueError("it moves coins")
    return Transaction(
        chain_id=(int.from_bytes(v, "big") - 35) // 2,  # EIP-155
        nonce=int.from_bytes(nonce, "big"),
        to="0x" + to.hex() if to else None,
        data=data,
        gas=int.from_bytes(gas, "big"),
        max_fee=int.from_bytes(price, "big"),
        priority_fee=None,
    )


def load_signer(spec: str, password_file: Path | None = None) -> Signer:
    """The signer of ``file:PATH`` (32 bytes in hex), ``keystore:PATH`` (Web3 Secret Storage) or ``rpc:URL#ADDRESS``.

    ``password_file`` opens a keystore. Raises ConfigError, which never repeats what it read.
    """
    kind, _, rest = spec.partition(":")
    if kind == "file" and rest:
        data = read_small_file(Path(rest), "signer's key file", "Give the path of a file with the private key.")
        text = data.decode("ascii", errors="replace").strip()
        if not _PRIVATE_KEY.fullmatch(text):
            raise ConfigError(f"The key file {rest} does not hold 32 bytes in hex.", remedy="Write the key there.")
        return LocalSigner.from_key(bytes.fromhex(text.removeprefix("0x")))
    if kind == "keystore" and rest:
        return _open_keystore(Path(rest), password_file)
    if kind == "rpc" and "#" in rest:
        url, _, address = rest.rpartition("#")
        if not _ADDRESS.fullmatch(address):
            raise ConfigError("What follows # in the signer is not an address.", remedy=_KEY_REMEDY)
        return RemoteSigner(url, address.lower())
    raise ConfigError("A signer's setting is in none of the known forms.", remedy=_KEY_REMEDY)


def _open_keystore(path: Path, password_file: Path | None) -> LocalSigner:
    if password_file is None:
        raise ConfigError(
            f"The keystore {path} needs a password.", remedy="Set CROWDLEDGER_KEYSTORE_PASSWORD_FILE to its file."
        )
    encrypted = read_small_file(path, "keystore", "Give the path of an encrypted key file.")
    password = read_small_file(password_file, "keystore's password file", "Write the password there.")
    try:
        key = bytes(_accounts().decrypt(encrypted.decode(), password.decode().rstrip("\r\n")))
    except Exception:  # a wrong password, broken JSON, an unknown cipher: none may show what was read
        raise ConfigError(
            f"The keystore {path} cannot be opened.", remedy="Check the file and its password; both stay as they are."
        ) from None
    return LocalSigner.from_key(key)


def require_funds(node: Node, signer: Signer, role: str) -> None:
    """Raise TransactionError where the account has no coins to pay gas with."""
    if node.balance(signer.address) == 0:
        raise TransactionError(
            f"The {role} {signer.address} has no coins to pay for gas.", remedy=f"Send some to {signer.address}."
        )
