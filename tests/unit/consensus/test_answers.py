import pytest

from ledger.consensus import answers as module
from ledger.consensus.answers import Answer, check_answers, label_of, votes_of
from ledger.errors import FieldError, TooLargeError


def test_labels_are_text_or_canonical_json():
    assert label_of("yes") == "yes"
    assert label_of({"b": 1, "a": [True, None]}) == '{"a":[true,null],"b":1}'
    assert label_of({"answer": "yes", "seconds": 12}, "answer") == "yes"
    assert label_of(1) == label_of("1") == "1"


@pytest.mark.parametrize("content", [{"other": 1}, "answer", ["answer"], None])
def test_a_member_that_is_not_there_is_named(content):
    with pytest.raises(FieldError, match="'answer'"):
        label_of(content, "answer")


def test_one_vote_a_person_and_none_for_who_contradicts_himself():
    given = [
        Answer("1", "t", "ann", "yes"),
        Answer("2", "t", "ann", "yes"),
        Answer("3", "t", "bob", "no"),
        Answer("4", "t", "bob", "yes"),
        Answer("5", "u", "bob", "no"),
    ]
    assert votes_of(given) == {"t": {"ann": "yes"}, "u": {"bob": "no"}}
    assert votes_of(reversed(given)) == votes_of(given)


def test_contributions_twice_or_too_many_are_refused(monkeypatch):
    given = [Answer("1", "t", "ann", "yes"), Answer("1", "t", "bob", "yes")]
    with pytest.raises(FieldError, match="twice"):
        check_answers(given)
    monkeypatch.setattr(module, "MAX_ANSWERS", 1)
    with pytest.raises(TooLargeError):
        check_answers(given)
