"""What a user can type or set is written down: commands, settings, make targets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def documentation() -> str:
    """README and every page under docs/, as one text."""
    return "\n".join(path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])


def commands() -> list[str]:
    """Every command of the command line, groups spelled out: ``db upgrade``, not ``db``."""
    import typer.main

    import ledger.cli

    found: list[str] = []
    todo: list[tuple[str, object]] = [("", typer.main.get_command(ledger.cli.app))]
    for path, command in todo:
        children = getattr(command, "commands", None)
        if children is None:
            found.append(path.strip())
        else:
            todo.extend((f"{path} {name}", child) for name, child in children.items() if not child.hidden)
    return found


def settings() -> list[str]:
    """The environment's name of every setting."""
    import pydantic_settings

    import ledger.config

    kinds = [
        value
        for value in vars(ledger.config).values()
        if isinstance(value, type)
        and issubclass(value, pydantic_settings.BaseSettings)
        and value.__module__ == ledger.config.__name__
    ]
    return [f"CROWDLEDGER_{field}".upper() for kind in kinds for field in kind.model_fields]


def targets() -> list[str]:
    """The targets that ``make help`` lists."""
    return re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_command_is_documented() -> None:
    text = documentation()
    assert "demo" in commands()
    assert [name for name in commands() if not re.search(rf"crowdledger {re.escape(name)}\b", text)] == []


def test_every_documented_setting_exists() -> None:
    others = {"CROWDLEDGER_CONFIG", "CROWDLEDGER_TEST_POSTGRES"}  # read before, and beside, the settings
    named = set(re.findall(r"\bCROWDLEDGER_[A-Z_]*[A-Z]\b", documentation()))
    assert named - set(settings()) - others == set()


@pytest.mark.parametrize("target", ["setup", "demo", "dev", "test", "test-long", "lint", "contracts", "clean"])
def test_the_targets_are_there(target: str) -> None:
    assert target in targets()


def test_the_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme
    named = set(re.findall(r"\bmake ([a-z-]+)\b(?=[`\s]*$|`| ARGS)", documentation(), re.MULTILINE))
    assert named <= set(targets())


def test_the_readme_fits_two_screens_and_begins_with_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert len([line for line in readme.splitlines() if not line.startswith("<!--")]) <= 110
    first = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make demo", "make test"]


def test_every_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())]
    assert len(links) > 20
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []


def test_the_pictures_of_the_pages_are_those_that_can_be_taken_again() -> None:
    from scripts.pages.pictures import PICTURES

    kept = {path.stem: path.stat().st_size for path in (ROOT / "docs" / "pictures").iterdir()}
    assert set(re.findall(r"pictures/([a-z-]+)\.png", documentation())) == set(kept) == {each.name for each in PICTURES}
    assert [name for name, size in kept.items() if size > 350_000] == []


def test_what_the_page_on_trust_names_is_there() -> None:
    named = re.findall(r"`(tests/[^`]+)`", (ROOT / "docs/trust.md").read_text())
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
