"""Webhooks that platforms send us: how they are made, and what came by them."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from ledger.wire.values import Id, Model, Word

MAX_SECRET_CHARS: Final = 8192
"""Amazon's is a certificate."""
MAX_OVERLAP_SECONDS: Final = 7 * 24 * 3600

_Secret = Annotated[str, StringConstraints(min_length=16, max_length=MAX_SECRET_CHARS)]
_Url = Annotated[str, StringConstraints(max_length=1000)]
_Token = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[!-~]+(?: [!-~]+)*$")]
_Rate = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,30}(?:\.[0-9]{1,30})?$")]
Delivered = Literal["waiting", "done", "refused", "dead"]
Refusal = Literal["forged", "stale", "unknown", "full"]


class NewHook(Model):
    """A webhook to make for a campaign of the platform.

    ``secret`` is one that the platform made; without it we make one where the scheme allows it. ``base_url`` and
    ``token`` are for platforms whose deliveries say only what to ask them for. ``rate`` is how many base units one
    unit of the platform's money is, for bonuses; "0" leaves them out.
    """

    connector: Word
    campaign: Id
    secret: _Secret | None = Field(default=None, repr=False)
    base_url: _Url | None = None
    token: _Token | None = Field(default=None, repr=False)
    rate: _Rate | None = None


class HookChange(Model):
    """What is to change of a webhook; what is left out or null stays."""

    base_url: _Url | None = None
    token: _Token | None = Field(default=None, repr=False)
    rate: _Rate | None = None


class NewSecret(Model):
    """Another secret for a webhook; the old one stays good for so many seconds."""

    secret: _Secret | None = Field(default=None, repr=False)
    old_for_seconds: Annotated[int, Field(ge=0, le=MAX_OVERLAP_SECONDS)] = 24 * 3600


class Hook(Model):
    """A webhook. ``refused`` counts requests to it that were not taken, of which nothing else is kept.

    ``waiting``, ``dead`` and ``not_used`` count its deliveries: those to be worked on, those given up, and those that
    cannot be recorded (state ``refused``).
    """

    id: str
    connector: str
    campaign: str
    url: str
    """Where the platform has to send to."""
    base_url: str | None
    has_token: bool
    rate: str | None
    made: str
    old_secret_until: str | None
    """Until when the secret before the last rotation is good."""
    waiting: int
    not_used: int
    dead: int
    refused: dict[Refusal, int]


class HookWritten(Hook):
    """The same, with the secret. It is shown this once."""

    secret: str = Field(repr=False)
    enter_url: str = Field(repr=False)
    """The address as it is to be entered at the platform: with user and secret in it where they belong there."""


class RecordedThing(Model):
    """An entry that a delivery brought or met."""

    kind: Literal["task", "contribution", "decision"]
    id: str
    index: int
    url: str


class DeliveryLine(Model):
    """A delivery. ``words`` say why it waits, or why it was not recorded."""

    id: str
    hook: str
    event: str
    state: Delivered
    tries: int
    received: str
    next_try: str | None
    ended: str | None
    bytes: int
    sha256: str
    has_body: bool
    """Bodies are erased once they are recorded, others after a while."""
    words: str | None
    recorded: list[RecordedThing]
    """At most 100 of them."""
    recorded_count: int


class Waits(Model):
    """What whoever looks at a webhook's address is told."""

    method: Literal["POST"]


class Received(Model):
    """What a platform is answered: we have it."""

    delivery: str
