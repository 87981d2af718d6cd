import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.consensus.answers import Answer
from ledger.consensus.majority import MajorityVote, majority


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


def test_the_vote_over_many_tasks():
    rows = ["t ann yes", "t bob yes", "t cid no", "u ann no", "u bob yes", "v cid no", "v cid yes"]
    answers = [Answer(str(n), *row.split()) for n, row in enumerate(rows)]
    outcome = MajorityVote().judge(answers, {})
    assert outcome.labels == {"t": "yes"}  # u ties, on v nobody has a vote
    assert outcome.confidence == {"t": 666_666, "u": 500_000}
    assert outcome.reliability == {"ann": 666_666, "bob": 666_666, "cid": 333_333}
