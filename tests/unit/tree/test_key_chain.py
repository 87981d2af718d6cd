from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, SignatureError
from ledger.statements import kinds
from ledger.statements.log import LogKeyRotated
from ledger.tree.checkpoints import Checkpoint
from ledger.tree.key_chain import KeyChain, rotation_text, sign_rotation, verify_rotation
from ledger.tree.keys import LogSigner, VerifierKey

ORIGIN = "example.org/crowd"
SIGNERS = [LogSigner.generate(ORIGIN) for _ in range(4)]
KEYS = [signer.verifier_key for signer in SIGNERS]
EXAMPLE = Path(__file__).parents[3] / "docs/formats/examples/log.key_rotated.json"


def test_the_text_is_the_published_one() -> None:
    """The example's signatures, checked from the words of docs/formats with a library alone."""
    said = kinds.parse(EXAMPLE.read_bytes())
    assert isinstance(said, LogKeyRotated)
    text = f"crowdledger log key rotation v1\ncrowd.example/main\n{said.previous}\n{said.key}\n".encode()
    previous, key = VerifierKey.parse(said.previous), VerifierKey.parse(said.key)
    assert rotation_text(previous, key) == text
    for signed_by, value in ((key, said.signature), (previous, said.endorsed)):
        Ed25519PublicKey.from_public_bytes(signed_by.public_key).verify(bytes.fromhex(value), text)
        with pytest.raises(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(signed_by.public_key).verify(bytes.fromhex(value), text + b"\n")


def test_no_checkpoint_can_be_the_text() -> None:
    with pytest.raises(FormatError):
        Checkpoint.parse(rotation_text(KEYS[0], KEYS[1]).decode())


def test_both_keys_must_sign_and_for_each_other() -> None:
    signature, endorsed = sign_rotation(SIGNERS[0], SIGNERS[1])
    verify_rotation(KEYS[0], KEYS[1], signature, endorsed)
    for wrong in (
        (KEYS[0], KEYS[1], endorsed, signature),
        (KEYS[1], KEYS[0], signature, endorsed),
        (KEYS[1], KEYS[0], endorsed, signature),
        (KEYS[0], KEYS[2], signature, endorsed),
        (KEYS[2], KEYS[1], signature, endorsed),
        (KEYS[0], KEYS[1], signature, signature[:-1]),
        (KEYS[0], KEYS[1], b"", endorsed),
    ):
        with pytest.raises(SignatureError):
            verify_rotation(*wrong)
    with pytest.raises(SignatureError, match="the same"):
        sign_rotation(SIGNERS[0], SIGNERS[0])
    with pytest.raises(SignatureError, match="another log"):
        sign_rotation(SIGNERS[0], LogSigner.generate("example.org/other"))


@given(st.lists(st.integers(1, 60), unique=True, max_size=3).map(sorted), st.integers(0, 70))
def test_the_key_at_a_size_is_that_of_the_last_rotation_in_it(entries: list[int], size: int) -> None:
    chain = KeyChain(tuple(zip([0, *entries], KEYS, strict=False)))
    covered = [entry for entry in entries if entry < size]  # a tree of size n holds the entries 0 to n - 1
    assert chain.key_at(size) == KEYS[len(covered)]
    assert chain.up_to(size).newest == KEYS[len(covered)]
    assert chain.up_to(size).keys == chain.keys[: len(covered) + 1]
    assert (chain.first, chain.newest) == (KEYS[0], KEYS[len(entries)])
    assert all((key in chain) == chain.has(key.vkey) == (number <= len(entries)) for number, key in enumerate(KEYS))


@pytest.mark.parametrize(
    "keys",
    [
        (),
        ((1, KEYS[0]),),
        ((0, KEYS[0]), (0, KEYS[1])),
        ((0, KEYS[0]), (5, KEYS[1]), (5, KEYS[2])),
        ((0, KEYS[0]), (5, KEYS[1]), (4, KEYS[2])),
        ((0, KEYS[0]), (5, KEYS[1]), (6, KEYS[0])),
        ((0, KEYS[0]), (5, LogSigner.generate("example.org/other").verifier_key)),
    ],
)
def test_what_is_no_chain_is_refused(keys: tuple[tuple[int, VerifierKey], ...]) -> None:
    with pytest.raises(FormatError):
        KeyChain(keys)


def test_a_chain_that_lacks_the_trusted_key_says_so() -> None:
    chain = KeyChain.single(KEYS[0]).followed_by(3, KEYS[1])
    chain.require(KEYS[0])
    chain.require(KEYS[1])
    with pytest.raises(SignatureError) as refused:
        chain.require(KEYS[2])
    assert refused.value.members == {"check": "key"}
    assert KeyChain.of([(0, KEYS[0].vkey), (3, KEYS[1].vkey)]) == chain
    with pytest.raises(FormatError):
        KeyChain.of([(0, "no key")])
