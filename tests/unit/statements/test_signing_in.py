"""Messages to sign in: what is written is read, and nothing else is."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.statements import sign_in
from ledger.statements.sign_in import MemberSignIn, SignIn, WalletLink, parse_sign_in

SAID = SignIn(
    domain="crowd.example:8080",
    address="0x" + "ab" * 20,
    log="crowd.example/main",
    uri="https://crowd.example:8080",
    chain_id=31337,
    nonce="k3J9sQ2xLm",
    issued_at="2026-11-22T03:14:00.123Z",
    expires_at="2026-11-22T03:24:00.123Z",
)
MEMBER = MemberSignIn(**{each.name: getattr(SAID, each.name) for each in fields(SAID)})
LINK = WalletLink(
    domain=SAID.domain,
    address=SAID.address,
    contributor="5f0c7d3e-1111-4aaa-9bbb-000000000001",
    log=SAID.log,
    replaces=None,
    uri=SAID.uri,
    chain_id=SAID.chain_id,
    nonce=SAID.nonce,
    issued_at=SAID.issued_at,
    expires_at=SAID.expires_at,
)


@given(
    st.binary(min_size=20, max_size=20),
    st.integers(1, 2**53 - 1),
    st.from_regex(r"[A-Za-z0-9]{8,64}", fullmatch=True),
    st.from_regex(r"[a-z0-9./_-]{1,40}", fullmatch=True),
)
def test_what_is_written_is_read(raw, chain_id, nonce, log):
    for kind in (SignIn, MemberSignIn):
        said = kind(SAID.domain, "0x" + raw.hex(), log, SAID.uri, chain_id, nonce, SAID.issued_at, SAID.expires_at)
        assert parse_sign_in(said.message()) == said
        assert type(parse_sign_in(said.message())) is kind


def test_none_of_the_messages_passes_for_another():
    with pytest.raises(FormatError):
        parse_sign_in(LINK.message())
    with pytest.raises(FormatError):
        sign_in.parse(MEMBER.message())
    assert MEMBER.message() != SAID.message()
    assert MEMBER != SAID
    with pytest.raises(FormatError):
        sign_in.parse(SAID.message())


@settings(max_examples=300)
@given(st.data(), st.sampled_from([SAID, MEMBER]))
def test_a_changed_message_is_refused_or_says_something_else(data, meant):
    text = meant.message()
    begin, end = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2)))
    place = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.sampled_from([text[begin:end], "\n", " ", "\r", "\u2028", "٣", "\x00", "", "0"]))
    changed = data.draw(st.sampled_from([text[:place] + piece + text[place:], text[:begin] + piece + text[end:]]))
    try:
        said = parse_sign_in(changed)
    except FormatError:
        return
    assert (said == meant) == (changed == text)
    assert said.message() == changed


@given(st.text())
def test_any_other_text_is_refused(text):
    with pytest.raises(FormatError):
        parse_sign_in(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Version: 1", "Version: 2"),
        ("\n\nSign", "\nSign"),
        ("\nURI", "\r\nURI"),
        ("Chain ID: 3", "Chain ID: 03"),
        ("0xABaB", "0xabab"),
        ("changes nothing.", "changes nothing"),
        ("03:14:00.123Z\nExp", "03:74:00.123Z\nExp"),
        ("03:24:00.123Z", "03:24:00.123Z\n"),
        ("03:24:00.123Z", "03:24:00.123Z\nRequest ID: 1"),
    ],
)
def test_what_is_almost_a_message_is_refused(old, new):
    text = SAID.message()
    assert old in text
    with pytest.raises(FormatError):
        parse_sign_in(text.replace(old, new))
