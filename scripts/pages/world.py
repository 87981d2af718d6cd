"""A running service with a chain behind it and a world in many states: what the pages are shown and tested on.

The answers are real ones (Snow et al. 2008, by way of the demo's reader); names and sums are made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from ledger.demo.answers import Answer, read_answers, truth_of
from ledger.demo.people import Person, meet, open_on_chain
from ledger.demo.platform import Platform, brief, wait_until
from ledger.demo.stage import Server, Stage
from ledger.statements.values import format_time, time_ms
from ledger.wire import (
    CampaignWritten,
    Criterion,
    Judging,
    NewCampaign,
    NewContribution,
    NewDecision,
    NewNotice,
    NewResult,
    NewReview,
    PieceRate,
    ScoreRate,
)
from ledger.wire.appeals import NewAppeal, NewResolution

TOKEN = 10**18
NAMES = ("ana", "ben", "caro", "dan", "eli", "fay", "gil", "hua", "ida", "jon")
"""People whom a story is about."""
_UNLINKED = ("caro", "hua")
"""They have no wallet linked."""
_ANSWERS = 400
_DAY = 86_400
_PERSIAN_TERMS = "برچسب‌ها با اجازهٔ CC0 منتشر می‌شوند."


@dataclass
class World:
    """What runs and what is in it. Ids of campaigns by their short names, contributions by (person, campaign)."""

    stage: Stage
    server: Server
    platform: Platform
    people: dict[str, Person]
    key: str
    """The platform's key with every scope."""
    campaigns: dict[str, CampaignWritten] = field(default_factory=dict)
    contributions: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The service."""
        return self.server.url

    @property
    def rpc(self) -> str:
        """The chain's node."""
        return self.stage.chain.url

    def sign_in_token(self, name: str) -> str:
        """A token that opens one session for a person, as the platform gives it."""
        return self.platform.client.sign_in_link(name).token

    def receipt(self, name: str, campaign: str = "quick") -> bytes:
        """The receipt of a person's first contribution to a campaign."""
        return self.platform.client.receipt(self.contributions[name, campaign][0])

    def opening(self, name: str, campaign: str = "quick") -> bytes:
        """The opening of the same."""
        return self.platform.client.opening(self.contributions[name, campaign][0])

    def claimable(self, name: str) -> int:
        """Base units that a person can claim now."""
        return self.platform.claimable(self.people[name].address)


@contextmanager
def running_world(folder: Path, data: Path, *, port: int | None = None) -> Iterator[World]:
    """A world in ``folder``, with the answers of ``data`` (``task,worker,label,truth``); ready when it is given."""
    console = Console(quiet=True)
    with (
        Stage(folder, settlement_delay=2, wallet_delay=1, settle_automatically=True) as stage,
        stage.server(port) as server,
        Platform(stage, server.url, "Birds and words", console) as platform,
    ):
        people = {person.name: person for person in meet(list(NAMES))}
        key = platform.client.add_key(["submit", "review", "settle", "admin"]).key
        assert key is not None
        world = World(stage, server, platform, people, key)
        for person in people.values():
            stage.chain.rpc("anvil_setBalance", person.address, hex(TOKEN))
        answers = read_answers(data)[:_ANSWERS]
        _fill(world, answers, truth_of(answers, data))
        yield world


def _fill(world: World, answers: Sequence[Answer], truth: dict[str, str]) -> None:
    _open_all(world)
    _crowd(world, answers, truth)
    _stories(world)
    world.platform.link([world.people[name] for name in NAMES if name not in _UNLINKED])
    _judged(world)
    _results(world)
    _paid(world)


# ---- campaigns ----


def _open_all(world: World) -> None:
    """quick: final within a second, so that it is paid. slow: can be appealed for days. points: no money, judged."""
    opener = world.stage.signers["platform"].address
    texts = brief(
        "Does the second sentence follow from the first?",
        "Answer 1 for yes, 0 for no. Read both sentences to the end.",
        {"label": "1"},
        {"label": "maybe"},
    )
    world.campaigns["quick"] = world.platform.open(
        NewCampaign(
            title="Does it follow?",
            type="processing",
            brief=texts,
            terms="Labels are published under CC0.",
            policy=PieceRate(amount=str(2 * TOKEN)),
            budget=str(2_000 * TOKEN),
            appeal_window=1,
            opener=opener,
        ),
        1_500 * TOKEN,
    )
    world.campaigns["slow"] = world.platform.open(
        NewCampaign(
            title="Birds at the feeder",
            type="processing",
            brief=brief("Name the bird on each photo.", "One label a photo.", {"label": "robin"}, {"label": "a bird"}),
            terms=_PERSIAN_TERMS,
            policy=ScoreRate(max_amount=str(5 * TOKEN)),
            budget=str(500 * TOKEN),
            opener=opener,
        ),
        400 * TOKEN,
    )
    world.campaigns["judged"] = world.platform.client.open_campaign(
        NewCampaign(
            title="A name for the library cat",
            type="solving",
            brief=brief(
                "Find a name that children can shout.",
                "One name and one line why.",
                {"name": "Pixel", "why": "short"},
                {"name": "cat"},
                criteria={"ring": "How well it calls", "wit": "Whether one smiles"},
            ),
            terms="The library may use the name.",
            policy=ScoreRate(max_amount="100"),
            budget="10000",
            judging=Judging(
                judges=2, agree=2, criteria=[Criterion(name="ring", weight=2), Criterion(name="wit", weight=1)]
            ),
        )
    )
    _funding(world, opener)


def _funding(world: World, opener: str) -> None:
    """A campaign that backers still have to fund."""
    clock = time_ms(world.platform.client.audit_summary().last_at)
    funding = world.platform.client.open_campaign(
        NewCampaign(
            title="A field guide, made together",
            type="creation",
            brief=brief("Write a page about one bird.", "Own words.", {"page": "..."}, {"page": "copied"}),
            terms="CC BY-SA 4.0",
            policy=PieceRate(amount=str(10 * TOKEN)),
            budget=str(300 * TOKEN),
            opener=opener,
            goal=str(200 * TOKEN),
            funding_deadline=format_time(clock + 20 * _DAY * 1000),
        )
    )
    open_on_chain(world.stage, funding)
    world.campaigns["funded"] = funding


# ---- contributions and decisions ----


def _crowd(world: World, answers: Sequence[Answer], truth: dict[str, str]) -> None:
    """Real answers of real people, decided by the known truth."""
    client, campaign = world.platform, world.campaigns["quick"].id
    sent = [
        NewContribution(
            campaign=campaign,
            contributor=each.worker,
            content={"question": each.task, "label": each.label},
            external_id=f"{each.task}/{each.worker}",
        )
        for each in answers
    ]
    written = client.contribute(sent)
    client.decide(
        [
            NewDecision(
                contribution=done.id,
                verdict="accepted" if each.label == truth[each.task] else "rejected",
                feedback=None if each.label == truth[each.task] else "Others and the known answer say otherwise.",
                reviewer=f"judge-{number % 3}",
            )
            for number, (each, done) in enumerate(zip(answers, written, strict=True))
        ]
    )


def _stories(world: World) -> None:
    """ana, ben, dan, eli and fay earn in quick; in slow everybody is in another state."""
    decisions: list[NewDecision] = []
    for name in NAMES:
        for number in range(3):
            done = _contribute(world, name, "quick", {"question": f"extra-{number}", "label": "1"})
            decisions.append(NewDecision(contribution=done, verdict="accepted", reviewer="judge-1"))
    for name in ("ana", "ben", "dan", "eli", "gil", "hua"):
        done = _contribute(world, name, "slow", {"photo": "feeder-17.jpg", "label": "sparrow"})
        decisions.append(
            NewDecision(
                contribution=done,
                verdict="rejected",
                feedback="The stripe above the eye says it is a wren.",
                reviewer="judge-1",
            )
        )
    done = _contribute(world, "caro", "slow", {"photo": "feeder-18.jpg", "label": "رُبین"})
    decisions.append(NewDecision(contribution=done, verdict="needs_work", feedback="In English, please."))
    done = _contribute(world, "fay", "slow", {"photo": "feeder-19.jpg", "label": "robin"})
    decisions.append(NewDecision(contribution=done, verdict="accepted", score="0.8", reviewer="judge-2"))
    for name in ("ben", "gil"):
        _contribute(world, name, "slow", {"photo": "feeder-20.jpg", "label": "blue tit"})
    world.platform.decide(decisions)
    _appealed(world)
    world.platform.client.publish_notice(
        world.campaigns["slow"].id, NewNotice(type="answer", text="Two birds on a photo? Name the larger one.")
    )


def _contribute(world: World, name: str, campaign: str, content: object) -> str:
    (done,) = world.platform.contribute(
        [NewContribution(campaign=world.campaigns[campaign].id, contributor=name, content=content)]
    )
    world.contributions.setdefault((name, campaign), []).append(done.id)
    return done.id


def _appealed(world: World) -> None:
    """dan's appeal waits; eli's was right."""
    client = world.platform.client
    client.appeal(
        NewAppeal(contribution=world.contributions["dan", "slow"][0], grounds="It has no stripe: look again.")
    )
    appeal = client.appeal(
        NewAppeal(contribution=world.contributions["eli", "slow"][0], grounds="This is the female, which has none.")
    )
    client.resolve(
        appeal.id, NewResolution(verdict="accepted", score="1", reviewer="judge-3", reason="You are right, sorry.")
    )


def _judged(world: World) -> None:
    """Three names: one judged by two, one by one, one by nobody."""
    names = {"ana": "Dewey", "ben": "Comma", "fay": "Folio"}
    for name, proposed in names.items():
        _contribute(world, name, "judged", {"name": proposed, "why": "It sounds like a book."})
    for reviewer, name, scores in (
        ("judge-1", "ana", ("0.8", "0.9")),
        ("judge-2", "ana", ("0.7", "1")),
        ("judge-1", "ben", ("0.9", "0.6")),
    ):
        world.platform.client.review(
            NewReview(
                contribution=world.contributions[name, "judged"][0],
                reviewer=reviewer,
                verdict="accepted",
                scores=list(scores),
                words="A name one remembers.",
            )
        )


def _results(world: World) -> None:
    world.platform.client.publish_result(world.campaigns["quick"].id, NewResult(make="tally", field="label"))


def _paid(world: World) -> None:
    """Wait until wallets have something to claim; ben's is claimed by relay."""
    wait_until(
        "everybody can claim", lambda: all(world.claimable(name) for name in NAMES if name not in _UNLINKED) or None
    )
    client = world.platform.client
    (request,) = client.claim([world.people["ben"].address])
    wait_until("ben is paid", lambda: client.claim_request(request.id).state == "paid" or None)
    world.platform.wait_until_anchored()
