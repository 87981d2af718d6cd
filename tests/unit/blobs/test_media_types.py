"""Media types against their grammar, and against the standard library's own reader."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.blobs.media_types import MAX_CHARACTERS, parse_media_type
from ledger.errors import FieldError

TOKEN = st.text("!#$%&'*+-.^_`|~0123456789abcXYZ", min_size=1, max_size=12)
NAME = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,10}", fullmatch=True)
PLAIN = st.from_regex("[A-Za-z0-9][A-Za-z0-9._+-]{0,11}", fullmatch=True)  # mail gives * % and ' a meaning (RFC 2231)
TEXT = st.text([chr(code) for code in range(32, 127)], max_size=12)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("image/png", "image/png"),
        ("Text/HTML;Charset=UTF-8", "text/html; charset=UTF-8"),
        ('text/plain \t; charset="utf-8"  ;  format=flowed', "text/plain; charset=utf-8; format=flowed"),
        ('a/b; x="a\\"b;c"', 'a/b; x="a\\"b;c"'),
        ('a/b; x="\\a b"', 'a/b; x="a b"'),
        ('a/b; x=""', 'a/b; x=""'),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
    ],
)
def test_the_one_spelling(text: str, normal: str) -> None:
    assert parse_media_type(text) == normal
    assert parse_media_type(normal) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "text/",
        "/plain",
        " text/plain",
        "text /plain",
        "*/*",
        "text/*",
        "text/plain;",
        "text/plain;;a=b",
        "text/plain; charset",
        "text/plain; charset=",
        "text/plain; =utf-8",
        "text/plain; charset =utf-8",
        "text/plain; charset=utf 8",
        'text/plain; charset="utf-8',
        'text/plain; charset="utf-8"x',
        'text/plain; charset="\\"',
        "text/plain; a=1; A=2",
        "text/plain, text/html",
        "text/plain\r\nX-Header: 1",
        'text/plain; a="\r\n"',
        "text/plain\x00",
        "text/plain; a=é",
        "téxt/plain",
        "a/" + "b" * MAX_CHARACTERS,
        "multipart/form-data; boundary=x",
        "Application/X-WWW-Form-Urlencoded",
    ],
)
def test_what_is_no_type_of_a_file_is_refused(text: str) -> None:
    with pytest.raises(FieldError) as wrong:
        parse_media_type(text)
    assert wrong.value.field == "Content-Type"


@given(NAME, NAME, st.lists(st.tuples(TOKEN, TEXT), max_size=4, unique_by=lambda pair: pair[0].lower()))
def test_every_type_is_read_and_read_again(main: str, sub: str, parameters: list[tuple[str, str]]) -> None:
    quoted = [
        "; {}={}".format(name, '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"')
        for name, value in parameters
    ]
    text = f"{main}/{sub}{''.join(quoted)}"
    if len(text) > MAX_CHARACTERS or main.lower() == "multipart":
        return
    normal = parse_media_type(text)
    assert parse_media_type(normal) == normal
    assert normal.partition(";")[0] == f"{main}/{sub}".lower()


@given(
    NAME,
    NAME,
    st.lists(st.tuples(st.from_regex("[a-z]{1,8}", fullmatch=True), PLAIN), max_size=3, unique_by=lambda p: p[0]),
)
def test_others_read_the_same(main: str, sub: str, parameters: list[tuple[str, str]]) -> None:
    normal = parse_media_type(f"{main}/{sub}" + "".join(f";{name}={value}" for name, value in parameters))
    message = EmailMessage()
    message["Content-Type"] = normal
    assert message.get_content_type() == normal.partition(";")[0]
    assert dict(message["Content-Type"].params) == dict(parameters)


@given(st.one_of(st.text(max_size=40), TEXT.map("a/b".__add__), TEXT.map("a/b; ".__add__)))
def test_anything_is_a_type_or_refused(text: str) -> None:
    try:
        normal = parse_media_type(text)
    except FieldError:
        return
    assert normal.isascii()
    assert normal.isprintable()
    assert parse_media_type(normal) == normal
