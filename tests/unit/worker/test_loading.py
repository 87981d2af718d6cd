from __future__ import annotations

import logging
from pathlib import Path

import pytest

from ledger.config import Config
from ledger.errors import ConfigError
from ledger.worker.main import load_signers

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"


def test_each_role_has_its_own_signer_and_a_missing_one_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "key").write_text(KEY)
    with caplog.at_level(logging.WARNING):
        signers = load_signers(Config(operator_signer=f"file:{tmp_path / 'key'}"))
    assert signers.operator is not None
    assert signers.operator.address == "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"
    assert (signers.reporter, signers.relayer) == (None, None)
    assert "There is no reporter_signer" in caplog.text
    assert KEY not in caplog.text + repr(signers)


def test_a_signer_that_cannot_be_loaded_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_signers(Config(relayer_signer=f"file:{tmp_path / 'none'}"))
