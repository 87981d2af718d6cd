from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ledger.cli import app
from ledger.cli.deploy_file import TEMPLATE, DeployFile, parse_confirmations, parse_gwei, read_deploy_file
from ledger.errors import ConfigError, CrowdLedgerError


def read(tmp_path: Path, text: str) -> DeployFile:
    path = tmp_path / "deploy.toml"
    path.write_text(text)
    return read_deploy_file(path)


def test_the_template_has_every_member_and_is_read(tmp_path: Path) -> None:
    text = TEMPLATE.replace("0x...", "0x" + "ab" * 20).replace('log_id = "0x' + "ab" * 20, 'log_id = "0x' + "ab" * 32)
    whole = "\n".join(line.removeprefix("# ") for line in text.splitlines()[1:])
    top, _, tables = whole.partition("[reward_token]")
    found = read(tmp_path, top + "[reward_token]" + tables)
    members = found.__struct_fields__
    assert [name for name in members if getattr(found, name) in (None, ())] == []
    assert found.log.block == 123
    assert read(tmp_path, text).reward_token is None
    told = CliRunner().invoke(app, ["deploy", "--template"])
    assert (told.exit_code, told.output) == (0, TEMPLATE)


@pytest.mark.parametrize(
    "text",
    [
        "chain_id = '1'",
        "chain_id = -1",
        "chain_id = 1.0",
        "more = 1",
        "admin = 1",
        "admin = '0x12'",
        "admin = '0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96046'",  # one letter's case is wrong
        "confirmations = 0",
        "confirmations = 'safe'",
        "max_fee_gwei = 40",
        "origin = 'Example.org'",
        "[reward_token]\nname = 'A'\nsymbol = 'B'",
        "[reward_token]\nname = 'A'\nsymbol = 'B'\ncap = 5",
        "[reward_token]\nname = 'A'\nsymbol = 'B'\ncap = '05'",
        "[reward_token]\nname = 'A'\nsymbol = 'B'\ncap = '1329227995784915872903807060280344576'",
        "[reward_token]\nname = 'A'\nsymbol = 'B'\ncap = '5'\nmore = 1",
        "[log]\nlog_id = '0x12'",
        "[log]\nblock = -1",
        "[[log]]",
        "=",
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CrowdLedgerError):
        read(tmp_path, text)


@given(st.integers(0, 10**18 - 1))
def test_prices_are_exact(wei: int) -> None:
    text = f"{wei // 10**9}.{wei % 10**9:09d}"
    assert parse_gwei(text) == wei
    assert parse_gwei(text.rstrip("0").rstrip(".") if "." in text else text) == wei


@pytest.mark.parametrize("text", ["", "-1", "1e3", ".5", "5.", "01", "1.0000000001", "1 gwei", "٣"])
def test_other_prices_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_gwei(text)


def test_depths(tmp_path: Path) -> None:
    depths: list[Any] = [parse_confirmations(text) for text in ("1", "64", "finalized")]
    assert depths == [1, 64, "finalized"]
    for text in ("0", "-1", "1.5", "safe", "", "99999"):
        with pytest.raises(ConfigError):
            parse_confirmations(text)
    assert read(tmp_path, "confirmations = 12").confirmations == 12
