"""Lines about what a process does: for people, and as one JSON object each for programs."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from datetime import datetime

import pytest

from ledger.diagnostics import REQUEST, Form, settings


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What a process of this form writes."""
    form: Form = request.param
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    written = io.StringIO()
    wanted = settings("serve", form)
    wanted["handlers"]["stderr"]["stream"] = written
    logging.config.dictConfig(wanted)
    token = REQUEST.set("")
    try:
        yield written
    finally:
        REQUEST.reset(token)
        root.handlers[:] = before
        root.setLevel(level)


@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_an_object_a_line(lines: io.StringIO) -> None:
    logger = logging.getLogger("crowdledger.test")
    REQUEST.set("abc")
    logger.info("It %s,\nreally", "works", extra={"entry": 7})
    REQUEST.set("")
    try:
        raise ValueError("no\nway")
    except ValueError:
        logger.exception("It failed.")
    logging.getLogger("httpx").info("chatter")
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first == {
        "level": "INFO",
        "logger": "crowdledger.test",
        "process": "serve",
        "message": "It works,\nreally",
        "request": "abc",
        "entry": 7,
    }
    assert "request" not in second
    assert "ValueError: no" in second["trace"]


@pytest.mark.parametrize("lines", ["text"], indirect=True)
def test_a_line_for_people(lines: io.StringIO) -> None:
    REQUEST.set("abc")
    logging.getLogger("crowdledger.test").warning("It waits.")
    assert lines.getvalue().endswith(" serve WARNING It waits. [abc]\n")


@pytest.mark.parametrize("lines", ["text"], indirect=True)
def test_nothing_in_a_message_looks_like_a_line_of_ours(lines: io.StringIO) -> None:
    logging.getLogger("crowdledger.test").info("GET %s 404", "/a\n2026-01-01 serve ERROR lost\r\x1b[2J")
    (first, second) = lines.getvalue().splitlines()
    assert first.endswith("INFO GET /a")
    assert second == "    2026-01-01 serve ERROR lost\\r\\x1b[2J 404"
