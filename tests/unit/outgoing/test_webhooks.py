"""Signatures, against the reference library."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from ledger.outgoing.webhooks import new_secret, secret_text, signed_headers

NOW = 1_790_000_000


@given(
    st.text(alphabet="abcdef_0123456789-", min_size=1),
    st.text(),
    st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=2),
)
def test_signatures_are_those_of_the_reference(id_: str, body: str, signing: list[bytes]) -> None:
    headers = signed_headers(id_, NOW, body.encode("utf-8", "replace"), signing)
    at = datetime.fromtimestamp(NOW, UTC)
    text = body.encode("utf-8", "replace").decode()
    theirs = [Webhook(secret_text(secret)).sign(id_, at, text) for secret in signing]
    assert headers == {"webhook-id": id_, "webhook-timestamp": str(NOW), "webhook-signature": " ".join(theirs)}


def test_the_published_example() -> None:
    """github.com/standard-webhooks, the libraries' common test: secret, message and its signature."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}', [secret])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_new_and_long() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    text = secret_text(new_secret())
    assert text.startswith("whsec_")
    assert len(base64.b64decode(text.removeprefix("whsec_"))) == 32
