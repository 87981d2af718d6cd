"""docs/retention.md speaks of every table, of every rule by which rows go, and of every setting that says when."""

from __future__ import annotations

import re
from pathlib import Path

from ledger.config import Config
from ledger.db import tables
from ledger.db.sweeping import RULES, Periods
from ledger.db.sweeping.periods import MAX_BODIES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "retention.md"
OF_THE_LOG = {"content_retention_days"}
"""Contents go by entries of the log: by no rule of rows."""


def lines() -> dict[str, str]:
    """The lines of the database's table, by the name of each of the tables that they are about."""
    section = PAGE.read_text().partition("## In the database")[2].partition("\n## ")[0]
    found: dict[str, str] = {}
    for line in section.splitlines():
        first = line.split("|")[1] if line.startswith("| `") else ""
        for name in re.findall(r"`(\w+)`", first):
            found[name] = found.get(name, "") + line
    return found


def periods() -> set[str]:
    return {name for name in vars(Periods) if not name.startswith("_")}


def test_every_table_has_its_line() -> None:
    assert lines().keys() - {"body"} == set(tables.metadata.tables)


def test_what_a_rule_erases_is_not_said_to_stay() -> None:
    forever = {name for name, line in lines().items() if line.split("|")[3].strip() == "for ever"}
    assert {"entries", "tiles", "nonces", "settlement_accounts"} <= forever
    assert {rule.table for rule in RULES} & forever == set()


def test_every_period_is_a_setting_and_is_told() -> None:
    settings = {name for name in Config.model_fields if "retention" in name or name.endswith("_kept")}
    assert settings == periods() | OF_THE_LOG
    told = "".join(lines().values())
    assert [name for name in settings if f"`{name}`" not in told] == []
    assert f"newest {MAX_BODIES:,} of a webhook" in told


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
