"""How a webhook of ours is signed and sent: Standard Webhooks 1.0 (github.com/standard-webhooks, "Signature scheme").

The signature is HMAC-SHA256 (RFC 2104) of ``id.timestamp.body`` under each secret in force, so that a receiver may
change from one to the other at a moment of its own.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger import __version__
from ledger.errors import OutgoingRefusedError, UnavailableError
from ledger.outgoing.outgoing import Outgoing

_WHSEC: Final = "whsec_"
TIMEOUT_SECONDS: Final = 15.0
WORDS_CHARS: Final = 200
_REPLY_BYTES: Final = 4 * 1024
_SECRET_BYTES: Final = 32


def new_secret() -> bytes:
    """A new secret; :func:`secret_text` is how a receiver is given it."""
    return secrets.token_bytes(_SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """``whsec_`` and the secret in base64."""
    return _WHSEC + base64.b64encode(secret).decode("ascii")


def signed_headers(id_: str, seconds: int, body: bytes, signing: Sequence[bytes]) -> dict[str, str]:
    """The three headers of a message of the id ``id_``, sent at ``seconds`` since 1970, signed with each secret."""
    message = b"%s.%d.%s" % (id_.encode("ascii"), seconds, body)
    signatures = (base64.b64encode(hmac.digest(secret, message, "sha256")).decode("ascii") for secret in signing)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try went. ``status`` is None where no answer came; ``words`` are the answer's first, or why not."""

    status: int | None
    words: str
    took_ms: int
    retry_after: str | None = None

    @property
    def arrived(self) -> bool:
        """Whether the receiver said that it has it: any status 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more, ever (410)."""
        return self.status == 410


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: its id is the same at each try."""

    id: str
    body: bytes


async def send(
    outgoing: Outgoing,
    url: str,
    message: Message,
    signing: Sequence[bytes],
    now_ms: int,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Outcome:
    """Send a message once. It never raises for what the other side does or is."""
    headers = {"Content-Type": "application/json", "User-Agent": f"CrowdLedger/{__version__}"}
    headers |= signed_headers(message.id, now_ms // 1000, message.body, signing)
    began = time.monotonic()
    status, retry_after = None, None
    try:
        answer = await outgoing.request(
            *("POST", url),
            headers=headers,
            body=message.body,
            timeout_seconds=timeout_seconds,
            max_reply_bytes=_REPLY_BYTES,
        )
        status, words, retry_after = answer.status, _clean(answer.body), answer.headers.get("retry-after")
    except (OutgoingRefusedError, UnavailableError) as error:
        answered = error.members.get("answered")
        status = int(answered) if answered is not None else None
        words = error.detail[:WORDS_CHARS]
    return Outcome(status, words, int((time.monotonic() - began) * 1000), retry_after)


def _clean(body: bytes) -> str:
    """The first words of an answer in one line, without anything that would not be shown as it is."""
    text = "".join(each if each.isprintable() else " " for each in body.decode("utf-8", "replace"))
    return " ".join(text.split())[:WORDS_CHARS]
