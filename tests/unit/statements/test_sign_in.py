from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.statements import kinds, signatures
from ledger.statements.sign_in import SignIn, WalletLink, checksum_address, objection, parse, parse_sign_in

EXAMPLES = Path(__file__).parents[3] / "docs/formats/examples"

LINK = WalletLink(
    domain="crowd.example:8080",
    address="0x" + "ab" * 20,
    contributor="5f0c7d3e-1111-4aaa-9bbb-000000000001",
    log="crowd.example/main",
    replaces=17,
    uri="https://crowd.example:8080/v1/wallets",
    chain_id=31337,
    nonce="k3J9sQ2xLm",
    issued_at="2026-11-22T03:14:00.123Z",
    expires_at="2026-11-22T03:24:00.123Z",
)


@given(st.binary(min_size=20, max_size=20), st.none() | st.integers(0, 2**53 - 1), st.integers(1, 2**53 - 1))
def test_what_is_written_is_read(raw, replaces, chain_id):
    link = WalletLink(
        LINK.domain, "0x" + raw.hex(), LINK.contributor, LINK.log, replaces, LINK.uri, chain_id, *list(_rest())
    )
    assert parse(link.message()) == link
    assert checksum_address(link.address) == to_checksum_address(link.address)


def _rest():
    return LINK.nonce, LINK.issued_at, LINK.expires_at


@given(st.data())
def test_a_changed_message_is_refused_or_says_something_else(data):
    text = LINK.message()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda each: each != text[place]))
    changed = text[:place] + letter + text[place + 1 :]
    try:
        link = parse(changed)
    except FormatError:
        return
    assert link != LINK
    assert link.message() == changed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Version: 1", "Version: 2"),
        ("\n\nPay", "\nPay"),
        ("\nURI", "\r\nURI"),
        ("entry 17", "entry 017"),
        ("0xABaB", "0xabab"),
        ("03:14:00.123Z\nExp", "03:74:00.123Z\nExp"),
        ("03:14:00.123Z\nExp", "031400.12345Z\nExp"),
        ("Expiration Time: 2026-11-22T03:24:00.123Z", "Expiration Time: 2026-11-22T03:24:00.123Z\n"),
    ],
)
def test_what_is_almost_a_message_is_refused(old, new):
    text = LINK.message()
    assert old in text
    with pytest.raises(FormatError):
        parse(text.replace(old, new))


@settings(max_examples=300)
@given(st.data())
def test_pieces_of_a_message_in_other_places_are_refused_or_say_something_else(data):
    text = LINK.message()
    begin, end = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2)))
    place = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.sampled_from([text[begin:end], "\n", " ", "\r", "\u2028", "٣", "\x00", ""]))
    changed = data.draw(st.sampled_from([text[:place] + piece + text[place:], text[:begin] + piece + text[end:]]))
    try:
        link = parse(changed)
    except FormatError:
        return
    assert (link == LINK) == (changed == text)
    assert link.message() == changed


def test_the_examples_are_signed_by_the_wallets_they_name():
    linked, objected = (kinds.parse((EXAMPLES / f"wallet.{kind}.json").read_bytes()) for kind in ("linked", "objected"))
    said = parse(linked.message)
    signatures.verify(signatures.message_digest(linked.message), linked.signature, said.address)
    text = objection("crowd.example/main", objected.contributor, objected.link)
    signer = Account.from_key((2).to_bytes(32, "big")).address.lower()
    assert Account.recover_message(encode_defunct(text=text), signature=objected.signature).lower() == signer
    signatures.verify(signatures.message_digest(text), objected.signature, signer)


SIGN_IN = SignIn(LINK.domain, LINK.address, LINK.log, LINK.uri, 1, *_rest())


@given(st.data())
def test_a_message_to_sign_in_is_read_as_strictly_and_passes_for_no_link(data):
    text = SIGN_IN.message()
    assert parse_sign_in(text) == SIGN_IN
    for other, read in ((text, parse), (LINK.message(), parse_sign_in)):
        with pytest.raises(FormatError):
            read(other)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda each: each != text[place]))
    changed = text[:place] + letter + text[place + 1 :]
    try:
        said = parse_sign_in(changed)
    except FormatError:
        return
    assert said != SIGN_IN
    assert said.message() == changed
