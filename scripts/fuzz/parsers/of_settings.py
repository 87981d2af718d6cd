"""Settings, headers, addresses and cursors; what nodes, key services and servers of events answer."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api import cursors
from ledger.blobs.media_types import parse_media_type
from ledger.blobs.ranges import parse_range
from ledger.chain import answers
from ledger.chain.abi import ErrorShape, Event
from ledger.chain.artifacts import artifact
from ledger.chain.contracts import LOG_CONTRACT, POOL_CONTRACT
from ledger.chain.deployments import Deployment
from ledger.chain.kms import read_public_key, read_signature
from ledger.chain.refusals import read_refusal
from ledger.cli.addresses import parse_address
from ledger.cli.campaign_files import read_document
from ledger.cli.deploy_file import TEMPLATE, read_deploy_file
from ledger.client.sse import Messages
from ledger.config import CONFIG_VARIABLE, Config
from ledger.db.sealed import SealedSecrets
from ledger.db.urls import parse_url
from ledger.errors import FormatError, NodeError
from ledger.guard import kept
from ledger.outgoing import read_url
from ledger.statements.sign_in import checksum_address
from ledger.statements.values import format_time, time_ms
from ledger.tree.growth import CompactRange
from ledger.tree.keys import LogSigner
from scripts.fuzz.parsers import seeds
from scripts.fuzz.parsers.target import Target

_SETTINGS: Final = (
    b'origin = "example.org/crowd"\nrpc_urls = ["https://rpc.example.org"]\nport = 0\nfee_cap_wei = 5\n',
    b'operator_signer = "keystore:a.json"\nblob_store = "s3://a/b"\nexplorer_url = "https://a.example"\n[logs]\n',
    b'event_retention_days = 9\ndatabase_url = "postgresql+asyncpg://u@h/d"\nlog_format = "json"\n',
)
_HASH: Final = "0x" + "ab" * 32
_LOG: Final = {
    "address": "0x" + "cd" * 20, "topics": [_HASH], "data": "0x00", "blockNumber": "0x1", "blockHash": _HASH,
    "transactionHash": _HASH, "logIndex": "0x0", "removed": False, "transactionIndex": "0x0",
}  # fmt: skip
_RECEIPT: Final = {
    "transactionHash": _HASH, "blockNumber": "0x1", "blockHash": _HASH, "status": "0x1", "gasUsed": "0x5208",
    "effectiveGasPrice": "0x7", "contractAddress": None, "logs": [_LOG], "from": "0x" + "cd" * 20, "to": None,
}  # fmt: skip
_BLOCK: Final = {
    "number": "0x1",
    "hash": _HASH,
    "timestamp": "0x6553f100",
    "parentHash": _HASH,
    "gasLimit": "0x1c9c380",
}
_FEES: Final = {"oldestBlock": "0x1", "baseFeePerGas": ["0x7", "0x8"], "gasUsedRatio": [0.5], "reward": [["0x1"]]}


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FormatError("It is no text.") from None


@contextmanager
def _file(data: bytes, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="crowdledger-fuzz-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path


def _settings(data: bytes) -> None:
    with _file(data, "crowdledger.toml") as path:
        before = os.environ.get(CONFIG_VARIABLE)
        os.environ[CONFIG_VARIABLE] = str(path)
        try:
            Config()
        finally:
            if before is None:
                del os.environ[CONFIG_VARIABLE]
            else:
                os.environ[CONFIG_VARIABLE] = before


def _deployment(data: bytes) -> None:
    with _file(data, "31337.json") as path:
        Deployment.load(path)


@cache
def _events_of_contracts() -> dict[bytes, Event]:
    contracts = (artifact(name).abi for name in (LOG_CONTRACT, POOL_CONTRACT))
    return {event.topic: event for abi in contracts for event in abi.events.values()}


def _flat(event: Event) -> bool:
    """Whether each member is one word."""
    return not any(kind in ("string", "bytes") or kind.endswith("]") for kind in event.types)


def _event(data: bytes) -> None:
    """The first word tells the event; then as many words as it has topics, then its data. Errors and results alike."""
    event = _events_of_contracts().get(data[:32])
    if event is None:
        raise FormatError("No contract of ours has such an event.")
    words = 1 + sum(event.indexed)
    topics = [data[32 * at : 32 * at + 32] for at in range(words)]
    made = event.decode(topics, data[32 * words :])
    assert made.keys() == set(event.names)
    ErrorShape(event.name, event.names, event.types).describe(data[32:])


def _log_key(data: bytes) -> None:
    assert LogSigner.from_pem(seeds.ORIGIN, data).verifier_key.name == seeds.ORIGIN


def _compact(data: bytes) -> None:
    """Its bytes fit the sizes that have as many bits set."""
    size = (1 << len(data) // 32) - 1
    assert CompactRange.decode(size, data).encode() == data


def _deploy_file(data: bytes) -> None:
    with _file(data, "deploy.toml") as path:
        read_deploy_file(path)


def _document(data: bytes) -> None:
    with _file(data, "campaign.toml") as path:
        assert isinstance(read_document(path), dict)


def _veto(data: bytes) -> None:
    with _file(data, "veto.json") as path:
        kept.load(path)


def _json(data: bytes) -> object:
    """As answers of nodes come: any JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise FormatError("It is no JSON.") from None


def _answer(data: bytes) -> None:
    """One value after the other as each kind of answer: another kind's is refused."""
    value = _json(data)
    readers = (
        answers.block,
        answers.creation,
        lambda answer: answers.log_entries(answer, "logs"),
        lambda answer: answers.receipt(answer, _HASH),
        lambda answer: answers.fee_history(answer, 1),
        lambda answer: answers.quantity(answer, "a number"),
        lambda answer: answers.data(answer, "data"),
        lambda answer: answers.address(answer, "an address"),
    )
    refusals = []
    for read in readers:
        try:
            read(value)
        except NodeError as error:
            refusals.append(error)
    if len(refusals) == len(readers):
        raise refusals[0]


def _cursor(data: bytes) -> None:
    text = _text(data)
    found = cursors.decode(text)
    assert cursors.encode(found) == text


def _place(data: bytes) -> None:
    text = _text(data)
    assert cursors.encode_place(*cursors.decode_place(text)) == text


def _range(data: bytes) -> None:
    found = parse_range(data.decode("latin-1"), 1_000)
    assert found is None or 0 <= found[0] < found[1] <= 1_000


def _media_type(data: bytes) -> None:
    once = parse_media_type(data.decode("latin-1"))
    assert parse_media_type(once) == once


def _url(data: bytes) -> None:
    """What is read is an address of http or https without anything hidden in it."""
    text = _text(data)
    found = read_url(text)
    assert found.target.startswith("/")
    assert not set("\r\n\t ") & set(found.target + found.host)


def _time(data: bytes) -> None:
    text = _text(data)
    assert format_time(time_ms(text)) == text


_BY_BYTE: Final = 2_000


def _events(data: bytes) -> None:
    """However a stream is cut, it says the same."""
    data = data[:_BY_BYTE]
    whole = list(Messages().feed(data))
    by_byte = Messages()
    parts = [message for at in range(len(data)) for message in by_byte.feed(data[at : at + 1])]
    if not data.endswith(b"\r"):
        assert parts == whole


_SEALED: Final = SealedSecrets(b"A" * 43 + b"=\n")


def _unsealed(data: bytes) -> None:
    assert _SEALED.open(_text(data)) == b"secret"


def _keys_of_sealing(data: bytes) -> None:
    made = SealedSecrets(data)
    assert made.open(made.seal(b"x")) == b"x"


@cache
def _kms_key() -> bytes:
    key = derive_private_key(int.from_bytes(seeds.WALLET.to_bytes()), SECP256K1()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _kms_signature(data: bytes) -> None:
    read_signature(data, b"\x01" * 32, read_public_key(_kms_key()))


def _kms_signatures() -> list[bytes]:
    made = seeds.WALLET.sign_msg_hash(b"\x01" * 32)
    return [encode_dss_signature(made.r, made.s)]


_VETO: Final = {
    "v": 1, "chain_id": 1, "pool": "0x" + "cd" * 20, "account": "0x" + "cd" * 20, "nonce": 0,
    "attempts": [
        {"number": 1, "raw": "02", "hash": _HASH, "gas": 1, "max_fee": 1, "priority_fee": None, "at_ms": 1}
    ],
}  # fmt: skip
_DEPLOYMENT: Final = {
    "chain_id": 31337, "contribution_log": "0x" + "5f" * 20, "log_id": _HASH, "origin": seeds.ORIGIN,
    "pool": "0x" + "cd" * 20, "token": "0x" + "ef" * 20, "settlement_delay": 172_800, "dev": False, "block": 7,
}  # fmt: skip

TARGETS: Final = (
    Target("settings", ("Config",), _settings, lambda: list(_SETTINGS)),
    Target(
        "answer of a node",
        ("answers.block", "answers.log_entries", "answers.receipt", "answers.fee_history", "answers.creation"),
        _answer,
        lambda: [msgspec.json.encode(each) for each in (_RECEIPT, [_LOG], _BLOCK, _FEES, "0x1")],
    ),
    Target(
        "refusal of a node",
        ("read_refusal",),
        lambda data: read_refusal(_text(data)),
        lambda: [b"already known", b"insufficient funds for gas", b"nonce too low"],
    ),
    Target("key of a key service", ("read_public_key",), read_public_key, lambda: [_kms_key()]),
    Target("signature of a key service", ("read_signature",), _kms_signature, _kms_signatures),
    Target("cursor", ("cursors.decode",), _cursor, lambda: [str(cursors.encode(n)).encode() for n in (0, 7, 2**40)]),
    Target("cursor of a place", ("cursors.decode_place",), _place, lambda: [cursors.encode_place(9, 4).encode()]),
    Target("byte range", ("parse_range",), _range, lambda: [b"bytes=0-99", b"bytes=-5", b"bytes=7-"]),
    Target("media type", ("parse_media_type",), _media_type, lambda: [b"text/plain; charset=utf-8", b"image/png"]),
    Target(
        "address of a request",
        ("read_url",),
        _url,
        lambda: [b"https://a.example:8443/x?y=1", b"https://[2001:db8::1]/"],
    ),
    Target("time", ("time_ms",), _time, lambda: [b"2026-11-22T03:14:00.123Z", b"2024-02-29T23:59:59.999Z"]),
    Target(
        "stream of events", ("Messages.feed",), _events, lambda: [b": hi\nid: 7\nevent: e\ndata: {}\n\nretry: 5\n\n"]
    ),
    Target("sealed secret", ("SealedSecrets.open",), _unsealed, lambda: [_SEALED.seal(b"secret").encode()]),
    Target(
        "keys of sealing",
        ("SealedSecrets",),
        _keys_of_sealing,
        lambda: [b"A" * 43 + b"=\n", b"B" * 43 + b"=\n" + b"A" * 43 + b"=\n"],
    ),
    Target(
        "event of a contract",
        ("Event.decode", "ErrorShape.describe", "Function.decode"),
        _event,
        lambda: [each.topic + bytes(32 * len(each.names)) for each in _events_of_contracts().values() if _flat(each)],
    ),
    Target("key of a log", ("LogSigner.from_pem",), _log_key, lambda: [seeds.SIGNER.to_pem()]),
    Target("head of a tree", ("CompactRange.decode",), _compact, lambda: [bytes(32), b"x" * 64, b"y" * 96]),
    Target(
        "address of an account",
        ("parse_address",),
        lambda data: parse_address(_text(data)),
        lambda: [seeds.ADDRESS.encode(), checksum_address(seeds.ADDRESS).encode()],
    ),
    Target(
        "address of a database",
        ("parse_url",),
        lambda data: parse_url(_text(data)),
        lambda: [b"sqlite+aiosqlite:///a.db", b"postgresql+asyncpg://u@host:5432/d?ssl=require"],
    ),
    Target("deployment", ("Deployment.load",), _deployment, lambda: [json.dumps(_DEPLOYMENT).encode()]),
    Target(
        "file of a deployment to be",
        ("read_deploy_file",),
        _deploy_file,
        lambda: [TEMPLATE.replace("0x...", seeds.ADDRESS).encode()],
    ),
    Target(
        "file of a campaign",
        ("read_document",),
        _document,
        lambda: [b'title = "A"\nclosing_date = 2026-11-22T00:00:00Z\n[policy]\nname = "prizes"\n', b'{"title": "A"}'],
    ),
    Target("veto under way", ("kept.load",), _veto, lambda: [json.dumps(_VETO).encode()]),
)
