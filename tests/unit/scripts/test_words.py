"""The catalogues: everything the pages say is collected, every language says it, and faults are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from scripts import words


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return words.collect()


def test_texts_are_found_wherever_pages_say_something(texts: Catalog) -> None:
    for message, place in (
        ("For developers", "api/pages/templates/base.html"),
        (("{count} day", "{count} days"), "api/pages/languages/__init__.py"),
        (("{count} day", "{count} days"), "api/pages/static/words.mjs"),
        ("Not accepted", "api/pages/words.py"),
        ("There is no such thing", "ledger/errors.py"),
        ("Write your work, or choose a file.", "api/pages/static/seal.mjs"),
    ):
        found = texts.get(message)
        assert found is not None, message
        assert place in [path for path, _ in found.locations], message


@pytest.mark.parametrize("file", sorted(words.LANGUAGES.glob("*.po")), ids=lambda file: file.stem)
def test_every_language_is_complete(file: Path, texts: Catalog) -> None:
    assert list(words.faults(words.read(file), texts)) == [], "run: python -m scripts.words"


def test_the_template_for_translators_is_new(texts: Catalog, tmp_path: Path) -> None:
    words.write(texts, tmp_path / "new.pot")
    assert (tmp_path / "new.pot").read_text() == words.TEMPLATE.read_text(), "run: python -m scripts.words"


def test_faults_of_a_translation_are_found() -> None:
    texts, catalogue = Catalog(), Catalog(locale="fa")
    for catalog in (texts, catalogue):
        catalog.add("Paid to {account}")
        catalog.add("Empty")
        catalog.add("Doubtful", flags=["fuzzy"] if catalog is catalogue else [], string="x")
        entries = ("{count} entry of {log}", "{count} entries of {log}")
        catalog.add(entries, string=("{count} x {log}", "{count} {size}"))
        catalog.add("Good {a}{b}", string="{b}{a}")
    catalogue["Paid to {account}"].string = "no account"
    catalogue.add("Old", string="x")
    assert sorted(words.faults(catalogue, texts)) == [
        "loses a value: 'Paid to {account}'",
        "names another value: '{count} entry of {log}'",
        "not translated: 'Empty'",
        "said nowhere any more: 'Old'",
        "to be looked at (fuzzy): 'Doubtful'",
    ]


def test_calls_in_scripts_are_found_in_templates_in_templates() -> None:
    found = [
        (call["one"], call["other"])
        for call in words._IN_SCRIPTS.finditer(
            'html`<p>${t("One")} ${list.map((x) => html`${several("{count} a", "{count} b", x)}`)}</p>`;'
            ' cart("No"); x.t("No"); rich( "Two \\"so\\"", { a }); mark("Three")'
        )
    ]
    assert found == [('"One"', None), ('"{count} a"', '"{count} b"'), ('"Two \\"so\\""', None), ('"Three"', None)]
