"""An audit folds runs, and columns that other processes made of them; the book alone folds entry by entry.

Whatever an operator writes into a log, all three come to the same: every finding, award and deadline, and every entry
that later checks look at.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from ledger.audit import reading
from ledger.audit.reading import Bundle
from ledger.audit.replay import Replay
from ledger.book.fold import Book
from ledger.errors import FormatError
from ledger.statements import kinds
from ledger.statements.campaigns import Limits
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, OpenedReview
from ledger.statements.kinds import AnyStatement
from ledger.statements.shapes import Shapes
from ledger.statements.values import time_ms
from ledger.tree.tiles import FULL_WIDTH
from tests.unit.book.player import KINDS, NAMES, Player
from tests.unit.book.story import DIGEST, SECOND, Story, person
from tests.unit.book.test_runs import waiting

OTHER_TERMS = 64 * "2"
NONE = "0" * 8 + "-0000-7000-8000-" + "0" * 12
ODD = [
    *[{}] * 12,
    {"supersedes": NONE},
    {"appeal": NONE},
    {"bonus": "1"},
    {"bonus": "0"},
    {"method": SECOND},
    {"verdict": "needs_work"},
    {"verdict": "rejected", "feedback": None},
    {"reviewer": person(2)},
    {"reviewer": person(9)},
    {"reviews": [OpenedReview(review=NONE, verdict="accepted", score="1")]},
    {"contribution": NONE},
]
"""What makes a decision anything but plain."""


def simple(story: Story) -> str:
    """A campaign that asks for nothing: all of its work is plain."""
    return story.campaign(appeal=20, decision=40)


def quick(story: Story) -> str:
    """The same, where less time is left."""
    return story.campaign(appeal=8, decision=12)


def envelopes(story: Story) -> str:
    """The same, of entries that are sealed at first."""
    return story.campaign(appeal=20, decision=40, sealed=story.sealed(30, 40))


def pilot(story: Story) -> str:
    """The same, with few places until it is resumed."""
    return story.campaign(appeal=20, decision=40, pilot=6)


def limited(story: Story) -> str:
    """The same, with few places for each person and task."""
    return story.campaign(appeal=20, decision=40, limits=Limits(participants=6, per_person=2, per_task=5))


def elsewhere(story: Story) -> str:
    """The same, of another platform."""
    ours, story.platform = story.platform, story.register()
    try:
        return story.campaign(appeal=20, decision=40)
    finally:
        story.platform = ours


class Crowd(Player):
    """Plays in bursts too: much work of one moment in one campaign, and many decisions on it."""

    def __init__(self, kinds, padding):
        super().__init__(kinds)
        for _ in range(padding):
            self.story.tick()

    def burst(self, number):
        campaign = self.campaign(number)
        more = {"task": self.tasks[self.campaign(number // 13)]} if number % 2 else {}
        more |= {"terms": OTHER_TERMS} if number % 5 == 0 else {}
        for each in range(2 + number // 7 % 8):
            self.story.submit(campaign, each % 5 + number // 60 % 3 * 5, **more)

    def terms(self, number):
        campaign = self.campaign(number)
        version = len(self.facts.campaigns[campaign].versions) + 1
        self.story.amend(campaign, version, terms=DIGEST if number % 3 == 0 else OTHER_TERMS)

    def verdicts(self, number):
        campaign = self.campaign(number)
        anywhere = number % 5 == 0
        made = [each for each in self.facts.contributions.values() if anywhere or each.campaign == campaign][-12:]
        place, odd, again = number % 8, ODD[number // 8 % len(ODD)], number % 6 == 0
        for work in made:
            number = number * 7 + 1
            if work.decision is None or again:
                more = odd if number % 4 == 0 or work is made[place % len(made)] else {}
                said = {"verdict": "rejected" if number % 3 else "accepted", "score": self.score(number)}
                self.story.decide(**{"contribution": work.id} | said | more)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([*NAMES, *["burst", "verdicts"] * 40, *["wait"] * 20, *["terms", "withdraw"] * 4]),
        st.integers(0, 999),
    ),
    min_size=8,
    max_size=50,
)
PLAIN = [simple, quick, envelopes, pilot, limited, elsewhere]
CAMPAIGNS = st.lists(st.sampled_from([*KINDS, *PLAIN, *PLAIN]), min_size=1, max_size=2, unique=True)
PLACE = st.integers(0, 10**6)

MEMBERS = st.sampled_from(
    [
        *["id", "at", "campaign", "contributor", "task", "terms", "replaces", "signature", "contribution", "verdict"],
        *["score", "method", "reviewer", "feedback", "supersedes", "appeal", "bonus", "reviews"],
        *["address", "message", "consent", "erc1271", "link"],
    ]
)
SPELLINGS = [
    (b'"v":1', b'"v":1.0'),
    (b'"v":1', b'"v":1e0'),
    (b'"v":1', b'"v":2'),
    (b'"v":1', b'"v":true'),
    (b'"v":1', b'"v":100000000000000000000000000000000000001'),
    (b'"v":1', b'"v":1,"v":1'),
    (b'"v":1}', b'"v":1,"x":null}'),
    (b'"v":1}', b'"v":1}\n'),
    (b'{"', b'{ "'),
    (b'{"', b'\xef\xbb\xbf{"'),
    (b'"at":', b'"at":"2026-01-01T00:00:00.000Z","at":'),
    (b'"at":', b'"\\u0061t":'),
    (b'"id":', b'"Id":'),
    (b'"id":', b'"signature":null,"id":'),
    (b'"kind":', b'"limits":null,"kind":'),
    (b"Z", b"z"),
    (b"Z", b"\\u005a"),
    (b"-7", b"-4"),
    (b"-4", b"-7"),
    (b"-", b"\xe2\x80\x90"),
    (b"a", b"A"),
    (b"1", "١".encode()),  # digits to Python
    (b'"score":"1"', b'"score":"1.0"'),
    (b'"score":"1"', b'"score":1'),
    (b'"score":"0.5"', b'"score":"0.50"'),
    (b'"accepted"', b'"Accepted"'),
    (b"T", b" "),
]
CHANGES = st.one_of(
    st.tuples(st.just("member"), PLACE, PLACE, MEMBERS),
    st.tuples(st.just("near"), PLACE, st.integers(1, 4), MEMBERS),
    st.tuples(st.just("spelt"), PLACE, PLACE, st.sampled_from(SPELLINGS)),
    st.tuples(st.just("digit"), PLACE, PLACE, st.sampled_from(b"0123456789abcdef")),
    st.tuples(st.just("early"), PLACE, st.integers(1, 8), st.integers(1, 60)),
    st.tuples(st.sampled_from(["swapped", "doubled", "removed", "second look"]), PLACE, PLACE, st.none()),
    st.tuples(st.just("bytes"), PLACE, PLACE, st.binary(max_size=3)),
)


def changed(entries: list[bytes], change: tuple) -> list[bytes]:
    """The entries with one of them changed as somebody would who wants it judged in two ways."""
    how, place, other, what = change
    common = [index for index, data in enumerate(entries) if b'"contribution.submitted"' in data]
    common += [index for index, data in enumerate(entries) if b'"decision.made"' in data]
    if not common or place % 8 == 0:  # anything, or a wallet's link
        common = [index for index, data in enumerate(entries) if b'"wallet.' in data and place % 3] or [place]
    place = common[place % len(common)] % len(entries)
    data, bad = entries[place], list(entries)
    match how:
        case "member" | "near":  # what another one of its kind says, far away or in the same run
            alike = [each for each in entries if kind_of(each) == kind_of(data)]
            near = entries[max(0, place - other)] if how == "near" else alike[other % len(alike)]
            bad[place] = with_member(data, near, what)
        case "spelt":
            bad[place] = data.replace(*what, 1 if other % 2 else -1)
        case "digit":
            places = [at for at, byte in enumerate(data) if byte in b"0123456789abcdef"]
            if places:
                at = places[other % len(places)]
                bad[place] = data[:at] + bytes([what]) + data[at + 1 :]
        case "bytes":
            at = other % (len(data) + 1)
            bad[place] = data[:at] + what + data[at + 1 :]
        case "early":  # several of them, as somebody dates work back
            dated = parsed(entries[max(0, place - what)])
            for index in range(place, min(place + other, len(bad))) if not isinstance(dated, FormatError) else ():
                bad[index] = with_value(bad[index], "at", dated.at)
        case "swapped":
            bad[place], bad[other % len(bad)] = bad[other % len(bad)], bad[place]
        case "doubled":
            bad.insert(other % 3 + place if other % 2 else other % len(bad), data)
        case "removed":
            del bad[place]
        case "second look":
            bad[place] = with_value(data, "method", SECOND)
    return bad or entries


def kind_of(data: bytes) -> type | None:
    statement = parsed(data)
    return None if isinstance(statement, FormatError) else type(statement)


def parsed(data: bytes) -> AnyStatement | FormatError:
    try:
        return kinds.parse_slowly(data)
    except FormatError as error:
        return error


def with_member(data: bytes, other: bytes, name: str) -> bytes:
    said = parsed(other)
    return with_value(data, name, getattr(said, name)) if hasattr(said, name) else data


def with_value(data: bytes, name: str, value: object) -> bytes:
    statement = parsed(data)
    return kinds.encode(structs.replace(statement, **{name: value})) if hasattr(statement, name) else data


def one_by_one(entries: Sequence[bytes]) -> tuple:
    """What the book makes of the entries, each read the long way and folded by itself."""
    book, at_ms, unreadable, signed = Book(), [], [], []
    for index, data in enumerate(entries):
        statement = parsed(data)
        if isinstance(statement, FormatError):
            unreadable.append((index, statement.detail))
            at_ms.append(at_ms[-1] if at_ms else 0)
            book.fold_bytes(data, index)
            continue
        at_ms.append(time_ms(statement.at))
        book.fold(statement, index)
        if isinstance(statement, ContributionSubmitted | DecisionMade) and statement.signature is not None:
            signed.append((index, statement))
    return book, at_ms, unreadable, signed


def audited(entries: Sequence[bytes], *, helped: bool) -> tuple[Replay, int]:
    """What an audit makes of them, with bundles that other processes have looked at or not; runs taken as columns."""
    replay, theirs, ours, columns = Replay(), Shapes(), Shapes(), 0
    for begin in range(0, len(entries), FULL_WIDTH):
        bundle = Bundle.of(list(entries[begin : begin + FULL_WIDTH]))
        with pytest.MonkeyPatch.context() as patch:
            if helped:
                patch.setattr(kinds, "_SHAPES", theirs)
                reading._look(bundle)
                bundle = pickle.loads(pickle.dumps(bundle))
                columns += len(bundle.plain)
            patch.setattr(kinds, "_SHAPES", ours)
            replay.take(bundle)
    return replay, columns


def orders(book: Book) -> list:
    """In which order the book came to know what it knows: awards and shares follow some of it."""
    facts = book.facts
    known = [facts.contributions, facts.decisions, facts.contributors, facts.authors, facts.records, facts.tasks]
    return [list(each) for each in [*known, *(each.by_person for each in facts.campaigns.values())]]


def check(entries: Sequence[bytes]) -> int:
    """Compare; returns how many runs came as columns."""
    book, at_ms, unreadable, signed = one_by_one(entries)
    deadlines = waiting(book)
    made = [audited(entries, helped=False)[0], (told := audited(entries, helped=True))[0]]
    for replay in made:
        assert replay.book == book
        assert orders(replay.book) == orders(book)
        assert waiting(replay.book) == deadlines
        assert list(replay.at_ms) == at_ms
        assert replay.unreadable == unreadable
        assert replay.signed == signed
    alone, helped = made
    for name in ("campaigns", "funds", "settlements", "links", "wrong", "handled"):
        assert getattr(alone, name) == getattr(helped, name)
    assert alone.tree.root() == helped.tree.root()
    return told[1]


LOGS = given(CAMPAIGNS, st.integers(0, 255), STEPS, st.lists(CHANGES, max_size=6))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@LOGS
def test_a_crooked_log(kinds_, padding, steps, changes) -> None:
    check_crooked(kinds_, padding, steps, changes)


@pytest.mark.long
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@LOGS
def test_a_crooked_log_long(kinds_, padding, steps, changes) -> None:
    check_crooked(kinds_, padding, steps, changes)


def check_crooked(kinds_, padding, steps, changes) -> int:
    entries = [kinds.encode(each) for each in Crowd(kinds_, padding).play(steps).entries]
    for change in changes:
        entries = changed(entries, change)
    return check(entries)
