"""Every rule is broken here at least once, is named in docs/rules.md, and a statement that breaks one has no effect."""

import ast
import re
from pathlib import Path

import pytest

from ledger.book.fold import Book
from ledger.statements.log import ClockTick
from tests.unit.book import breaches_rest, breaches_work
from tests.unit.book.breaches import BREACHES
from tests.unit.book.story import Story
from tests.unit.book.test_reference import draw

ROOT = Path(__file__).parents[3]
MODULES = (breaches_rest, breaches_work)


def rules_in_the_source():
    """The name of every rule: in ``require``, in a RuleError, or in a finding of the fold's own."""
    found = set()
    for path in (ROOT / "ledger/book").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                named = [word.value for word in node.keywords if word.arg == "rule"]
                named += node.args[1:2] if node.func.id in ("require", "Finding") else []
                found |= {each.value for each in named if isinstance(each, ast.Constant)}
    return found


def test_every_rule_is_broken_by_a_story():
    assert {rule for _, rules in BREACHES.values() for rule in rules} == rules_in_the_source()


def test_the_page_of_the_rules_names_each_of_them_once():
    named = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/rules.md").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(rules_in_the_source())


@pytest.mark.parametrize("name", sorted(BREACHES))
def test_what_breaks_a_rule(name):
    story_of, rules = BREACHES[name]
    story = Story()
    story_of(story)
    assert story.rules() == rules
    if not {"settlement-known", "statement"} & set(rules):  # the one uses a number up, the other has no time
        without_effect(story)


@pytest.mark.parametrize("seed", range(30))
def test_in_random_logs_what_breaks_a_rule_has_no_effect(seed):
    story = draw(seed, length=80)
    if "settlement-known" not in story.rules():
        without_effect(story)


def without_effect(story):
    """The book is the same, but for the findings, if nothing but the time had stood there."""
    refused = {finding.index for finding in story.book.findings if finding.rule != "time-order"}
    other = Book()
    for index, statement in enumerate(story.entries):
        other.fold(ClockTick(v=1, at=statement.at) if index in refused else statement, index)
    other.findings += [finding for finding in story.book.findings if finding.index in refused]
    other.findings.sort(key=lambda finding: finding.index)
    assert other == story.book
