"""Our encoding against web3's, over random arguments of the calls we make."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web3 import Web3

from ledger.chain import contracts
from ledger.chain.abi import BUILT_IN_ERRORS, Abi
from ledger.chain.artifacts import artifact, artifacts_folder, describe_revert
from ledger.chain.contracts import Proposal
from ledger.errors import ConfigError, NodeError
from ledger.statements.onchain import keccak256, proposal_hash

WEB3 = Web3()
hashes = st.binary(min_size=32, max_size=32)
hex_hashes = hashes.map(lambda value: "0x" + value.hex())
addresses = st.binary(min_size=20, max_size=20).map(lambda value: "0x" + value.hex())
amounts = st.integers(0, 2**120 - 1)


def theirs(name: str) -> Any:
    members = json.loads((artifacts_folder() / f"{name}.json").read_text())
    return WEB3.eth.contract(abi=members["abi"])


@given(log_id=hex_hashes, size=amounts, root=hashes, proof=st.lists(hashes, max_size=4))
@settings(max_examples=20)
def test_anchor_calls_are_those_of_web3(log_id: str, size: int, root: bytes, proof: list[bytes]) -> None:
    expected = theirs("ContributionLog").encode_abi("anchor", [bytes.fromhex(log_id[2:]), size, root, proof])
    assert "0x" + contracts.anchor_call(log_id, size, root, proof).hex() == expected


@given(root=hex_hashes, lines=st.lists(st.tuples(hex_hashes, amounts, st.booleans()), max_size=4))
@settings(max_examples=20)
def test_proposals_are_those_of_web3_and_hash_alike(root: str, lines: list[tuple[str, int, bool]]) -> None:
    campaigns, totals, finals = (tuple(column) for column in zip(*lines, strict=True)) if lines else ((), (), ())
    proposal = Proposal(3, 2, root, 77, campaigns, totals, finals)
    data = contracts.propose_call(proposal)
    expected = theirs("RewardPool").encode_abi(
        "propose",
        [
            3,
            2,
            bytes.fromhex(root[2:]),
            77,
            [bytes.fromhex(each[2:]) for each in campaigns],
            list(totals),
            list(finals),
        ],
    )
    assert "0x" + data.hex() == expected
    # The contract hashes abi.encode of the same arguments: what follows the selector.
    assert "0x" + keccak256(data[4:]).hex() == proposal_hash(3, 2, root, 77, campaigns, totals, finals)


@given(pairs=st.lists(st.tuples(addresses, amounts), min_size=1, max_size=4), proof=st.lists(hashes, max_size=3))
@settings(max_examples=20)
def test_claims_are_those_of_web3(pairs: list[tuple[str, int]], proof: list[bytes]) -> None:
    accounts, units = [each[0] for each in pairs], [each[1] for each in pairs]
    flags = [2**256 - 1] * len(proof)
    checked = [Web3.to_checksum_address(each) for each in accounts]
    expected = theirs("RewardPool").encode_abi("claimMany", [checked, units, proof, flags])
    assert "0x" + contracts.claim_many_call(accounts, units, proof, flags).hex() == expected


def test_topics_and_selectors_of_structs_and_arrays() -> None:
    abi = artifact("RewardPool").abi
    proposed = "SettlementProposed(uint256,uint256,bytes32,uint256,bytes32,bytes32[],uint256[],bool[])"
    assert abi.events["SettlementProposed"].topic == bytes(Web3.keccak(text=proposed))
    assert abi.functions["campaignOf"].selector == bytes(Web3.keccak(text="campaignOf(bytes32)"))[:4]
    record = "(address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bool,bool,bool)"
    assert abi.functions["campaignOf"].outputs == (record,)


@given(data=st.binary(max_size=400))
def test_any_bytes_decode_or_are_a_node_error(data: bytes) -> None:
    abi = artifact("RewardPool").abi
    for function in (abi.functions["campaignOf"], abi.functions["pending"], abi.functions["books"]):
        with contextlib.suppress(NodeError):
            function.decode(data)
    with contextlib.suppress(NodeError):
        abi.events["SettlementProposed"].decode([abi.events["SettlementProposed"].topic, bytes(32)], data)


@given(data=st.binary(max_size=100))
def test_any_revert_data_give_words(data: bytes) -> None:
    assert describe_revert(data) or not data


def test_errors_become_words() -> None:
    ready = keccak256(b"DelayNotOver(uint256)")[:4] + (1_790_000_000).to_bytes(32, "big")
    assert describe_revert(ready) == "DelayNotOver(readyAt=1790000000)"
    assert describe_revert(ready[:10]) == "DelayNotOver"
    panic = keccak256(b"Panic(uint256)")[:4]
    assert panic in BUILT_IN_ERRORS
    assert describe_revert(panic + (0x11).to_bytes(32, "big")) == "Panic(code=17)"
    assert describe_revert(b"\1\2\3\4") == "unknown error 0x01020304"


def test_code_is_ours_whatever_its_immutables_are_and_nothing_else_is() -> None:
    pool = artifact("RewardPool")
    assert pool.immutables
    filled = bytearray(pool.deployed)
    everywhere = [place for places in pool.immutables.values() for place in places]
    for begin, end in everywhere:
        filled[begin:end] = b"\xaa" * (end - begin)
    assert pool.matches(bytes(filled))
    inside = {place for begin, end in everywhere for place in range(begin, end)}
    outside = next(place for place in range(len(filled)) if place not in inside)
    filled[outside] ^= 1
    assert not pool.matches(bytes(filled))
    assert not pool.matches(pool.deployed[:-1])
    assert not artifact("ContributionLog").matches(pool.deployed)


def test_an_artifact_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match="make contracts"):
        artifact("Nothing")


def test_an_event_of_another_kind_is_refused() -> None:
    event = Abi(
        [{"type": "event", "name": "Moved", "inputs": [{"name": "by", "type": "uint256", "indexed": True}]}]
    ).events["Moved"]
    assert event.decode([event.topic, (5).to_bytes(32, "big")], b"") == {"by": 5}
    for topics in ([event.topic], [bytes(32), bytes(32)], []):
        with pytest.raises(NodeError):
            event.decode(topics, b"")
