"""What audits say, in the visitor's language as far as the auditor's own catalogue has it (``ledger.audit.pages``)."""

from __future__ import annotations

from api.pages.languages import language
from ledger.audit.pages.language import codes, texts


def check_words(title: str) -> str:
    """The title of a check; findings and evidence stay in the audit's own words, which are English."""
    code = language().code
    return texts(code).get(title, title) if code in codes() and code != "en" else title
