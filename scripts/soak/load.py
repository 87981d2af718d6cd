"""The load: a platform and its crowd at work through the HTTP API, as fast as was asked, whatever goes wrong."""

from __future__ import annotations

import contextlib
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ledger.chain import contracts
from ledger.client import Client, Result
from ledger.demo.people import Person, meet
from ledger.demo.platform import brief
from ledger.demo.stage import send
from ledger.errors import CrowdLedgerError, RuleError
from ledger.statements.decisions import Verdict
from ledger.wire import CampaignWritten, NewCampaign, NewContribution, NewDecision, PieceRate, Written
from scripts.soak.patience import StoppedError, surely
from scripts.soak.scene import Scene

AMOUNT = 10**15
"""Base units for an accepted contribution."""
BUDGET = 10**22
APPEAL_WINDOW_SECONDS = 1
_TURN_SECONDS = 0.5
_MINED_SECONDS = 5.0
_CAMPAIGN_EVERY, _CLAIMS_EVERY, _SETTLE_EVERY, _PERSON_EVERY = 90.0, 6.0, 15.0, 5.0
_FIRST_PEOPLE = 6
_ACCEPTED_OF_TEN = 8

_Given = TypeVar("_Given")


@dataclass
class Done:
    """What the service has answered, by what the clients keep."""

    contributions: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    """Contributions that were accepted, by person."""
    campaigns: list[CampaignWritten] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    """Ids of claim requests."""
    tries: Counter[str] = field(default_factory=Counter)
    """Calls that had to be made again, by the kind of error."""


class Load(threading.Thread):
    """``rate`` contributions a second. ``failure`` is what no fault explains."""

    def __init__(self, scene: Scene, url: str, rate: float, dice: random.Random) -> None:
        super().__init__(name="load", daemon=True)
        self.done = Done()
        self.people: list[Person] = []
        self.linked: list[Person] = []
        self.failure: Exception | None = None
        self.stopping = threading.Event()
        self._scene, self._url, self._rate, self._dice = scene, url, rate, dice
        self._waiting: list[tuple[str, str, Verdict]] = []
        self._numbers = 0
        self._due = dict.fromkeys((_CLAIMS_EVERY, _SETTLE_EVERY, _PERSON_EVERY, _CAMPAIGN_EVERY), 0.0)
        with Client(url, scene.admin_key) as operator:
            key = operator.register_platform("Soak").key
        assert key is not None
        self.client = Client(url, key)

    def begin(self) -> None:
        """The first campaign and the first people, before any fault."""
        self.open_campaign()
        self._due[_CAMPAIGN_EVERY] = time.monotonic() + _CAMPAIGN_EVERY
        self.join_in(_FIRST_PEOPLE)

    def run(self) -> None:
        """Work until ``stopping`` is set; what was begun and not answered is then given up by the load."""
        try:
            while not self.stopping.wait(_TURN_SECONDS):
                self._turn()
        except StoppedError:
            pass
        except Exception as error:  # told by the main thread
            self.failure = error

    def _sure(self, call: Callable[[], _Given]) -> _Given:
        return surely(call, self.stopping, self._count)

    def _count(self, error: CrowdLedgerError) -> None:
        self.done.tries[type(error).__name__] += 1

    def _turn(self) -> None:
        for every, act in (
            (_CAMPAIGN_EVERY, self.open_campaign),
            (_PERSON_EVERY, lambda: self.join_in(1)),
            (_SETTLE_EVERY, lambda: self._sure(self.client.settle)),
            (_CLAIMS_EVERY, self._claim),
        ):
            if time.monotonic() >= self._due[every]:
                self._due[every] = time.monotonic() + every * self._dice.uniform(0.7, 1.3)
                act()
        self._contribute(max(1, round(self._rate * _TURN_SECONDS)))

    # ---- campaigns ----

    def open_campaign(self) -> None:
        """Open one in the log, then in the pool, and fund it there; the earlier ones again where that was undone."""
        for campaign in self.done.campaigns:
            self.fund(campaign)
        new = NewCampaign(
            title="What is on the photo?",
            type="processing",
            brief=brief("Name the animal.", "One label a photo.", {"label": "cat"}, {"label": "fur"}),
            terms="Labels may be published.",
            policy=PieceRate(amount=str(AMOUNT)),
            budget=str(BUDGET),
            appeal_window=APPEAL_WINDOW_SECONDS,
            opener=self._scene.signers["platform"].address,
            external_id=f"campaign-{len(self.done.campaigns)}",
        )
        written = self._sure(lambda: self.client.open_campaign(new))
        self.fund(written)
        self.done.campaigns.append(written)

    def fund(self, campaign: CampaignWritten) -> None:
        """Open and fund it in the pool as far as that is not done, or was undone."""
        self._sure(lambda: self._fund(campaign))

    def _fund(self, campaign: CampaignWritten) -> None:
        scene, place = self._scene, campaign.onchain
        assert place is not None
        pool, token, account = scene.deployment.pool, scene.deployment.token, scene.signers["platform"]
        record = contracts.read_campaign(scene.node, pool, place.id)
        calls: list[tuple[str, bytes]] = []
        if not record.is_open:
            times = (place.funding_deadline, place.closing_date)
            calls.append((pool, contracts.open_campaign_call(place.charter, int(place.goal), *times)))
        if record.funded == 0:
            calls.append((token, contracts.mint_call(account.address, BUDGET)))
            calls.append((token, contracts.approve_call(pool, BUDGET)))
            calls.append((pool, contracts.fund_call(place.id, BUDGET)))
        for to, data in calls:
            send(scene.node, account, to, data, _MINED_SECONDS)

    # ---- people ----

    def join_in(self, count: int) -> None:
        """New people, some of them with a wallet from the beginning."""
        new = meet([f"person-{len(self.people) + number}" for number in range(count)])
        self.people += new
        for person in self.people:
            if person not in self.linked and person.name in self.done.accepted and self._dice.random() < 0.5:
                self.link(person)

    def link(self, person: Person) -> None:
        """A message, signed in the wallet, sent back; begun anew where the answer got lost."""
        self._sure(lambda: person.link(self.client))
        self.linked.append(person)

    def _claim(self) -> None:
        """Ask for the payment of some of those who can be paid now."""
        owed = [each for each in self.linked if self.claimable(each)]
        if not owed:
            return
        some = self._dice.sample(owed, self._dice.randint(1, len(owed)))
        with contextlib.suppress(RuleError):  # paid meanwhile, by an earlier request
            asked = self._sure(lambda: self.client.claim([person.address for person in some]))
            self.done.claims += [each.id for each in asked]

    def claimable(self, person: Person) -> int:
        """Base units that somebody can claim now."""
        return sum(int(each.claimable) for each in self._sure(lambda: self.client.rewards(person.address)).rewards)

    # ---- work ----

    def _contribute(self, count: int) -> None:
        """Contributions of anybody, and decisions on those of the turns before."""
        if not self.done.campaigns:
            return
        new = []
        for _ in range(count):
            self._numbers += 1
            campaign, person = self._dice.choice(self.done.campaigns), self._dice.choice(self.people)
            name = f"item-{self._numbers}"
            new.append(
                NewContribution(
                    campaign=campaign.id, contributor=person.name, content={"label": secrets.token_hex(4)},
                    external_id=name,
                )
            )  # fmt: skip
        written = self._written(lambda: self.client.submit_many(new))
        self.done.contributions += len(written)
        self._decide()
        self._waiting += [(each.id, item.contributor, self._verdict()) for each, item in zip(written, new, strict=True)]

    def _decide(self) -> None:
        """Decisions on all that waits; the same ones again if we are stopped meanwhile."""
        if not self._waiting:
            return
        new = [
            NewDecision(contribution=contribution, verdict=verdict, feedback="-", external_id=f"on-{contribution}")
            for contribution, _, verdict in self._waiting
        ]
        self._written(lambda: self.client.decide_many(new))
        self.done.accepted.update(person for _, person, verdict in self._waiting if verdict == "accepted")
        self._waiting = []

    def _verdict(self) -> Verdict:
        return "accepted" if self._dice.randrange(10) < _ACCEPTED_OF_TEN else "rejected"

    def _written(self, send: Callable[[], Sequence[Result]]) -> list[Written]:
        """What a batch became. It is sent again as a whole: its external ids name what is there already."""

        def all_written() -> list[Written]:
            written = []
            for each in send():
                if isinstance(each, CrowdLedgerError):
                    raise each
                written.append(each)
            return written

        return self._sure(all_written)

    # ---- the end ----

    def finish(self) -> None:
        """After the faults: what was begun is ended, and everybody who earned something has a wallet."""
        self.stopping.clear()
        self._decide()
        for campaign in self.done.campaigns:
            self.fund(campaign)
        for person in self.people:
            if person not in self.linked and self.done.accepted[person.name]:
                self.link(person)
