"""Every kind, with whatever its members allow: written as RFC 8785 says, read as it was, and nothing else is read."""

import re

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.statements import kinds
from tests.unit.statements.drawn import TEXT, statements

KINDS = sorted(kinds.KINDS)
FREE = "parameters"


def objects(node, name=""):
    """All objects in it whose members are fixed and that have any, whatever their depth."""
    if isinstance(node, dict):
        if name != FREE and node:
            yield node
        for key, child in node.items():
            yield from objects(child, key)
    elif isinstance(node, list):
        for child in node:
            yield from objects(child)


def refused(members):
    with pytest.raises(FormatError):
        kinds.parse(rfc8785.dumps(members))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(st.data())
def test_what_is_written_is_read(kind, data):
    statement = data.draw(statements(kind))
    written = kinds.encode(statement)
    assert written == rfc8785.dumps(msgspec.to_builtins(statement))
    assert kinds.parse(written) == statement
    assert b"null" not in re.sub(rb'"(?:[^"\\]|\\.)*"', b"", written)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6)
@given(st.data())
def test_members_are_those_of_the_kind_at_every_depth(kind, data):
    written = kinds.encode(data.draw(statements(kind)))
    count = len(list(objects(msgspec.json.decode(written))))
    chosen = data.draw(st.integers(0, count - 1))

    def changed(change):
        """The statement with one of its objects changed."""
        members = msgspec.json.decode(written)
        change(list(objects(members))[chosen])
        return members

    refused(changed(lambda members: members.update({data.draw(TEXT.filter(lambda name: name != FREE)) + "?": 1})))
    name = data.draw(st.sampled_from(sorted(list(objects(msgspec.json.decode(written)))[chosen])))
    refused(changed(lambda members: members.update({name: None})))
    refused(changed(lambda members: members.update({name: [[members[name]]]})))
    refused(changed(lambda members: members.update({name.upper(): members.pop(name)})))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=5)
@given(st.data())
def test_other_bytes_of_the_same_value_are_refused(kind, data):
    written = kinds.encode(data.draw(statements(kind)))
    members = msgspec.json.decode(written)
    reverse = msgspec.json.encode(dict(reversed(members.items())))
    for other in (reverse, msgspec.json.format(written), written + b"\n", b" " + written, written[:-1]):
        with pytest.raises(FormatError):
            kinds.parse(other)


@pytest.mark.parametrize("kind", KINDS)
def test_required_members_are_required(kind):
    struct = kinds.KINDS[kind]
    required = {field.name for field in msgspec.structs.fields(struct) if field.required}

    @settings(max_examples=3)
    @given(statements(kind))
    def check(statement):
        members = msgspec.to_builtins(statement)
        assert required | {"kind"} <= members.keys()
        for name in required | {"kind"}:
            refused({key: value for key, value in members.items() if key != name})

    check()


@pytest.mark.parametrize("false", ["direct", "second_look"])
def test_a_switch_is_true_or_absent(false):
    kind = {"direct": "campaign.opened", "second_look": "review.given"}[false]

    @settings(max_examples=3)
    @given(statements(kind))
    def check(statement):
        refused(msgspec.to_builtins(statement) | {false: False})

    check()
