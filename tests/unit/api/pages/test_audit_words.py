"""What an audit says, in the visitor's language where the auditor's catalogue has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.pages import languages
from api.pages.audit_words import sentence_words


@pytest.fixture
def persian() -> Iterator[None]:
    languages.set_language(languages.languages()["fa"])
    yield
    languages.set_language(languages.ENGLISH)


@pytest.mark.usefixtures("persian")
def test_a_sentence_with_its_count_is_said_in_persian() -> None:
    assert sentence_words("914 entries replayed") == ("۹۱۴ ثبت دوباره اجرا شد", True)


@pytest.mark.usefixtures("persian")
def test_what_nobody_translated_is_told_apart() -> None:
    assert sentence_words("Something new.") == ("Something new.", False)


def test_english_is_as_it_was_written() -> None:
    assert sentence_words("914 entries replayed") == ("914 entries replayed", True)
