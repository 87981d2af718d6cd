from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.log_span import MOST_BLOCKS, LogSpan


@given(st.lists(st.tuples(st.sampled_from(["worked", "refused", "late"]), st.integers(1, MOST_BLOCKS)), max_size=60))
def test_it_stays_in_its_bounds_and_only_falls_on_refusals(events: list[tuple[str, int]]) -> None:
    span = LogSpan()
    for event, left in events:
        asked, before = min(span.blocks, left), span.blocks
        getattr(span, event)(asked)
        assert 1 <= span.blocks <= MOST_BLOCKS
        if event == "worked":
            assert before <= span.blocks <= before + before // 4 + 1
        elif event == "refused":
            assert max(1, asked // 2) <= span.blocks < max(2, asked)
        else:
            assert span.blocks == max(1, asked // 8)


@given(st.integers(1, 2 * MOST_BLOCKS), st.integers(1, 10**6))
def test_a_limit_is_found_with_few_questions(limit: int, blocks: int) -> None:
    """Whatever a provider allows: all is read, and few questions are in vain."""
    span, left, asked_times, in_vain = LogSpan(), blocks, 0, 0
    while left and asked_times < 300:
        asked = min(span.blocks, left)
        asked_times += 1
        if asked <= limit:
            span.worked(asked)
            left -= asked
        else:
            span.refused(asked)
            in_vain += 1
    assert in_vain <= 18 + asked_times // 4
    assert left == 0 or limit < blocks // 100
