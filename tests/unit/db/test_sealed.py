"""Secrets sealed at rest: opened by any key of the file, sealed by the newest, and never shown."""

from __future__ import annotations

import pytest

from ledger.db.sealed import MAX_KEYS, SealedSecrets, new_key
from ledger.errors import ConfigError, UnavailableError


def test_sealed_and_opened() -> None:
    secrets = SealedSecrets(new_key())
    sealed = secrets.seal(b"whsec_1")
    assert sealed != secrets.seal(b"whsec_1")
    assert "whsec" not in sealed
    assert secrets.open(sealed) == b"whsec_1"


def test_a_new_key_in_front() -> None:
    old, new = new_key(), new_key()
    sealed = SealedSecrets(old).seal(b"secret")
    both = SealedSecrets(new + old)
    assert both.open(sealed) == b"secret"
    assert SealedSecrets(new).open(both.renew(sealed)) == b"secret"
    with pytest.raises(UnavailableError, match="not there"):
        SealedSecrets(new).open(sealed)


@pytest.mark.parametrize("changed", ["", "x", "é", "gAAAA"])
def test_what_was_not_sealed(changed: str) -> None:
    with pytest.raises(UnavailableError):
        SealedSecrets(new_key()).open(changed)


def test_a_flipped_letter() -> None:
    secrets = SealedSecrets(new_key())
    sealed = secrets.seal(b"secret")
    for place in range(len(sealed) - 4):
        letter = "A" if sealed[place] != "A" else "B"
        with pytest.raises(UnavailableError):
            secrets.open(sealed[:place] + letter + sealed[place + 1 :])


@pytest.mark.parametrize("file", [b"", b"\n \n", b"secret\n", new_key() * (MAX_KEYS + 1)])
def test_a_file_of_no_keys(file: bytes) -> None:
    with pytest.raises(ConfigError) as raised:
        SealedSecrets(file)
    assert "secret\n" not in str(raised.value)
