"""MTurk's answers: a ``QuestionFormAnswers`` document, an XML of questions and what was entered or chosen.

docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI/ApiReference_QuestionFormAnswersDataStructureArticle.html
"""

from __future__ import annotations

import xml.etree.ElementTree as Tree
from typing import Final, NoReturn
from xml.parsers import expat

from ledger.errors import FormatError
from ledger.statements.canonical import JsonValue

MAX_CHARS: Final = 4 * 1024 * 1024
_REMEDY: Final = "Give the reply of the API as it came."


def answers_of(text: str) -> dict[str, JsonValue]:
    """Question -> answer: a text, or the chosen options. Raises FormatError for what is no such document.

    Documents with a DTD are refused unread: answers have none, and entities may grow without bound.
    """
    if not text.strip():
        return {}
    if len(text) > MAX_CHARS:
        raise FormatError("The answers are no QuestionFormAnswers document.", remedy=_REMEDY)
    try:
        looked = expat.ParserCreate()
        looked.StartDoctypeDeclHandler = _refuse  # before anything that it declares counts
        looked.Parse(text, True)
        root = Tree.fromstring(text)  # noqa: S314 - without a DTD there are no entities to expand
    except (expat.ExpatError, Tree.ParseError, ValueError) as error:
        raise FormatError(f"The answers are no XML: {error}.", remedy=_REMEDY) from None
    found: dict[str, JsonValue] = {}
    for answer in root:
        question = ""
        texts: list[str] = []
        for part in answer:
            name = part.tag.rpartition("}")[2]
            if name == "QuestionIdentifier":
                question = (part.text or "").strip()
            elif name in ("FreeText", "SelectionIdentifier", "OtherSelectionText", "UploadedFileKey"):
                texts.append(part.text or "")
        if question in found or not question:
            raise FormatError("A question has no name, or is answered twice.", remedy=_REMEDY)
        chosen: list[JsonValue] = list(texts)
        found[question] = chosen[0] if len(chosen) == 1 else chosen
    return found


def _refuse(*_: object) -> NoReturn:
    raise FormatError("The answers are no QuestionFormAnswers document.", remedy=_REMEDY)
