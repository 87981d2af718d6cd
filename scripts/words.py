"""Collect what the pages say for translators: ``python -m scripts.words`` renews languages/template.pot and every .po.

Texts come from the templates, from ``api/pages`` and from the scripts in ``static``. What was translated stays; what is
new waits empty. ``--check`` changes nothing and fails where a text is missing, stale, or loses a value on the way.
A new language begins as a copy of template.pot: languages/xx.po, xx being its code (ISO 639).
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from ledger.wire.problems import kinds

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = ROOT / "api" / "pages"
LANGUAGES: Final = PAGES / "languages"
TEMPLATE: Final = LANGUAGES / "template.pot"
_KEYWORDS: Final = {"text": None, "several": (1, 2), "mark": None, "_": None}
_IN_SCRIPTS: Final = re.compile(
    r"""(?<![\w.$])(?:t|rich|mark|several|refuse|later)\(\s*(?P<one>"(?:[^"\\\n]|\\.)*")"""
    r"""(?:\s*,\s*(?P<other>"(?:[^"\\\n]|\\.)*"))?"""
)
_VALUE: Final = re.compile(r"\{\w*\}")
_WIDTH: Final = 118
_HEAD: Final = "# What the pages of CrowdLedger say. docs/languages.md tells how to translate it.\n#"
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
Found = tuple[str | tuple[str, ...], str]


def collect() -> Catalog:
    """Every text with the files it stands in, in the order of the files."""
    catalogue = Catalog(header_comment=_HEAD, charset="utf-8", creation_date=_EPOCH, revision_date=_EPOCH, fuzzy=False)
    _name(catalogue)
    for message, path in [*_in_python(), *_in_templates(), *_in_scripts(), *_in_problems()]:
        known = catalogue.get(message)
        if known is None or all(place != path for place, _ in known.locations):
            catalogue.add(message, locations=[(path, None)])  # type: ignore[list-item]  # Babel takes and writes None
    return catalogue


def _name(catalogue: Catalog) -> None:
    """Fill the head of a file with what is true, where Babel has words to be replaced."""
    catalogue.project, catalogue.version = "CrowdLedger", "1"
    catalogue.msgid_bugs_address, catalogue.last_translator = "the project's issues", "the project's translators"
    catalogue.revision_date = _EPOCH


def _in_python() -> Iterator[Found]:
    for file in sorted(PAGES.rglob("*.py")):
        yield from _by_babel("python", file)


def _in_templates() -> Iterator[Found]:
    for file in sorted((PAGES / "templates").rglob("*.html")):
        yield from _by_babel("jinja2.ext:babel_extract", file)


def _by_babel(method: str, file: Path) -> Iterator[Found]:
    for _, message, _, _ in extract_from_file(method, file, keywords=_KEYWORDS, options={"silent": "false"}):
        yield message, str(file.relative_to(ROOT))


def _in_scripts() -> Iterator[Found]:
    """Calls with texts in double quotes, in templates in templates too, where no JavaScript reader of Babel's looks."""
    for file in sorted((PAGES / "static").rglob("*.mjs")):
        for call in _IN_SCRIPTS.finditer(file.read_text()):
            one, other = (None if part is None else _unquoted(part) for part in (call["one"], call["other"]))
            assert one is not None
            yield one if other is None else (one, other), str(file.relative_to(ROOT))


def _unquoted(written: str) -> str:
    return re.sub(r"\\(.)", r"\1", written[1:-1])


def _in_problems() -> Iterator[Found]:
    """What every kind of error is called, and what helps."""
    for kind in kinds().values():
        for message in (kind.title, kind.default_remedy):
            if message:
                yield message, "ledger/errors.py"


def write(catalogue: Catalog, file: Path) -> None:
    """Write a catalogue sorted by its texts, so that two people's changes rarely meet."""
    written = BytesIO()
    write_po(written, catalogue, width=_WIDTH, sort_output=True, include_lineno=False, ignore_obsolete=True)
    file.write_bytes(written.getvalue())


def read(file: Path) -> Catalog:
    """A language's catalogue."""
    with file.open("rb") as stream:
        return read_po(stream, locale=file.stem)


def faults(catalogue: Catalog, texts: Catalog) -> Iterator[str]:
    """What a translator has to do before ``catalogue`` says all of ``texts`` and nothing else."""
    for message in texts:
        if message.id:
            found = catalogue.get(message.id)
            if found is None or not all(_parts(found.string)):
                yield f"not translated: {_shown(message)}"
            elif found.fuzzy:
                yield f"to be looked at (fuzzy): {_shown(message)}"
            elif not all(_values_of(part) <= _values_of("".join(_parts(message.id))) for part in _parts(found.string)):
                yield f"names another value: {_shown(message)}"
            elif isinstance(message.id, str) and _values_of(found.string) != _values_of(message.id):
                yield f"loses a value: {_shown(message)}"
    for message in catalogue:
        if message.id and texts.get(message.id) is None:
            yield f"said nowhere any more: {_shown(message)}"


def _parts(message: object) -> tuple[str, ...]:
    return message if isinstance(message, tuple) else (str(message or ""),)


def _values_of(message: object) -> set[str]:
    return set(_VALUE.findall(str(message)))


def _shown(message: Message) -> str:
    return repr(_parts(message.id)[0])


def main() -> int:
    """Renew the catalogues, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a language is not complete")
    check = parser.parse_args().check
    texts = collect()
    if not check:
        write(texts, TEMPLATE)
    missing = 0
    for file in sorted(LANGUAGES.glob("*.po")):
        catalogue = read(file)
        if not check:
            catalogue.update(texts, no_fuzzy_matching=True)
            _name(catalogue)
            write(catalogue, file)
        for fault in faults(catalogue, texts):
            missing += 1
            print(f"{file.name}: {fault}")
    return 1 if check and missing else 0


if __name__ == "__main__":
    sys.exit(main())
