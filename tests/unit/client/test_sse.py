"""The parser of server-sent events: the standard's examples, and streams cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.client.sse import MAX_MESSAGE_BYTES, Message, Messages
from ledger.errors import FormatError

TEXTS = st.text(st.characters(blacklist_characters="\r\n\0", blacklist_categories=("Cs",)), max_size=20)
MESSAGES = st.builds(Message, TEXTS, TEXTS.filter(bool), st.lists(TEXTS, min_size=1, max_size=3).map("\n".join))


def read(*chunks: bytes) -> list[Message]:
    parser = Messages()
    return [message for chunk in chunks for message in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", ["YHOO\n+2\n10"]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            ["first event", "second event", " third event"],
        ),
        (b"data\n\ndata\ndata\n\ndata:", ["", "\n"]),
        (b"data:test\n\ndata: test\n\n", ["test", "test"]),
    ],
)
def test_the_examples_of_the_standard(stream: bytes, data: list[str]) -> None:
    assert [message.data for message in read(stream)] == data


@given(
    st.lists(MESSAGES, max_size=4), st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 200)), st.booleans()
)
def test_whatever_is_written_is_read_however_it_is_cut(
    messages: list[Message], end: str, cuts: list[int], marked: bool
) -> None:
    stream = b"\xef\xbb\xbf" if marked else b""
    for message in messages:
        lines = [f"id: {message.id}", f"event: {message.event}", ": a comment", "unknown: x"]
        lines += [f"data: {line}" for line in message.data.split("\n")]
        stream += "".join(line + end for line in [*lines, ""]).encode()
    stream += b": the end\n"  # what a carriage return at the very end waits for
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    chunks = [stream[begin:until] for begin, until in pairwise(places)]
    assert read(*chunks) == messages


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_are_read_in_the_same_way_cut_or_whole(stream: bytes, cut: int) -> None:
    assert read(stream[:cut], stream[cut:]) == read(stream)


def test_ids_retries_and_bounds() -> None:
    parser = Messages()
    assert list(parser.feed(b"id: 7\n\n")) == []
    assert parser.last_id == "7"
    list(parser.feed(b"id: a\0b\nretry: 2500\nretry: x\ndata: 1\n\n"))
    assert (parser.last_id, parser.retry_seconds) == ("7", 2.5)
    list(parser.feed(b"retry: 999999999\n"))
    assert parser.retry_seconds == 60.0
    for endless in (b"data: " + b"x" * 10_000, b"data: " + b"x" * 10_000 + b"\n"):
        parser = Messages()
        with pytest.raises(FormatError):
            [message for _ in range(MAX_MESSAGE_BYTES // 10_000 + 2) for message in parser.feed(endless)]
