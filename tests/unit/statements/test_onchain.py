"""Against eth_abi and eth_utils."""

import hashlib
import json
from pathlib import Path

import msgspec
import rfc8785
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from ledger.statements import kinds, onchain
from ledger.statements.campaigns import CampaignOpened, Prizes

ADDRESS = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
HASH = st.binary(min_size=32, max_size=32).map(lambda raw: "0x" + raw.hex())
UINT = st.integers(0, 2**256 - 1)
EXAMPLE = Path(__file__).parents[3] / "docs/formats/examples/campaign.opened.json"


@given(ADDRESS, st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_log_id(opener, origin):
    assert onchain.log_id(opener, origin) == "0x" + keccak(encode(["address", "string"], [opener, origin])).hex()


@given(ADDRESS, HASH, HASH)
def test_campaign_id(opener, log, charter):
    words = encode(["address", "bytes32", "bytes32"], [opener, bytes.fromhex(log[2:]), bytes.fromhex(charter[2:])])
    assert onchain.campaign_id(opener, log, charter) == "0x" + keccak(words).hex()


@given(UINT, UINT, HASH, UINT, st.lists(st.tuples(HASH, UINT, st.booleans()), max_size=5))
def test_proposal_hash(number, parent, root, size, lines):
    campaigns, totals, finals = [list(column) for column in zip(*lines, strict=True)] or [[], [], []]
    words = encode(
        ["uint256", "uint256", "bytes32", "uint256", "bytes32[]", "uint256[]", "bool[]"],
        [
            number,
            parent,
            bytes.fromhex(root[2:]),
            size,
            [bytes.fromhex(each[2:]) for each in campaigns],
            totals,
            finals,
        ],
    )
    assert onchain.proposal_hash(number, parent, root, size, campaigns, totals, finals) == "0x" + keccak(words).hex()


def test_charter_is_the_digest_of_the_promises():
    statement = kinds.parse(EXAMPLE.read_bytes())
    assert isinstance(statement, CampaignOpened)
    members = json.loads(EXAMPLE.read_bytes())
    promises = {name: members[name] for name in ("policy", "terms", "goal", "funding_deadline", "closing_date")}
    wanted = hashlib.sha256(rfc8785.dumps(promises | {"campaign": members["id"]})).hexdigest()
    assert onchain.charter(statement) == "0x" + wanted
    assert onchain.charter(msgspec.structs.replace(statement, goal="1")) != "0x" + wanted


def test_a_charter_holds_lists_and_leaves_out_what_is_absent():
    opened = kinds.parse(EXAMPLE.read_bytes())
    prizes = Prizes(amounts=["50", "25", "25"], min_score="0.5")
    changed = msgspec.structs.replace(opened, policy=prizes, goal=None, funding_deadline=None)
    policy = {"name": "prizes", "amounts": ["50", "25", "25"], "min_score": "0.5"}
    promises = {"campaign": opened.id, "policy": policy, "terms": opened.terms, "closing_date": opened.closing_date}
    assert onchain.charter(changed) == "0x" + hashlib.sha256(rfc8785.dumps(promises)).hexdigest()
    other = msgspec.structs.replace(prizes, amounts=["25", "50", "25"])
    assert onchain.charter(msgspec.structs.replace(changed, policy=other)) != onchain.charter(changed)
