"""The report as a page: whole, closed to the outside, and the same as its JSON."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.audit.awards import WrongAward
from ledger.audit.pages.figures import Figures, Reviewer
from ledger.audit.pages.page import report_members, report_page
from ledger.audit.pages.pay import Pay
from ledger.audit.report import Check, Finding, Report
from ledger.chain.units import Unit
from ledger.cli import app
from ledger.errors import ConfigError

NASTY = '</script></style><img src=x onerror=alert(1)>{{ 7 * 7 }} & "quoted" \u2028'
AT_MS = 1_795_377_148_971
FIGURES = Figures(
    growth=((AT_MS - 10**9, 5), (AT_MS, 882)),
    anchors=((AT_MS, 800),),
    delays=(700, 50, 40, 8, 1, 1),
    waiting=82,
    reviewers=(Reviewer(NASTY, (3, 2, 1)), Reviewer(None, (1, 0, 0))),
    more_reviewers=4,
    pay=(Pay((31337, "0x" + 40 * "1"), Unit("<b>", 18), 3, 180, 60, 90, 90, 20, (0, 1, 1, 0, 1)),),
    appeals={"kept": 3, "default": 1},
)


class Parsed(HTMLParser):
    """The page's elements with their attributes, and its text by element."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, str] = {}
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "path", "circle", "line", "rect"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"path", "circle", "line", "rect"}:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        place = self.open[-1] if self.open else ""
        self.texts[place] = self.texts.get(place, "") + data


@pytest.fixture
def report() -> Report:
    """One with findings of every sort, and strangers' words wherever a stranger can put them."""
    made = Report(f"https://x.example/{NASTY}", "x.example/log", "x.example/log+1+key", 882, "ab" * 32)
    rules = made.check("rules", "The statements keep the rules of the book")
    rules.evidence = "882 entries replayed"
    rules.error(NASTY, entry=412, rule="id-unused")
    rules.add("warning", "Something odd.", range_=(3, 9))
    made.check("mirror", "The log continues the earlier mirror").skip("No earlier mirror was given (--mirror).")
    paid = made.check("claims", "Nobody was paid more than the log awards")
    paid.wrong("Too much.", WrongAward("piece_rate", 2 * 10**18, 10**18, "Because.", contributor=NASTY))
    paid.add("note", "All is said.")
    made.proves = ["The log is not what it claims to be; the findings say where. Keep this report and your mirror."]
    made.tampered_range = (3, 9)
    return made


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_page_is_whole_and_closed(report: Report, language: str) -> None:
    page = report_page(report, FIGURES, language=language, at_ms=AT_MS)
    parsed = Parsed(page)
    assert parsed.open == []
    html = next(attributes for tag, attributes in parsed.elements if tag == "html")
    assert (html["lang"], html["dir"]) == (language, "rtl" if language == "fa" else "ltr")
    policy = next(each["content"] for tag, each in parsed.elements if each.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(parsed.texts["style"].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    for tag, attributes in parsed.elements:
        assert tag not in {"img", "a", "link", "iframe", "object", "form", "b"}
        assert not {"src", "href", "style", "onerror", "onclick"} & attributes.keys()
        assert tag != "script" or attributes == {"type": "application/json", "id": "report"}
    assert "url(" not in parsed.texts["style"]
    assert "@import" not in parsed.texts["style"]
    assert sum(tag == "h1" for tag, _ in parsed.elements) == 1
    assert sum(tag == "figure" for tag, _ in parsed.elements) == 5
    assert "{{" not in page.decode().replace("{{ 7 * 7 }}", "")
    assert "49" not in parsed.texts["p"]


def test_the_page_holds_its_json(report: Report) -> None:
    page = report_page(report, FIGURES, language="en", at_ms=AT_MS)
    held = json.loads(Parsed(page).texts["script"])
    assert held == json.loads(report_members(report, FIGURES))
    assert held["figures"] == FIGURES.members()
    assert {name: held[name] for name in report.members()} == report.members()
    assert held["findings"][0]["rule"] == "id-unused"
    assert page == report_page(report, FIGURES, language="en", at_ms=AT_MS)


def test_the_verdict_stands_first_and_errors_before_the_rest(report: Report) -> None:
    text = report_page(report, FIGURES, language="en", at_ms=AT_MS).decode()
    expected = ("<h1>Failed", "entry from 3 to 8", "</span>Errors", "</span>Warnings", "Something odd", "All is said")
    places = [text.index(each) for each in expected]
    assert places == sorted(places)
    assert '<code dir="ltr">id-unused</code>' in text
    assert "882 entries replayed" in text
    assert "22 Nov 2026, 19:52 UTC" in text


def test_persian_readers_read_persian(report: Report) -> None:
    report.checks = [check for check in report.checks if check.name != "claims"]
    report.checks[0].findings = [
        Finding("note", "rules", "The contract's address is the service's own word; give --contract to be sure of it.")
    ]
    figures = Figures(growth=FIGURES.growth, delays=FIGURES.delays, appeals=FIGURES.appeals)
    page = report_page(report, figures, language="fa", at_ms=AT_MS).decode()
    shown = re.sub(r"<(style|script|code|pre|title)\b.*?</\1>|<[^>]+>", "", page, flags=re.DOTALL)
    shown = shown.replace("x.example/log", "").replace("CrowdLedger", "").replace("JSON", "").replace("report", "")
    assert set(re.findall(r"[A-Za-z-]{3,}", shown)) <= {"--mirror", "--contract"}
    assert 'lang="en"' not in page


def test_of_a_log_that_nobody_could_read_there_is_a_page_too() -> None:
    report = Report(
        "folder", "x.example/log", "", 0, "00" * 32, [Check("checkpoint", "The log's key signed this head")]
    )
    report.checks[0].error("Wrong key.")
    report.proves = ["Nothing: the head is not signed by the key that it should be signed by."]
    parsed = Parsed(report_page(report, Figures(), language="en", at_ms=AT_MS))
    assert parsed.open == []
    assert "Wrong key." in parsed.texts["p"]


def test_no_such_language(report: Report) -> None:
    with pytest.raises(ConfigError, match="cannot be written in 'tlh'"):
        report_page(report, FIGURES, language="tlh", at_ms=AT_MS)


def run(*arguments: str | Path) -> tuple[int, str, BaseException | None]:
    result = CliRunner().invoke(app, ["audit", *map(str, arguments)])
    return result.exit_code, result.output, result.exception


def test_the_command_leaves_the_page_and_its_json(published: Path, tmp_path: Path) -> None:
    page = tmp_path / "out" / "audit.html"
    code, said, _ = run(published, "--report", page)
    assert code == 0
    assert said.endswith(f"Written to {page}\nWritten to {page.with_suffix('.json')}\n")
    held = json.loads(Parsed(page.read_bytes()).texts["script"])
    assert held == json.loads(page.with_suffix(".json").read_bytes())
    assert held["verdict"] == "pass"
    assert held["figures"]["growth"][-1]["size"] == held["entries"]
    assert b"<h1>Passed" in page.read_bytes()


def test_the_command_says_before_it_begins_what_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "there.json").touch()
    for arguments, words in [
        (["--report", tmp_path / "there.html"], "exists already"),
        (["--report", tmp_path / "there.json"], "exists already"),
        (["--report", tmp_path / "new.html", "--lang", "tlh"], "cannot be written in 'tlh'"),
    ]:
        _, _, error = run(tmp_path / "no log is here", *arguments)
        assert words in str(error)
    code, said, _ = run("--database", "--report", tmp_path / "new.html")
    assert code == 2
    assert "JSON" in said
    assert [each.name for each in tmp_path.iterdir()] == ["there.json"]
