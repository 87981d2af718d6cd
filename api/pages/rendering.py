"""Templates to replies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.pages import words
from api.scope import base_of

_TEMPLATES: Final = Path(__file__).parent / "templates"
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {
    "date": words.date,
    "grouped": words.grouped,
    "short": words.short,
    "pretty": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
}
_NOT_PAGES: Final = (
    "/v1/",
    "/logs/",
    "/checkpoint",
    "/keys.json",
    "/tile/",
    "/settlements/",
    "/health",
    "/ready",
    "/openapi.json",
)


def page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of a template; every value is escaped. Its links begin with ``base``: they stay within the log."""
    return HTMLResponse(_ENVIRONMENT.get_template(name).render(values, base=base_of(request.scope)), status)


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, and not for a path of the API."""
    return not request.url.path.startswith(_NOT_PAGES) and "text/html" in request.headers.get("accept", "")
