"""Which key a head must be signed by, as the rotations of the log tell it, whoever wrote them there."""

from __future__ import annotations

import msgspec
import pytest

from ledger.errors import LogDivergedError
from ledger.log.signed_heads import SignedHeads, key_in_force
from ledger.statements import kinds
from ledger.statements.log import LogKeyRotated
from ledger.tree.checkpoints import Checkpoint, LogSigner, sign
from ledger.tree.growth import CompactRange
from ledger.tree.key_chain import sign_rotation

ORIGIN = "example.org/crowd"
OLDER, OWN, NEXT, LAST, THIEF = (LogSigner.generate(ORIGIN) for _ in range(5))


def rotation(previous: LogSigner, new: LogSigner) -> LogKeyRotated:
    signature, endorsed = sign_rotation(previous, new)
    return LogKeyRotated(
        v=1,
        at="2026-01-01T00:00:00.000Z",
        key=new.verifier_key.vkey,
        previous=previous.verifier_key.vkey,
        signature=signature.hex(),
        endorsed=endorsed.hex(),
    )


def leads_to(*rotations: LogKeyRotated | bytes) -> LogSigner:
    found = key_in_force(
        OWN.verifier_key, [each if isinstance(each, bytes) else kinds.encode(each) for each in rotations]
    )
    (signer,) = (each for each in (OLDER, OWN, NEXT, LAST, THIEF) if each.verifier_key == found)
    return signer


def test_endorsed_rotations_are_followed() -> None:
    assert leads_to() is OWN
    assert leads_to(rotation(OLDER, OWN)) is OWN
    assert leads_to(rotation(OLDER, OWN), rotation(OWN, NEXT), rotation(NEXT, LAST)) is LAST


def test_others_lead_nowhere() -> None:
    sound, thiefs = rotation(OWN, NEXT), rotation(OLDER, THIEF)
    own = OWN.verifier_key.vkey
    assert leads_to(thiefs, rotation(THIEF, LAST)) is OWN
    assert leads_to(msgspec.structs.replace(thiefs, previous=own)) is OWN
    assert leads_to(msgspec.structs.replace(sound, key=THIEF.verifier_key.vkey)) is OWN
    assert leads_to(msgspec.structs.replace(sound, endorsed=sound.signature)) is OWN
    assert leads_to(msgspec.structs.replace(sound, signature=sound.endorsed)) is OWN
    assert leads_to(b"none", b"{}", msgspec.structs.replace(sound, key="none")) is OWN
    assert leads_to(b"none", sound, thiefs) is NEXT


def test_a_stored_head_is_checked_like_the_writers() -> None:
    heads, tree = SignedHeads(), CompactRange(1, (b"\1" * 32,))
    note = sign(Checkpoint(ORIGIN, 1, tree.root()), OWN)
    heads.check_note(ORIGIN, tree, note, OWN.verifier_key)
    heads.check_note(ORIGIN, tree, "", OWN.verifier_key)  # it was looked at
    for other in (CompactRange(1, (b"\2" * 32,)), CompactRange()):
        with pytest.raises(LogDivergedError, match="another than the log's key has signed"):
            heads.check_note(ORIGIN, other, note, OWN.verifier_key)
    with pytest.raises(LogDivergedError, match="not signed by the log's key"):
        SignedHeads().check_note(ORIGIN, tree, note, NEXT.verifier_key)
    heads.committed(2)
    with pytest.raises(LogDivergedError, match="has committed 2"):
        heads.check_note(ORIGIN, tree, note, OWN.verifier_key)
