from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.connectors import signing
from ledger.connectors.registry import connectors
from ledger.errors import SignatureError
from tests.unit.connectors.files import NOW_MS, delivery

# RFC 4231 section 4.3, test case 2.
KEY, MESSAGE = b"Jefe", b"what do ya want for nothing?"
MAC = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")


def test_the_mac_is_that_of_the_standard() -> None:
    signing.check_hmac(MESSAGE, MAC, [KEY])
    for given_mac in (MAC[:-1], MAC + b"\0", b"", bytes(32)):
        with pytest.raises(SignatureError):
            signing.check_hmac(MESSAGE, given_mac, [KEY])


@given(st.binary(max_size=64), st.lists(st.binary(max_size=16), max_size=4), st.binary(min_size=1, max_size=16))
def test_any_of_the_secrets_may_have_signed_and_no_other(message: bytes, others: list[bytes], secret: bytes) -> None:
    mac = hmac.new(secret, message, hashlib.sha256).digest()
    signing.check_hmac(message, mac, [*others, secret])
    signing.check_secret(secret, [*others, secret])
    # HMAC pads keys with zeros (RFC 2104), so that these differ in name only.
    if secret.rstrip(b"\0") not in [each.rstrip(b"\0") for each in others]:
        with pytest.raises(SignatureError):
            signing.check_hmac(message, mac, others)
        with pytest.raises(SignatureError):
            signing.check_secret(secret, others)


def test_every_secret_is_tried_so_that_time_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def counting(a: bytes, b: bytes) -> bool:
        compared.append(a)
        return a == b

    monkeypatch.setattr(signing.hmac, "compare_digest", counting)
    signing.check_secret(b"a", [b"a", b"b", b"c"])
    signing.check_hmac(MESSAGE, MAC, [KEY, b"b", b"c"])
    assert len(compared) == 6


@given(
    st.sampled_from(sorted(name for name, each in connectors().items() if each.hook)),
    st.dictionaries(
        st.sampled_from(
            [
                "authorization",
                "x-a-secret",
                "content-length",
                "toloka-signature",
                "x-prolific-request-signature",
                "x-prolific-request-timestamp",
            ]
        ),
        st.text(max_size=30) | st.sampled_from(["Basic Og==", "Bearer ", "{v=1, ts=1, sign=00}", "1795000000", "AAAA"]),
    ),
    st.binary(max_size=60),
)
def test_nothing_that_strangers_send_does_more_than_being_refused(
    name: str, headers: dict[str, str], body: bytes
) -> None:
    hook = connectors()[name].hook
    assert hook is not None
    with pytest.raises(SignatureError):
        hook.verify(delivery(body, headers, NOW_MS), [b"a secret that nobody guesses", b""])


def test_what_a_refusal_says_holds_no_secret() -> None:
    with pytest.raises(SignatureError) as refused:
        signing.check_secret(b"given", [b"kept"])
    assert "kept" not in str(refused.value)
    assert "given" not in str(refused.value)
