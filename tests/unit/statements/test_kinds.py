import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.statements import kinds
from ledger.statements.base import Statement
from ledger.statements.decisions import DecisionMade, Method

ROOT = Path(__file__).parents[3]
EXAMPLES = {path.stem: path.read_bytes() for path in (ROOT / "docs/formats/examples").glob("*.json")}


def test_every_kind_has_an_example_and_a_schema():
    assert EXAMPLES.keys() == kinds.KINDS.keys()
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/write_formats.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_page_of_the_formats_names_every_kind():
    text = (ROOT / "docs/formats/README.md").read_text()
    assert [kind for kind in kinds.KINDS if f"`{kind}`" not in text] == []


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_example_is_read_and_written_byte_for_byte(kind):
    statement = kinds.parse(EXAMPLES[kind])
    assert type(statement) is kinds.KINDS[kind]
    assert kinds.encode(statement) == EXAMPLES[kind] == rfc8785.dumps(msgspec.json.decode(EXAMPLES[kind]))


def _published(node):
    """All members of a schema, whatever their depth."""
    if isinstance(node, dict):
        yield from node.items()
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _published(child)


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_the_published_schema_speaks_to_strangers_tools(kind):
    """ECMA-262 has no \\Z, and a member is absent, never null."""
    schema = msgspec.json.decode((ROOT / f"docs/formats/{kind}.schema.json").read_bytes())
    members = list(_published(schema))
    assert ("type", "null") not in members
    patterns = [value for name, value in members if name == "pattern"]
    assert patterns
    assert all(value.startswith("^") and value.count("$") == 1 and value.endswith("$") for value in patterns)
    assert not any("\\Z" in value for value in patterns)
    (name,) = [each for each, part in schema["$defs"].items() if "kind" in part["properties"]]
    properties = schema["$defs"][name]["properties"]
    for member, value in msgspec.json.decode(EXAMPLES[kind]).items():
        if isinstance(value, str) and "pattern" in properties[member]:
            assert re.search(properties[member]["pattern"], value)


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_unknown_missing_and_null_members_are_refused(kind):
    members = msgspec.json.decode(EXAMPLES[kind])
    with pytest.raises(FormatError):
        kinds.parse(rfc8785.dumps(members | {"zz": 1}))
    with pytest.raises(FormatError):
        kinds.parse(rfc8785.dumps(members | {"v": 2}))
    for name in ("v", "at", "kind"):
        with pytest.raises(FormatError):
            kinds.parse(rfc8785.dumps({key: value for key, value in members.items() if key != name}))
    optional = [name for name in kinds.KINDS[kind].__struct_fields__ if name not in members]
    for name in optional:
        with pytest.raises(FormatError):
            kinds.parse(rfc8785.dumps(members | {name: None}))


@settings(max_examples=300)
@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_changed_bytes_are_refused_or_say_something_else(kind, data):
    original = EXAMPLES[kind]
    place = data.draw(st.integers(0, len(original) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != original[place]))
    changed = original[:place] + bytes([byte]) + original[place + 1 :]
    try:
        statement = kinds.parse(changed)
    except FormatError:
        return
    assert statement != kinds.parse(original)
    assert kinds.encode(statement) == changed


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("campaign.opened", "budget", "01"),
        ("campaign.opened", "budget", str(2**120)),
        ("campaign.opened", "budget", 5),
        ("campaign.opened", "budget", "٥"),
        ("campaign.opened", "funding_deadline", "2026-02-30T00:00:00.000Z"),
        ("contribution.submitted", "at", "2026-11-22T03:14:00.123Z\n"),
        ("contribution.submitted", "at", "2026-11-22T03:14:00.123+00:00"),
        ("contribution.submitted", "at", "2026-11-22T24:00:00.000Z"),
        ("contribution.submitted", "id", "019AB3C4-0000-7000-8000-000000000004"),
        ("contribution.submitted", "contributor", "019ab3c4-0000-7000-8000-000000000004"),
        ("contribution.submitted", "commitment", "0x" + 62 * "0"),
        ("decision.made", "score", "0.10"),
        ("decision.made", "score", "1.0"),
        ("decision.made", "score", "0.0000001"),
        ("decision.made", "verdict", "maybe"),
        ("clock.tick", "v", True),
        ("wallet.linked", "address", "0x" + 40 * "A"),
        ("wallet.linked", "signature", "0x" + 128 * "0" + "1a"),
        ("wallet.linked", "signature", "0x00"),
        ("wallet.linked", "consent", "0x" + 128 * "0" + "1a"),
        ("campaign.opened", "direct", False),
        ("campaign.opened", "pilot", 0),
        ("campaign.opened", "second_looks", "1.5"),
        ("campaign.opened", "policy", {"name": "prizes", "amounts": [], "min_score": "0"}),
        ("campaign.opened", "policy", {"name": "pool", "total": "8000000000000000000001"}),
        ("campaign.opened", "policy", {"name": "prizes", "amounts": ["8" + 21 * "0", "1"], "min_score": "0"}),
        ("campaign.opened", "policy", {"name": "pool", "total": str(2**120)}),
        ("campaign.opened", "judging", {"judges": 2, "agree": 3}),
        ("campaign.opened", "judging", {"judges": 21, "agree": 3}),
        ("campaign.opened", "judging", {"judges": 2, "agree": 1, "criteria": 2 * [{"name": "form", "weight": 1}]}),
        (
            "campaign.opened",
            "sealed",
            {"deadline": "2026-11-23T00:00:00.000Z", "reveal_until": "2026-11-23T00:00:00.000Z"},
        ),
        ("campaign.opened", "goal", None),
        ("campaign.opened", "onchain", None),
        ("campaign.amended", "version", 1),
        ("campaign.amended", "budget", str(2**120)),
        ("auditor.mandated", "until", "2026-13-01T00:00:00.000Z"),
        ("decision.made", "bonus", str(2**120)),
        ("decision.made", "reviews", []),
        ("content.erased", "reason", "regret"),
    ],
)
def test_values_outside_their_form_are_refused(kind, name, value):
    members = {
        key: each for key, each in (msgspec.json.decode(EXAMPLES[kind]) | {name: value}).items() if each is not None
    }
    with pytest.raises(FormatError):
        kinds.parse(rfc8785.dumps(members))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.dictionaries(st.from_regex(r"\A[a-z0-9][a-z0-9._-]{0,10}\Z"), TEXT, max_size=6))
def test_free_texts_are_written_as_rfc_8785_says(parameters):
    example = kinds.parse(EXAMPLES["decision.made"])
    assert isinstance(example, DecisionMade)
    statement = msgspec.structs.replace(example, method=Method(type="model", parameters=parameters))
    data = kinds.encode(statement)
    assert data == rfc8785.dumps(msgspec.to_builtins(statement))
    assert kinds.parse(data) == statement


def test_an_oversize_statement_is_refused():
    example = kinds.parse(EXAMPLES["decision.made"])
    parameters = {f"p{number}": "€" * 500 for number in range(50)}
    statement: Statement = msgspec.structs.replace(example, method=Method(type="model", parameters=parameters))
    with pytest.raises(FormatError, match="60000"):
        kinds.encode(statement)
