"""What the processes say of themselves: lines on stderr, as text for people or as JSON for programs that collect them.

Nothing of a body, a key or a token is ever in a line. Lines that belong to a request carry its id, which its reply has
in ``X-Request-Id``; a write's line has the indexes of its entries.
"""

from __future__ import annotations

import logging
import logging.config
from contextvars import ContextVar
from typing import Any, Final, Literal

from pythonjsonlogger.json import JsonFormatter

from ledger import spans

Form = Literal["text", "json"]
REQUEST: Final[ContextVar[str]] = ContextVar("request", default="")
"""The id of the request that is being served."""
_CHATTY: Final = ("httpx", "httpcore", "alembic", "botocore")


class _OfRequest(logging.Filter):
    """Adds the request's id, and those of the open span, to lines that belong to one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every line stays."""
        request = REQUEST.get()
        if request:
            record.request = request
        if (ids := spans.ids()) is not None:
            record.trace_id, record.span_id = ids
        return True


class _Text(logging.Formatter):
    """A line for people; an error's trace follows it."""

    def __init__(self, process: str) -> None:
        super().__init__(f"%(asctime)s {process} %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # the name is the library's
        """The id of its request at its end. Further lines are indented: none looks like a line of ours."""
        record.message = "".join(map(_shown, record.message))
        text = super().formatMessage(record)
        request = getattr(record, "request", "")
        return f"{text} [{request}]" if request else text


def _shown(character: str) -> str:
    if character == "\n":
        return "\n    "
    return character if character.isprintable() else repr(character)[1:-1]


class _Json(JsonFormatter):
    """A line for programs: one JSON object."""

    def __init__(self, process: str) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "trace"},
            static_fields={"process": process},
            timestamp="time",
        )


def settings(process: str, form: Form) -> dict[str, Any]:
    """For ``logging.config.dictConfig``, and for uvicorn, whose own lines take the same form."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": _Json if form == "json" else _Text, "process": process}},
        "filters": {"request": {"()": _OfRequest}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["request"],
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {name: {"level": "WARNING"} for name in _CHATTY},
    }


def configure(process: str, form: Form) -> None:
    """Let this process speak so from now on."""
    logging.config.dictConfig(settings(process, form))
