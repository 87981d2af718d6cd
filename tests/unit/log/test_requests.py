"""What is refused without the log, and what makes two requests the same."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.errors import FieldError, TooLargeError
from ledger.log.items import Item
from ledger.log.naming import named
from ledger.log.requests import MAX_REQUEST_BYTES, prepare
from ledger.statements import canonical
from tests.unit.log.samples import Maker


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.mark.parametrize("text", ["", "a\x00b", "a\nb", "\ud800", "x" * 201, "a\x7f"])
@pytest.mark.parametrize("field", ["external_id", "contributor", "task_external_id", "campaign", "replaces"])
def test_a_name_that_no_database_should_see_is_refused(maker: Maker, field: str, text: str) -> None:
    with pytest.raises(FieldError) as raised:
        prepare(maker.submit(**{field: text}))
    assert raised.value.field == field


@pytest.mark.parametrize("name", ["Zoë", "работник 7", "x" * 200, "a:b/c#d@e", "星\u3000空"])
def test_other_names_pass(maker: Maker, name: str) -> None:
    prepare(maker.submit(name, external_id=name))


def test_content_without_canonical_json_is_refused(maker: Maker) -> None:
    for content in (float("nan"), 2**60, "\ud800", {"deep": _nested(70)}, {1: "no name"}, {"set": {1}}):
        with pytest.raises(FieldError):
            prepare(maker.submit(content=content))


def test_too_much_content_is_refused(maker: Maker) -> None:
    with pytest.raises(TooLargeError):
        prepare(maker.submit(content="x" * MAX_REQUEST_BYTES))


def test_a_salt_has_32_bytes(maker: Maker) -> None:
    with pytest.raises(FieldError):
        prepare(maker.submit(salt=b"short"))


def test_a_reference_is_given_once(maker: Maker) -> None:
    for item in (
        maker.decide(),
        maker.decide(maker.id(), contribution_external_id="1"),
        maker.submit(task=maker.id(), task_external_id="1"),
    ):
        with pytest.raises(FieldError):
            prepare(item)


def test_ids_and_salts_do_not_count_for_sameness(maker: Maker) -> None:
    first, again = maker.submit(external_id="1"), maker.submit(external_id="1")
    assert first.salt != again.salt
    assert prepare(first).canonical == prepare(again).canonical
    assert prepare(first).canonical != prepare(replace(first, content=None)).canonical
    salt = prepare(first).fresh_fingerprint_salt()
    assert prepare(first).fingerprint(salt) == prepare(again).fingerprint(salt)
    assert prepare(again).fresh_fingerprint_salt() != salt


def test_named_covers_what_an_item_refers_to(maker: Maker) -> None:
    items: list[Item] = [
        maker.submit("ann", task_external_id="t", external_id="c", replaces="r"),
        maker.decide(contribution_external_id="c", reviewer="rev"),
    ]
    names = named(prepare(item) for item in items)
    assert names.externals == {
        (maker.platform, "contribution", "c"),
        (maker.platform, "task", "t"),
    }
    assert set(names.people) == {(maker.platform, "ann"), (maker.platform, "rev")}
    assert "r" in names.contributions


def _nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [65, 500, 20_000])
def test_what_is_nested_too_deep_is_a_field_error(depth: int) -> None:
    content: canonical.JsonValue = 1
    for _ in range(depth):
        content = [content]
    with pytest.raises(FieldError, match="deeper than 64"):
        prepare(Maker().submit(content=content))
