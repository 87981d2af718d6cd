"""The values that constructors write, against the contracts' own words and other people's EIP-712."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.artifacts import artifact
from ledger.chain.contracts import PoolTerms
from ledger.chain.deploying.creations import (
    Creation,
    dev_token_creation,
    log_creation,
    pool_creation,
)
from ledger.chain.deploying.terms import NewToken, Terms
from ledger.chain.immutables import domain_immutables, grace, pool_immutables, role_delay
from ledger.errors import ConfigError, WrongContractError

ROOT = Path(__file__).resolve().parents[3]
LOG, POOL, TOKEN = ("0x" + digit * 40 for digit in "123")
TERMS = Terms(
    chain_id=10,
    origin="example.org/crowd",
    vkey="",
    settlement_delay=172_800,
    admin="0x" + "a" * 40,
    reporter="0x" + "b" * 40,
    guardian="0x" + "c" * 40,
    token=TOKEN,
)


@given(st.text(max_size=7), st.integers(1, 2**53), st.binary(min_size=20, max_size=20))
def test_the_cached_domain_is_the_one_that_wallets_sign_for(name: str, chain_id: int, contract: bytes) -> None:
    address = "0x" + contract.hex()
    domain = {"name": name, "version": "1", "chainId": chain_id, "verifyingContract": address}
    theirs = encode_typed_data(domain, {"Nothing": [{"name": "a", "type": "uint256"}]}, {"a": 1}).header
    values = domain_immutables(name, chain_id, address)
    assert values["_cachedDomainSeparator"] == theirs
    assert values["_name"][-1] == len(name.encode())
    assert {len(value) for value in values.values()} == {32}


def test_names_that_no_contract_would_take() -> None:
    assert domain_immutables("é" * 15, 1, POOL)["_name"][-1] == 30
    with pytest.raises(WrongContractError, match="A name of 32 bytes; ours have 31 at most"):
        domain_immutables("é" * 16, 1, POOL)


def test_the_delays_that_follow_from_the_settlement_delay() -> None:
    assert (role_delay(86_400), grace(86_400)) == (435_600, 435_600 + 172_800 + 86_400)
    source = (ROOT / "contracts" / "Settlements.sol").read_text()
    assert re.search(r"2 \* settlementDelay \+ MAX_PAUSE \+ 1 hours", source)
    assert re.search(r"ROLE_DELAY \+ 2 \* settlementDelay \+ 1 days", source)


@pytest.mark.parametrize("cap", [None, 5])
def test_every_immutable_of_a_pool_has_its_value(cap: int | None) -> None:
    terms = PoolTerms(LOG, "0x" + "22" * 32, TOKEN, 172_800, cap)
    values = pool_immutables(10, POOL, terms, "CrowdLedger")
    ours = artifact("RewardPool" if cap is None else "RewardToken")
    code = bytearray(ours.deployed)
    for name, places in ours.immutables.items():
        for begin, end in places:
            code[begin:end] = values[name]
    assert ours.wrong_immutables(bytes(code), values) == []
    with pytest.raises(ConfigError, match="are not known: LOG_ID"):
        ours.wrong_immutables(bytes(code), {name: values[name] for name in values if name != "LOG_ID"})
    begin, end = ours.immutables["GRACE"][0]
    code[begin] ^= 1
    assert ours.wrong_immutables(bytes(code), values) == ["GRACE"]


def test_the_log_contract_has_no_immutables() -> None:
    assert artifact("ContributionLog").immutables == {}


def test_arguments_stand_in_the_order_of_the_constructors() -> None:
    coin = NewToken(name="Bird Coin", symbol="BIRD", cap=7)
    with_coin = Terms(**{name: getattr(TERMS, name) for name in TERMS.__dataclass_fields__} | {"new_token": coin})
    creations: list[Creation] = [
        log_creation(),
        dev_token_creation(),
        pool_creation(TERMS, LOG, "0x" + "22" * 32, TOKEN),
        pool_creation(with_coin, LOG, "0x" + "22" * 32, ""),
    ]
    for creation in creations:
        source = (ROOT / artifact(creation.contract).source).read_text()
        found = re.search(r"constructor\(([^)]*)\)", source)
        names = re.findall(r"(\w+)(?:,|\s*$)", found[1]) if found else []
        assert list(creation.arguments) == [name.rstrip("_") for name in names] or creation.contract == "DevToken"
        assert creation.data.endswith(creation.encoded)
        assert len(artifact(creation.contract).abi.constructor) == len(creation.arguments)


def test_what_is_asked_is_kept_without_what_is_only_consent() -> None:
    assert "one_key_accepted" not in TERMS.members()
