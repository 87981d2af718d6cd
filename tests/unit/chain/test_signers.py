from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.signers import LocalSigner, ReadTransaction, Transaction, load_signer, read_transaction
from ledger.errors import ConfigError, NodeError

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
ADDRESS = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"
SIGNER = LocalSigner.from_key(bytes.fromhex(KEY))
TRANSACTION = Transaction(
    chain_id=5, nonce=9, to="0x" + "35" * 20, data=b"\1\2", gas=50_000, max_fee=3 * 10**9, priority_fee=10**9
)


def test_a_key_file_signs_what_eth_account_recovers(tmp_path: Path) -> None:
    for text in (KEY, f"0x{KEY}\n"):
        (tmp_path / "key").write_text(text)
        signer = load_signer(f"file:{tmp_path / 'key'}")
        assert signer.address == ADDRESS
    signed = signer.sign_transaction(TRANSACTION)
    assert Account.recover_transaction(signed.raw).lower() == ADDRESS
    assert signer.sign_transaction(TRANSACTION) == signed
    assert signer.sign_transaction(Transaction(**_fields(nonce=10))).hash != signed.hash


def _fields(**changes: object) -> dict[str, object]:
    return {name: getattr(TRANSACTION, name) for name in Transaction.__dataclass_fields__} | changes


def test_a_contract_is_made_without_a_recipient() -> None:
    signed = LocalSigner.from_key(bytes.fromhex(KEY)).sign_transaction(Transaction(**_fields(to=None)))
    assert Account.recover_transaction(signed.raw).lower() == ADDRESS


@given(st.integers(0, 2**32), st.integers(1, 2**60), st.integers(21_000, 2**24), st.binary(max_size=300), st.booleans())
def test_a_priced_transaction_is_read_as_it_was_signed(
    nonce: int, price: int, gas: int, data: bytes, makes: bool
) -> None:
    """For chains without EIP-1559; eth-account decodes it as well."""
    to = None if makes else "0x" + "35" * 20
    asked = Transaction(chain_id=77_777, nonce=nonce, to=to, data=data, gas=gas, max_fee=price, priority_fee=None)
    signed = SIGNER.sign_transaction(asked)
    assert signed.raw[0] >= 0xC0
    assert read_transaction(signed.raw) == ReadTransaction(signed.hash, ADDRESS, asked)
    assert read_transaction(signed.raw[:-1]) is None


def test_a_keystore_opens_with_its_password(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text(json.dumps(Account.encrypt(KEY, "correct horse", iterations=2)))
    (tmp_path / "password").write_text("correct horse\n")
    assert load_signer(f"keystore:{tmp_path / 'store.json'}", tmp_path / "password").address == ADDRESS
    (tmp_path / "password").write_text("wrong\n")
    with pytest.raises(ConfigError, match="cannot be opened"):
        load_signer(f"keystore:{tmp_path / 'store.json'}", tmp_path / "password")
    with pytest.raises(ConfigError, match="KEYSTORE_PASSWORD_FILE"):
        load_signer(f"keystore:{tmp_path / 'store.json'}")


@pytest.mark.parametrize("spec", ["", "file:", "keystore:", "rpc:http://host", "rpc:http://host#0x12", "hsm:1", KEY])
def test_settings_that_are_none(spec: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_signer(spec)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("text", ["", "0x12", KEY + "00", "0x" + "00" * 32, "ff" * 32, "g" * 64])
def test_keys_that_are_none_are_never_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_signer(f"file:{tmp_path / 'key'}")
    assert not text or text not in str(caught.value)


def test_a_signer_shows_its_address_only() -> None:
    shown = repr(LocalSigner.from_key(bytes.fromhex(KEY)))
    assert shown == f"LocalSigner({ADDRESS})"
    with pytest.raises(NodeError):
        load_signer(f"rpc:nowhere#{ADDRESS}")


def test_loading_a_signer_leaves_the_recursion_limit_alone() -> None:
    code = (
        "import sys; before = sys.getrecursionlimit(); from ledger.chain.signers import LocalSigner;"
        "LocalSigner.from_key(bytes([7]) * 32); sys.exit(sys.getrecursionlimit() != before)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
