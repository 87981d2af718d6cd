import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.consensus.majority import majority


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30), st.randoms())
def test_the_order_of_answers_does_not_matter(labels, shuffler: random.Random):
    mixed = list(labels)
    shuffler.shuffle(mixed)
    result = majority(labels)
    assert result == majority(mixed)
    best = max(labels.count(label) for label in labels)
    winners = {label for label in labels if labels.count(label) == best}
    assert result.votes == best
    assert result.label == (winners.pop() if len(winners) == 1 else None)


def test_shares_and_nothing_at_all():
    assert majority("aab").share_millionths == 666_666
    with pytest.raises(ValueError, match="without answers"):
        majority([])
