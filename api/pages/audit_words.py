"""What audits say, in the visitor's language as far as the auditor's own catalogue has it (``ledger.audit.pages``)."""

from __future__ import annotations

from functools import cache

from api.pages.languages import language
from ledger.audit.pages.language import Language, codes, texts


def check_words(title: str) -> str:
    """The title of a check; findings stay in the audit's own words, which are English."""
    code = language().code
    return texts(code).get(title, title) if code in codes() and code != "en" else title


def sentence_words(said: str) -> tuple[str, bool]:
    """A sentence of the audit's, and whether it is in the visitor's language: what nobody translated stays English."""
    code = language().code
    if code == "en" or code not in codes():
        return said, code == "en"
    found = _spoken(code).sentence(said)
    return (said, False) if found is None else (found, True)


@cache
def _spoken(code: str) -> Language:
    return Language(code)
