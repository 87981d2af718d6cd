"""Settings as nobody would write them: a configuration or a typed error, which repeats no value."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.config import PREFIX, Config
from ledger.errors import ConfigError

NAMES = sorted(Config.model_fields)
SECRET = "a-secret-that-must-not-be-repeated"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.one_of(
    TEXT,
    st.sampled_from(
        ["", "http://", "http://[", "https://a:99999", "file:", "rpc:x", "1e999", "nan", "-1", "0x" + "1" * 64]
    ),
    st.just(SECRET),
)
TYPED = st.one_of(VALUES, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.lists(VALUES, max_size=2))


def load_or_tell(**given: Any) -> None:
    try:
        Config(**given)
    except ConfigError as error:
        told = f"{error.detail} {error.remedy} {error!r}"
        if "_file: " not in told:  # the path of a file is told, so that it can be corrected
            assert SECRET not in told  # both ends are right


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([name for name in NAMES if not name.endswith("_file")]), TYPED, max_size=4))
def test_any_values_are_a_configuration_or_told(values: dict[str, Any]) -> None:
    load_or_tell(**values)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.sampled_from([*NAMES, "logs.a", "nothing"]), TYPED, max_size=4), st.booleans(), TEXT)
def test_any_file_is_a_configuration_or_told(values: dict[str, Any], table: bool, rest: str) -> None:
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    lines += ["[logs.other]", *lines, rest] if table else [rest]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        (Path(folder) / "c.toml").write_text("\n".join(lines))
        patch.setenv(f"{PREFIX}CONFIG", f"{folder}/c.toml")
        load_or_tell()


@settings(deadline=None, max_examples=50)
@given(st.sampled_from([*NAMES, "nothing"]), VALUES.filter(lambda value: "\0" not in value))
def test_any_environment_is_a_configuration_or_told(name: str, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PREFIX + name.upper(), value)
        load_or_tell()
