"""The fast way reads what the long way reads, and nothing else: whatever the bytes, and whatever was read before."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.statements import kinds, shapes, values
from ledger.statements.campaigns import TaskAdded
from ledger.statements.contributions import ContributionSubmitted, Signature
from ledger.statements.decisions import DecisionMade, Method, ReviewGiven
from ledger.statements.shapes import Shapes
from tests.unit.statements.drawn import statements

EXAMPLES = Path(__file__).parents[3] / "docs/formats/examples"
SIGNATURE = Signature(address="0x" + 40 * "a", value="0x" + 128 * "7" + "1b")
PERSON = "0fb4a3c2-9d1e-4f60-8a7b-5c6d7e8f9a0b"
FAST = ["contribution.submitted", "decision.made", "task.added", "review.given"]
PLACE = st.integers(0, 10**6)
HEX = st.sampled_from(b"0123456789abcdef")
PIECES = [
    b"\\u0061",
    b"\\b",
    b"\\/",
    b" ",
    b"\n",
    b"null",
    b"true",
    b"1e0",
    b"0",
    b"00",
    b"-",
    b".",
    b'"',
    b",",
    b"{",
    b"}",
]
PIECES += [b"\x00", b"\x7f", b"\xc3\xa9", b"\xff", b"A", b"F", b'"v":1,', b',"v":1', b'"at":', b"9007199254740993"]


def both_agree(data, learned):
    """What was learned changes nothing: the same statement, or refused alike."""
    try:
        expected = kinds.parse_slowly(data)
    except FormatError:
        expected = None
    made = learned.read(data)
    assert made is None or (made == expected and type(made) is type(expected))
    return made


def taught(*data):
    learned = Shapes()
    for each in data:
        learned.learn(each, kinds.parse_slowly(each))
    return learned


def without_more(statement):
    """Without the members that are always read the long way."""
    if isinstance(statement, DecisionMade):
        method = msgspec.structs.replace(statement.method, parameters=None)
        return msgspec.structs.replace(statement, method=method, reviews=None, bonus=None)
    if isinstance(statement, ReviewGiven):
        return msgspec.structs.replace(statement, second_look=False)
    return statement


def variants(kind):
    """The example with and without each member that it need not have, in all kinds of company."""
    statement = without_more(kinds.parse_slowly((EXAMPLES / f"{kind}.json").read_bytes()))
    optional = {field.name for field in msgspec.structs.fields(statement) if not field.required}
    texts = {"signature", "task", "replaces", "reviewer", "feedback", "supersedes", "appeal"} & optional
    given = {name: PERSON if name == "reviewer" else statement.id for name in texts}
    given |= {"feedback": 64 * "e"} if "feedback" in texts else {}
    given |= {"signature": SIGNATURE} if "signature" in texts else {}
    for chosen in range(2 ** len(texts)):
        members = {name: given[name] if chosen >> place & 1 else None for place, name in enumerate(sorted(texts))}
        yield kinds.encode(msgspec.structs.replace(statement, **members))


VARIANTS = {kind: list(variants(kind)) for kind in FAST}


def known(kind):
    return st.sampled_from(VARIANTS[kind])


@pytest.mark.parametrize("kind", FAST)
def test_what_was_read_once_is_read_fast(kind):
    for data in VARIANTS[kind]:
        assert Shapes().read(data) is None
        assert both_agree(data, taught(data)) is not None


@pytest.mark.parametrize("kind", FAST)
@settings(max_examples=10)
@given(st.data())
def test_whatever_a_statement_says(kind, data):
    written = kinds.encode(data.draw(statements(kind)))
    both_agree(written, taught(written))


@pytest.mark.parametrize("kind", FAST)
@settings(max_examples=150)
@given(st.data())
def test_other_hex_digits_anywhere(kind, data):
    """In names, literals, versions of ids, times and scores they are wrong; in digests they are not."""
    learned_from = data.draw(known(kind))
    changed = bytearray(learned_from)
    places = [place for place, byte in enumerate(changed) if byte in b"0123456789abcdef"]
    for place in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=3)):
        changed[place] = data.draw(HEX)
    both_agree(bytes(changed), taught(learned_from))


@pytest.mark.parametrize("kind", FAST)
@settings(max_examples=150)
@given(st.data())
def test_bytes_that_were_tampered_with(kind, data):
    learned_from = data.draw(known(kind))
    changed = learned_from
    for _ in range(data.draw(st.integers(1, 2))):
        begin = data.draw(PLACE) % (len(changed) + 1)
        end = begin + data.draw(st.integers(0, 3))
        changed = changed[:begin] + data.draw(st.sampled_from(PIECES) | st.binary(max_size=3)) + changed[end:]
    both_agree(changed, taught(learned_from))


@pytest.mark.parametrize("kind", FAST)
@settings(max_examples=60)
@given(st.data())
def test_members_in_another_order_or_twice(kind, data):
    learned_from = data.draw(known(kind))
    members = json.loads(learned_from)
    pairs = data.draw(st.permutations(sorted(members.items())))
    if data.draw(st.booleans()):
        pairs = [*sorted(members.items()), data.draw(st.sampled_from(sorted(members.items())))]
    text = ",".join(f"{json.dumps(name)}:{json.dumps(value, separators=(',', ':'))}" for name, value in pairs)
    both_agree(f"{{{text}}}".encode(), taught(learned_from))


@settings(max_examples=100)
@given(st.lists(known("contribution.submitted") | known("decision.made"), min_size=1, max_size=4), st.data())
def test_what_one_statement_taught_misleads_about_no_other(seen, data):
    learned = taught(*seen)
    for each in [*seen, data.draw(known(data.draw(st.sampled_from(FAST))))]:
        both_agree(each, learned)
        members = json.loads(each)
        name = data.draw(st.sampled_from(sorted(members)))
        other = json.loads(data.draw(st.sampled_from(seen)))
        swapped = members | {name: other.get(name, members[name])}
        both_agree(json.dumps(swapped, separators=(",", ":"), sort_keys=True).encode(), learned)


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_any_bytes(data):
    both_agree(data, taught(*(path.read_bytes() for path in EXAMPLES.glob("*.json"))))


def test_no_two_members_of_an_object_have_one_shape():
    """Else one could stand in the other's place."""
    objects = (shapes._Submitted, shapes._Decided, shapes._Task, shapes._Reviewed, shapes._Method, shapes._Signature)
    for plain in objects:
        names = [*plain.__struct_fields__, "kind"]
        assert len({name.encode().translate(shapes._HEX_TO_ZERO) for name in names}) == len(names)


def test_plain_members_are_those_of_the_kinds():
    """A member that the kind has and the fast way does not know is always read the long way."""
    for kind, plain, others in (
        (ContributionSubmitted, shapes._Submitted, set()),
        (DecisionMade, shapes._Decided, {"bonus", "reviews"}),
        (TaskAdded, shapes._Task, set()),
        (ReviewGiven, shapes._Reviewed, {"second_look"}),
        (Method, shapes._Method, {"parameters"}),
        (Signature, shapes._Signature, set()),
    ):
        assert set(kind.__struct_fields__) == set(plain.__struct_fields__) | others


def test_shapes_are_kept_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(shapes, "MAX_SHAPES", 2)
    example = kinds.parse_slowly((EXAMPLES / "decision.made.json").read_bytes())
    made = [
        kinds.encode(
            msgspec.structs.replace(
                without_more(example), method=msgspec.structs.replace(example.method, name="x" * n, parameters=None)
            )
        )
        for n in range(1, 5)
    ]
    learned = taught(*made)
    assert [learned.read(each) is not None for each in made] == [True, True, False, False]


def test_a_score_is_looked_at():
    example = without_more(kinds.parse_slowly((EXAMPLES / "decision.made.json").read_bytes()))
    good = kinds.encode(msgspec.structs.replace(example, score="0.5"))
    learned = taught(good)
    for score, fast in (("0.7", True), ("0.0", False), ("1.5", False), ("0.a", False)):
        data = good.replace(b'"score":"0.5"', f'"score":"{score}"'.encode())
        assert (both_agree(data, learned) is not None) is fast
    assert values.score_millionths("0.7") == 700_000
