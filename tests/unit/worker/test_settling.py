from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book.rewards import CampaignLine, Settlement
from ledger.chain.contracts import propose_call
from ledger.statements.onchain import ZERO_HASH, keccak256
from ledger.worker.settling import proposal_of

_HASHES = st.binary(min_size=32, max_size=32).map(lambda value: "0x" + value.hex())
_LINES = st.builds(
    CampaignLine, campaign=st.just("c"), onchain_id=_HASHES, total=st.integers(0, 2**120 - 1), final=st.booleans()
)


@given(lines=st.lists(_LINES, max_size=4, unique_by=lambda line: line.onchain_id), number=st.integers(1, 99))
@settings(max_examples=30)
def test_what_is_proposed_hashes_to_what_the_log_says(lines: list[CampaignLine], number: int) -> None:
    """The contract hashes the encoded arguments, the statement holds the book's own hash of them."""
    settlement = Settlement(
        chain_id=1,
        pool="0x" + "11" * 20,
        number=number,
        parent=number - 1,
        size=7,
        root=ZERO_HASH,
        total=0,
        campaigns=tuple(sorted(lines, key=lambda line: line.onchain_id)),
        accounts={},
        waiting={},
        paid={},
        postponed=frozenset(),
    )
    assert "0x" + keccak256(propose_call(proposal_of(settlement))[4:]).hex() == settlement.proposal
