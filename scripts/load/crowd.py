"""What a platform, its crowd, its readers and the public ask for, and what each reply tells them for the next request.

Every request can be sent again: what writes has an id of its own (a delivery, its digest), so that a repeat finds the
entry of the first time.
"""

from __future__ import annotations

import json
import random
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from scripts.bench.bodies import Contributions, requests
from scripts.load.place import Place

BATCH_ITEMS: Final = 20
_REJECTED_OF_TEN: Final = 3
_KNOWN: Final = 20_000
_TILE_WIDTH: Final = 256


class Asked(NamedTuple):
    """A request's bytes, and what is to be done with a good reply's body."""

    request: bytes
    told: Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An entry that a reply named, and its receipt as it came."""

    index: int
    id: str
    receipt: dict[str, Any]


@dataclass
class Crowd:
    """Makes requests of each kind. ``acknowledge`` is told of every entry that a reply gave a receipt for."""

    place: Place
    dice: random.Random
    acknowledge: Callable[[Acknowledged], None]
    size: int = 0
    """Of the log, as far as replies told."""
    undecided: deque[str] = field(default_factory=lambda: deque(maxlen=_KNOWN))
    rejected: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_KNOWN))
    """Contributions and the decisions on them."""
    known: deque[str] = field(default_factory=lambda: deque(maxlen=_KNOWN))
    """Contributions."""

    def __post_init__(self) -> None:
        self._supply = Contributions(self.place.campaign, secrets.token_hex(4))
        self._deliveries = self.dice.randrange(10**9, 10**12)

    def ask(self, kind: str) -> tuple[str, Asked]:
        """The next request of a kind; a contribution where there is nothing yet that such a request could be about."""
        asked = KINDS[kind].make(self)
        return (CONTRIBUTION, self.contribution()) if asked is None else (kind, asked)

    # ---- writes ----

    def contribution(self) -> Asked:
        """One contribution a request."""
        return self._post("/v1/contributions", self._supply.next(), lambda body: self._contributed(orjson.loads(body)))

    def batch(self) -> Asked:
        """Several contributions a request."""
        new = {"items": [self._supply.next() for _ in range(BATCH_ITEMS)]}
        return self._post("/v1/contributions/batch", new, self._contributed_many)

    def decision(self) -> Asked | None:
        """A verdict on a contribution that has none."""
        if not self.undecided:
            return None
        contribution = self.undecided.popleft()
        rejected = self.dice.randrange(10) < _REJECTED_OF_TEN
        new = {
            "contribution": contribution,
            "verdict": "rejected" if rejected else "accepted",
            "feedback": "It is a road." if rejected else None,
            "reviewer": f"reviewer-{self.dice.randrange(20)}",
            "external_id": f"on-{contribution}",
        }

        def told(body: bytes) -> None:
            written = self._written(orjson.loads(body))
            if rejected:
                self.rejected.append((contribution, written.id))

        return self._post("/v1/decisions", new, told)

    def appeal(self) -> Asked | None:
        """An appeal against a rejection."""
        if not self.rejected:
            return None
        contribution, decision = self.rejected.popleft()
        new = {
            "contribution": contribution,
            "decision": decision,
            "grounds": "The pad is in the lower left corner.",
            "external_id": f"against-{decision}",
        }
        return self._post("/v1/appeals", new, lambda body: self._nothing(self._written(orjson.loads(body))))

    def delivery(self) -> Asked:
        """A webhook of the platform's tool: somebody annotated a task."""
        self._deliveries += 1
        number = self._deliveries
        answer = {"value": {"choices": ["pad"]}, "from_name": "pad", "to_name": "picture", "type": "choices"}
        event = {
            "action": "ANNOTATION_CREATED",
            "task": {"id": number, "data": {"image": f"https://pictures.example/{number}.jpg"}},
            "annotation": {"id": number, "task": number, "completed_by": number % 3000, "result": [answer]},
        }
        body = json.dumps(event).encode()
        head = (
            f"POST {self.place.hook_path} HTTP/1.1\r\nHost: load.local\r\nX-Load-Secret: {self.place.hook_secret}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return Asked(head.encode() + body, self._nothing)

    # ---- reads ----

    def receipt(self) -> Asked | None:
        """The receipt of a contribution, an older one as often as a new one."""
        return self._of_known("/v1/contributions/{}/receipt")

    def read(self) -> Asked | None:
        """What a platform reads of a contribution."""
        return self._of_known("/v1/contributions/{}")

    def listed(self) -> Asked:
        """The newest contributions of the campaign."""
        return self._get(f"/v1/contributions?campaign={self.place.campaign}&limit=50")

    def events(self) -> Asked:
        """A page of events, as who polls asks for it."""
        return self._get(f"/v1/events?after={self.dice.randrange(max(1, self.size))}&limit=100")

    def page(self) -> Asked | None:
        """One of the pages that people look at: their contribution, an entry, the campaign, the front page, the log."""
        if not self.known or not self.size:
            return None
        path = self.dice.choice(
            (
                f"/c/{self.dice.choice(self.known)}",
                f"/e/{self.dice.randrange(self.size)}",
                f"/campaigns/{self.place.campaign}",
                "/",
                "/entries",
            )
        )
        return self._get(path, "text/html", anonymous=True)

    def tile(self) -> Asked | None:
        """A whole tile or bundle of entries, as mirrors and auditors fetch them."""
        full = self.size // _TILE_WIDTH
        if not full:
            return None
        kind = self.dice.choice(("entries", "0"))
        number = self.dice.randrange(full)
        path = f"x{number // 1000:03d}/{number % 1000:03d}" if number >= 1000 else f"{number:03d}"
        return self._get(f"/tile/{kind}/{path}", anonymous=True)

    def checkpoint(self) -> Asked:
        """The signed checkpoint."""
        return self._get("/checkpoint", anonymous=True)

    # ---- parts ----

    def _post(self, path: str, new: dict[str, Any], told: Callable[[bytes], None]) -> Asked:
        (request,) = requests(path, self.place.key, [orjson.dumps(new)])
        return Asked(request, told)

    def _get(self, path: str, accept: str = "*/*", *, anonymous: bool = False) -> Asked:
        key = "" if anonymous else f"Authorization: Bearer {self.place.key}\r\n"
        return Asked(
            f"GET {path} HTTP/1.1\r\nHost: load.local\r\nAccept: {accept}\r\n{key}\r\n".encode(), self._nothing
        )

    def _of_known(self, path: str) -> Asked | None:
        return self._get(path.format(self.dice.choice(self.known))) if self.known else None

    def _contributed_many(self, body: bytes) -> None:
        for each in orjson.loads(body)["results"]:
            self._contributed(each)

    def _contributed(self, members: dict[str, Any]) -> None:
        written = self._written(members)
        self.undecided.append(written.id)
        self.known.append(written.id)

    def _written(self, members: dict[str, Any]) -> Acknowledged:
        """Raises KeyError for an item of a batch that was refused."""
        written = Acknowledged(members["index"], members["id"], members["receipt"])
        self.size = max(self.size, written.index + 1)
        self.acknowledge(written)
        return written

    def _nothing(self, _: object) -> None:
        pass


class Kind(NamedTuple):
    """A kind of request: how often among a hundred, and what makes one."""

    share: int
    make: Callable[[Crowd], Asked | None]


CONTRIBUTION: Final = "contribution"
KINDS: Final[dict[str, Kind]] = {
    CONTRIBUTION: Kind(36, Crowd.contribution),
    f"batch of {BATCH_ITEMS}": Kind(2, Crowd.batch),
    "decision": Kind(14, Crowd.decision),
    "appeal": Kind(1, Crowd.appeal),
    "delivery of a webhook": Kind(4, Crowd.delivery),
    "receipt": Kind(14, Crowd.receipt),
    "contribution read": Kind(8, Crowd.read),
    "list of 50": Kind(2, Crowd.listed),
    "events, a list": Kind(1, Crowd.events),
    "page": Kind(6, Crowd.page),
    "tile": Kind(8, Crowd.tile),
    "checkpoint": Kind(4, Crowd.checkpoint),
}
