"""The report's catalogues say all that the report can say, and nothing that it cannot."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import ledger.audit
from ledger.audit.pages.language import Language, codes, texts
from ledger.audit.pages.page import _EXPLAINED, _HEADINGS
from ledger.audit.pages.pictures import _DELAYS, _OUTCOMES
from ledger.chain.units import BASE_UNITS, POINTS, Unit
from ledger.errors import ConfigError

AUDIT = Path(ledger.audit.__file__).parent
PAGES = AUDIT / "pages"
COMPOSED = {
    "erased: {erased} (wish {wish}, law {law}, retention {retention}); mandates: {mandates}; opened: {opened}",
}
"""Put together in a loop; the page of an honest log shows that they are found."""
OTHERS = sorted(codes() - {"en"})


def constants(tree: ast.AST) -> set[str]:
    """All texts in some code, the fixed parts of formatted ones by themselves."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def said_by_pages() -> set[str]:
    """What the template and its modules hand to be translated."""
    found = set(re.findall(r'_\("([^"]+)"', (PAGES / "report.html").read_text()))
    found |= {"passed", "failed", "not made", "Campaign", "Contributor", "Account"}  # chosen in expressions there
    for path in PAGES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"_", "language.text", "self.text"}:
                found |= {each.value for each in node.args if isinstance(each, ast.Constant)}
    return found | {
        *_HEADINGS.values(),
        *_EXPLAINED.values(),
        *_OUTCOMES.values(),
        *_DELAYS,
        POINTS.name,
        BASE_UNITS.name,
    }


def titles() -> set[str]:
    """The titles of all checks."""
    found = set()
    for path in AUDIT.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("report.check"):
                title = node.args[1]
                found.add(title.value if isinstance(title, ast.Constant) else _constant(path, ast.unparse(title)))
    return found


def _constant(path: Path, name: str) -> str:
    match = re.search(rf'^{name} = "(.+)"$', path.read_text(), re.MULTILINE)
    assert match, (path, name)
    return match[1]


@pytest.mark.parametrize("code", OTHERS)
def test_everything_is_translated(code: str) -> None:
    assert (said_by_pages() | titles()) - texts(code).keys() == set()


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_else_is_translated(code: str) -> None:
    """A text that is no longer said, or said in other words, would stay untranslated unseen."""
    sources = [path.read_text() for path in AUDIT.glob("*.py")]
    parts = {each for source in sources for each in constants(ast.parse(source))}
    said = said_by_pages() | titles()
    for message in texts(code).keys() - said - COMPOSED:
        fixed = [part.strip() for part, *_ in string.Formatter().parse(message) if part.strip()]
        assert all(any(part in each for each in parts) for part in fixed), message


@pytest.mark.parametrize("code", OTHERS)
def test_translations_take_the_same_values(code: str) -> None:
    def values(message: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}

    assert {message for message, said in texts(code).items() if values(message) != values(said)} == set()


def test_an_unknown_language() -> None:
    for code in ("xx", "", "../fa", "fa/..", "FA"):
        with pytest.raises(ConfigError, match="cannot be written"):
            Language(code)


def test_sentences_are_found_by_the_text_they_were_made_from() -> None:
    persian = Language("fa")
    assert persian.sentence("12345 entries replayed") == "۱۲٬۳۴۵ ثبت دوباره اجرا شد"
    whose = persian.sentence("882 entries, signed by the key that entry 0 names")
    assert whose == "۸۸۲ ثبت، امضا شده با کلیدی که ثبت ۰ نام می‌برد"
    place = persian.sentence("0xabc on chain 31337, log 0xdef, opened by 0x123")
    assert place is not None
    assert "\u206831337\u2069" in place
    assert persian.sentence("pools: 2, which wait 86400 s at least before a settlement pays") is not None
    for other in ("entries replayed", "pools: 1, and something new", "x" * 10_000, ""):
        assert persian.sentence(other) is None
    assert Language("en").sentence("whatever it is") == "whatever it is"


def test_numbers_and_dates() -> None:
    english, persian = Language("en"), Language("fa")
    assert english.number(1_234_567) == "1\u202f234\u202f567"
    assert persian.number(1_234_567) == "۱٬۲۳۴٬۵۶۷"
    coin = Unit("CRD", 18)
    assert english.amount(1_500_000_000_000_000_000_000, coin) == "1\u202f500\u00a0CRD"
    assert english.amount(1_234_567_890_123_456_789, coin) == "1.234567\u00a0CRD"
    assert persian.amount(1_500_000_000_000_000_000, coin) == "۱٫۵\u00a0CRD"
    assert english.amount(123 * 10**20, BASE_UNITS) == "1.23 × 10^22\u00a0token units"
    assert english.amount(7, POINTS) == "7\u00a0points"
    assert english.date(1_795_377_148_971) == "22 Nov 2026"
    assert persian.time(1_795_377_148_971) == "۱ آذر ۱۴۰۵، ۱۹:۵۲ به وقت جهانی"
    assert (english.share(1, 3), persian.share(1, 3), english.share(0, 0)) == ("33\u202f%", "۳۳٪", "0\u202f%")
