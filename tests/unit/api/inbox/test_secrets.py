"""Secrets of webhooks: which are good when, and how they are entered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.inbox.secrets import Secret, enter_url, good, new_secret, rotated, seal, unseal
from ledger.db.sealed import SealedSecrets, new_key
from ledger.errors import FieldError


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 30)), max_size=8))
def test_an_old_secret_never_becomes_good_for_longer(rotations: list[tuple[int, int]]) -> None:
    known = [Secret("0")]
    ends: dict[str, int] = {}
    now = 0
    for number, (later, overlap) in enumerate(rotations, 1):
        now += later
        known = rotated(known, str(number), now + overlap, now)
        assert (known[0], len(known) <= 4) == (Secret(str(number)), True)
        for each in known[1:]:
            assert each.until_ms is not None
            assert now < each.until_ms <= now + overlap
            assert each.until_ms <= ends.setdefault(each.secret, each.until_ms)
            ends[each.secret] = each.until_ms
    for moment in (now, now + 15, now + 1000):
        assert [each.secret for each in good(known, moment)] == [
            each.secret for each in known if each.until_ms is None or each.until_ms > moment
        ]


def test_sealed_they_are_the_same_and_shown_they_are_nothing() -> None:
    sealed = SealedSecrets(new_key())
    known = [Secret("a"), Secret("b", 5)]
    assert unseal(sealed, seal(sealed, known)) == known
    assert "b" not in repr(known[1]).removeprefix("Secret")


@pytest.mark.parametrize("connector", ["pybossa", "zooniverse"])
def test_basic_authentication_stands_in_the_address(connector: str) -> None:
    secret = new_secret(connector, None)
    assert secret.startswith("crowdledger:")
    assert enter_url("https://x.org/logs/a/v1/hooks/h", connector, "us er:a/b@:") == (
        "https://us%20er:a%2Fb%40%3A@x.org/logs/a/v1/hooks/h"
    )
    assert enter_url("https://x.org/h", "forms", "s") == "https://x.org/h"
    with pytest.raises(FieldError):
        new_secret(connector, ":no-user-in-it")


def test_what_is_made_is_never_the_same() -> None:
    assert new_secret("forms", None) != new_secret("forms", None)
