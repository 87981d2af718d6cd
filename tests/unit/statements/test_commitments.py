import hashlib

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError, ProofError
from ledger.statements.commitments import Opening, Place, commit, content_bytes, verify_opening

PLACE = Place("contribution", "crowd.example/main", "campaign-id", task="task-id", contributor="contributor-id")
SALT = bytes(range(32))


def test_the_bytes_are_those_of_the_format():
    preimage = rfc8785.dumps(
        {
            "v": 1,
            "purpose": "contribution",
            "log": "crowd.example/main",
            "campaign": "campaign-id",
            "task": "task-id",
            "contributor": "contributor-id",
            "content": {"answer": "بله"},
        }
    )
    opening = commit(PLACE, {"answer": "بله"}, SALT)
    assert opening.preimage == preimage
    assert opening.commitment == hashlib.sha256(b"\x43" + SALT + preimage).hexdigest()


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary(min_size=32, max_size=32))
def test_an_opening_survives_its_file_and_shows_the_content(content, salt):
    opening = commit(PLACE, content, salt)
    assert verify_opening(Opening.parse(opening.encode()), opening.commitment) == content


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)  # fmt: skip


@given(JSON)
def test_the_bytes_of_a_content_are_its_canonical_ones(content):
    assert content_bytes(commit(PLACE, content, SALT).preimage) == rfc8785.dumps(content)


@pytest.mark.parametrize(
    "preimage", [b"", b"{}", b"[]", b'{"content":', b'{"content":}', b'{"task":"content"}', b"\xff"]
)
def test_no_bytes_of_no_content(preimage):
    with pytest.raises(FormatError, match="not one of a commitment"):
        content_bytes(preimage)


def test_place_and_salt_are_bound():
    commitments = {
        commit(PLACE, "yes", SALT).commitment,
        commit(PLACE, "no", SALT).commitment,
        commit(PLACE, "yes", SALT[::-1]).commitment,
        commit(Place("contribution", PLACE.log, PLACE.campaign, PLACE.task, "another"), "yes", SALT).commitment,
        commit(Place("feedback", PLACE.log, PLACE.campaign, subject="task-id"), "yes", SALT).commitment,
    }
    assert len(commitments) == 5


def test_a_wrong_opening_is_refused():
    with pytest.raises(ProofError):
        verify_opening(commit(PLACE, "no", SALT), commit(PLACE, "yes", SALT).commitment)


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"preimage":"{}","salt":"00","v":1}',
        b'{"preimage":"{}","salt":"' + 64 * b"0" + b'","v":true}',
        b'{"preimage":"{}","salt":"' + 64 * b"A" + b'","v":1}',
        b'{"preimage":"{}", "salt":"' + 64 * b"0" + b'","v":1}',
        b'{"preimage":1,"salt":"' + 64 * b"0" + b'","v":1}',
    ],
)
def test_other_files_are_no_openings(data):
    with pytest.raises(FormatError):
        Opening.parse(data)


@settings(max_examples=200)
@given(st.data())
def test_a_changed_opening_is_refused_or_opens_nothing(data):
    opening = commit(PLACE, {"answer": "yes", "notes": [1, "ü"]}, SALT)
    file = opening.encode()
    place = data.draw(st.integers(0, len(file) - 1))
    cut, insert = data.draw(st.integers(0, 2)), data.draw(st.binary(max_size=2))
    changed = file[:place] + insert + file[place + cut :]
    if changed == file:
        return
    with pytest.raises((FormatError, ProofError)):
        verify_opening(Opening.parse(changed), opening.commitment)
