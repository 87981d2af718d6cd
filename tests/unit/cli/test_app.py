import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import typer.main
from typer.testing import CliRunner

import ledger
from ledger.cli import app, main

RUNNER = CliRunner()


def commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    todo: list[tuple[tuple[str, ...], click.Command]] = [((), typer.main.get_command(app))]
    for path, command in todo:
        children = getattr(command, "commands", None)
        if children is None:
            found.append(path)
        else:
            todo.extend(((*path, name), child) for name, child in children.items())
    return found


def test_the_commands_of_the_design_are_there() -> None:
    wanted = {"serve", "worker", "deploy", "db upgrade", "platform add", "platform list", "verify", "audit", "mirror"}
    assert wanted | {"init", "key new", "platform key", "settle", "claim"} <= {" ".join(path) for path in commands()}


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_has_words_an_example_and_json(path: tuple[str, ...]) -> None:
    result = RUNNER.invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "crowdledger " + " ".join(path) in result.output
    assert "Example" in result.output
    if path not in {("serve",), ("worker",), ("dev",), ("guard",)}:  # these run until they are stopped
        assert "--json" in result.output


def test_the_version() -> None:
    assert RUNNER.invoke(app, ["--version"]).output.strip() == f"crowdledger {ledger.__version__}"


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, ledger.cli; print(' '.join(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"web3", "sqlalchemy", "httpx", "uvicorn", "fastapi", "eth_account", "pydantic", "rich.table", "msgspec"}
    assert heavy & set(result.stdout.split()) == set()


@pytest.mark.parametrize(
    "arguments", [["verify"], ["nonsense"], ["audit", "x", "--nonsense"], ["deploy", "--chain-id", "x"]]
)
def test_wrong_usage_is_code_2(arguments: list[str]) -> None:
    assert RUNNER.invoke(app, arguments).exit_code == 2


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and no configuration."""
    for name in ("CONFIG", "DATABASE_URL", "LOG_KEY_FILE"):
        monkeypatch.delenv(f"CROWDLEDGER_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_key_is_for_its_owner_only_and_never_overwritten(home: Path) -> None:
    arguments = ["key", "new", "secrets/log.pem", "--origin", "example.org/log"]
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 0
    assert re.search(r"example\.org/log\+[0-9a-f]{8}\+\S+", result.output)
    file = home / "secrets" / "log.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    assert "exists already" in str(RUNNER.invoke(app, arguments).exception)
    assert file.read_bytes() == before


@pytest.mark.parametrize("origin", ["", "Example.org", "a b", "https://example.org", "-x", "x+y"])
def test_a_bad_origin_makes_nothing(home: Path, origin: str) -> None:
    assert "not a name for a log" in str(RUNNER.invoke(app, ["init", "--origin", origin]).exception)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("fault", [RuntimeError("ours"), MemoryError()], ids=lambda fault: type(fault).__name__)
def test_a_fault_of_ours_is_not_a_verdict(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 would say that what was checked is wrong."""

    def fail() -> None:
        raise fault

    monkeypatch.setattr(sys.modules["ledger.cli.app"], "app", fail)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert type(fault).__name__ in capsys.readouterr().err
