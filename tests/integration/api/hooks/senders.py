"""Platforms as senders of webhooks: each signs a delivery as its documentation says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.integration.api.running import Api, Platform

DATA = Path(__file__).parents[3] / "data" / "connectors"
TOPIC = "arn:aws:sns:us-east-1:123456789012:hits"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Sent:
    """A request to a webhook. ``length`` is what the header says, if not the truth."""

    body: bytes
    headers: dict[str, str]
    length: int | None = None

    async def to(self, api: Api, url: str) -> httpx.Response:
        headers = {"content-type": "application/json", **self.headers}
        if self.length is not None:
            headers["content-length"] = str(self.length)
        return await api.http.post(httpx.URL(url).raw_path.decode(), content=self.body, headers=headers)

    def cut(self) -> Sent:
        """The same, of which the end did not arrive."""
        return replace(self, body=self.body[: len(self.body) // 2], length=len(self.body))


Sender = Callable[[object, str, int], Sent]
"""What is sent, the secret, and for how many seconds it has been signed."""


def packed(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def by_header(body: object, secret: str, age: int) -> Sent:
    return Sent(packed(body), {"X-CrowdLedger-Secret": secret})


def by_basic(body: object, secret: str, age: int) -> Sent:
    return Sent(packed(body), {"authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"})


def by_toloka(body: object, secret: str, age: int) -> Sent:
    at_ms = int((time.time() - age) * 1000)
    sign = hmac.new(secret.encode(), f"{at_ms}.1.".encode() + packed(body), hashlib.sha256).hexdigest()
    return Sent(packed(body), {"Toloka-Signature": f"{{v=1, ts={at_ms}, sign={sign}}}"})


def by_prolific(body: object, secret: str, age: int) -> Sent:
    at = str(int(time.time() - age))
    sign = base64.b64encode(hmac.new(secret.encode(), at.encode() + packed(body), hashlib.sha256).digest()).decode()
    about = {"X-Prolific-Request-Timestamp": at, "X-Prolific-Request-Signature": sign, "X-Event-ID": "E1"}
    return Sent(packed(body), about)


def by_sns(body: object, secret: str, age: int, **changes: str) -> Sent:
    """``secret`` that is not the hook's own is signed with another key."""
    at = datetime.fromtimestamp(time.time() - age, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    fields = {
        "Type": "Notification",
        "MessageId": hashlib.sha256(packed(body)).hexdigest()[:36],
        "TopicArn": TOPIC,
        "Message": packed(body).decode(),
        "Timestamp": at,
        "SignatureVersion": "2",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
        **changes,
    }
    names = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    signed = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()
    key = KEY if secret == SNS_SECRET else OTHER_KEY
    signature = base64.b64encode(key.sign(signed, padding.PKCS1v15(), SHA256())).decode()
    return Sent(packed({**fields, "Signature": signature}), {"content-type": "text/plain; charset=UTF-8"})


def certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime(2024, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=9000))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SNS_SECRET = f"{TOPIC}\n{certificate(KEY)}"
OTHER_SNS_SECRET = f"{TOPIC}\n{certificate(OTHER_KEY)}"


def recorded(path: str) -> list[bytes]:
    """The bodies of recorded deliveries, byte for byte."""
    lines = [json.loads(line) for line in (DATA / path).read_text().splitlines() if line.strip()]
    bodies = [json.dumps(line["body"]).encode() for line in lines]
    assert [len(body) for body in bodies] == [int(line["headers"]["Content-Length"]) for line in lines]
    return bodies


@dataclass
class Made:
    """A webhook that was made for a campaign."""

    platform: Platform
    reply: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.reply["id"])

    @property
    def secret(self) -> str:
        return str(self.reply["secret"])

    async def send(self, sent: Sent) -> httpx.Response:
        return await sent.to(self.platform.api, self.reply["url"])

    async def deliveries(self, **query: Any) -> list[dict[str, Any]]:
        """The newest first."""
        reply = await self.platform.get(f"/v1/hooks/{self.id}/deliveries", **query)
        assert reply.status_code == 200, reply.text
        return list(reply.json()["items"])

    async def shown(self) -> dict[str, Any]:
        reply = await self.platform.get(f"/v1/hooks/{self.id}")
        assert reply.status_code == 200, reply.text
        return dict(reply.json())


async def make_hook(platform: Platform, connector: str, campaign: str, **more: Any) -> Made:
    body = {"connector": connector, "campaign": campaign} | more
    reply = await platform.post("/v1/hooks", body)
    assert reply.status_code == 201, reply.text
    return Made(platform, reply.json())
