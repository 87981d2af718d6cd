"""The texts that docs/formats shows are those that are signed, to the letter."""

from __future__ import annotations

from eth_account.messages import encode_defunct
from eth_utils import keccak

from ledger.statements import sign_in, signatures
from ledger.tree.key_chain import rotation_text
from ledger.tree.keys import LogSigner
from tests.services import snippets

ROTATION, TYPES, LINK, OBJECTION = (each.code for each in snippets.run_by(__file__))


def test_a_rotation() -> None:
    previous, new = (LogSigner.generate("crowd.example/main").verifier_key for _ in range(2))
    parts = {"ORIGIN": new.name, "PREVIOUS VKEY": previous.vkey, "NEW VKEY": new.vkey}
    lines = [parts.get(line, line) for line in ROTATION.splitlines()]
    assert rotation_text(previous, new) == "".join(f"{line}\n" for line in lines).encode()


def test_the_types_that_wallets_sign() -> None:
    contribution, decision = TYPES.splitlines()
    assert keccak(text=contribution) == signatures._CONTRIBUTION_TYPE
    assert keccak(text=decision) == signatures._DECISION_TYPE


def test_a_link() -> None:
    """Without the block's last line end: a message of EIP-4361 has none."""
    link = sign_in.parse(LINK.removesuffix("\n"))
    assert link.message() + "\n" == LINK
    assert link.replaces is None
    assert encode_defunct(text=link.message()).body == link.message().encode()


def test_an_objection() -> None:
    link = sign_in.parse(LINK.removesuffix("\n"))
    assert sign_in.objection(link.log, link.contributor, 17) + "\n" == OBJECTION
