"""What a block of docs/ that is not run is held to, by its language: whoever it is written for reads it here.

Each check takes the block's text and an empty folder, and raises for what is wrong.
"""

from __future__ import annotations

import configparser
import contextlib
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import botocore.session
import pydantic
import yaml
from eth_account.messages import encode_typed_data

import ledger.wire.events
from ledger import wire
from ledger.cli.deploy_file import read_deploy_file
from ledger.config import Config
from ledger.connectors import mapping
from tests.unit.house.test_monitoring import check as check_expression

_MODELS: Final = [
    each
    for module in (wire, ledger.wire.events)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, pydantic.BaseModel) and each is not pydantic.BaseModel
]
_IAM_SERVICES: Final = {"mechanicalturk": "mturk", "sqs": "sqs", "s3": "s3"}
_SYSTEMD: Final = {
    "Unit": {"Description", "After", "Wants", "Requires", "Documentation"},
    "Socket": {"ListenStream"},
    "Service": {
        *("User", "DynamicUser", "WorkingDirectory", "StateDirectory", "Environment", "ExecStart", "LoadCredential"),
        *("Restart", "RestartSec", "NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "Type"),
    },
    "Timer": {"OnCalendar", "Persistent"},
    "Install": {"WantedBy"},
}
_STATUSES: Final = {"scrape_configs": "config", "groups": "rules"}


def toml(code: str, folder: Path) -> None:
    """Settings, a mapping of columns, or what ``deploy`` reads: by its members, as these have none in common."""
    members = tomllib.loads(code)
    if "contribution" in members:
        mapping.load(code)
        return
    (folder / "block.toml").write_text(code)
    if "chain_id" in members:
        read_deploy_file(folder / "block.toml")
        return
    tables = [members, *members.get("logs", {}).values()]
    for name, value in ((name, value) for table in tables for name, value in table.items()):
        if name.endswith("_file"):
            (folder / value).parent.mkdir(parents=True, exist_ok=True)
            (folder / value).write_text("x" * 32)
    with contextlib.chdir(folder):
        config = Config(**members)
        for name in config.log_names():
            config.of_log(name)


def json_(code: str, _folder: Path) -> None:
    """What a request or a reply of ours may be, what a wallet signs, or a policy of AWS."""
    value = json.loads(code)
    if "primaryType" in value:
        encode_typed_data(full_message=value)
    elif "Statement" in value:
        _policy(value)
    else:
        assert any(_is(model, code, value) for model in _MODELS), "no request or reply of the service is like this"


def _is(model: type[pydantic.BaseModel], code: str, value: dict[str, Any]) -> bool:
    try:
        model.model_validate_json(code)
    except pydantic.ValidationError:
        return False
    return value.keys() <= model.model_fields.keys()


def _policy(value: dict[str, Any]) -> None:
    """docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html; actions by Amazon's own models."""
    assert value["Version"] == "2012-10-17"
    session = botocore.session.get_session()
    for statement in value["Statement"]:
        assert statement.keys() <= {"Effect", "Principal", "Action", "Resource", "Condition"}
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            service, _, operation = action.partition(":")
            assert operation in session.get_service_model(_IAM_SERVICES[service]).operation_names, action


def yaml_(code: str, folder: Path) -> None:
    """Prometheus' configuration or its rules, by its own tool where there is one."""
    value = yaml.safe_load(code)
    (kind,) = (kind for member, kind in _STATUSES.items() if member in value)
    for group in value.get("groups", []):
        for rule in group["rules"]:
            check_expression(rule["expr"])
    if shutil.which("promtool") is None:
        return
    (folder / "block.yml").write_text(code)
    done = subprocess.run(
        ["promtool", "check", kind, "--syntax-only", "block.yml"]
        if kind == "config"
        else ["promtool", "check", kind, "block.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def ini(code: str, folder: Path) -> None:
    """A unit of systemd, by its own tool too where there is one; the program need not be where the unit says."""
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(code.replace("\\\n", " "))
    for section in unit.sections():
        assert unit.options(section)
        assert set(unit.options(section)) <= _SYSTEMD[section], section
    if shutil.which("systemd-analyze") is None:
        return
    (kind,) = {"Socket", "Service", "Timer"} & set(unit.sections())
    (folder / "block.service").write_text("[Service]\nExecStart=/bin/true\n")  # what a socket or a timer starts
    file = folder / f"block.{kind.lower()}"
    file.write_text(re.sub(r"^(ExecStart=)\S+", r"\1/bin/true", code, flags=re.MULTILINE))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if file.name in line]
    assert done.returncode == 0 or not said, done.stderr
    assert "nknown" not in "".join(said), done.stderr


def elsewhere(_code: str, _folder: Path) -> None:
    """Checked by a test that needs more than the text: SQL by databases, Solidity by the compiler."""


CHECKS: Final[dict[str, Callable[[str, Path], None]]] = {
    "toml": toml,
    "json": json_,
    "yaml": yaml_,
    "ini": ini,
    "sql": elsewhere,
    "solidity": elsewhere,
}
