"""Templates to replies."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from gzip import compress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.pages import assets, languages, words
from api.pages.languages import COOKIE, Language
from api.scope import base_of, instance_of
from api.service import service_of

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What a page may do: run our scripts, talk to us. A page that needs another policy passes its own."""
_TEMPLATES: Final = Path(__file__).parent / "templates"
_COOKIE_SECONDS: Final = 365 * 24 * 60 * 60
_LEAST_COMPRESSED: Final = 1024
_COMPRESSION: Final = 5


def moment(ms: int) -> Markup:
    """A moment (Unix ms) as an element that scripts show in the visitor's own time zone."""
    iso = datetime.fromtimestamp(ms // 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" data-ms="{}">{}</time>').format(iso, ms, languages.date(ms))


_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,  # templates are part of the release
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals |= {
    "_": languages.markup,
    "several": languages.several_markup,
    "code": Markup('<code dir="ltr">{}</code>').format,
    "tag": Markup('<span class="tag" dir="auto">{}</span>').format,
}
_ENVIRONMENT.filters |= {
    "date": languages.date,
    "duration": languages.duration,
    "grouped": languages.number,
    "moment": moment,
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
    "/static/",
    "/words/",
    "/health",
    "/ready",
    "/openapi.json",
)


def page(request: Request, name: str, status: int = 200, *, policy: str = PAGE_POLICY, **values: Any) -> HTMLResponse:
    """The page of a template in the visitor's language; every value is escaped.

    Templates have besides: ``base``, with which links begin so that they stay within the log; ``static``, the same for
    ``/static``; ``language`` and ``others``, the languages to switch to with their links; ``path``; ``texts``, all
    that scripts say, for pages that must not ask for it.
    """
    language = languages.language_of(request)
    languages.set_language(language)
    base = base_of(request.scope)
    html = _ENVIRONMENT.get_template(name).render(
        values,
        base=base,
        static=f"{base}/static/{assets.version()}",
        version=assets.version(),
        language=language,
        others=_others(request, language),
        path=request.scope["path"],
        texts=partial(_texts, language),
    )
    return _reply(request, html, status, policy)


def _texts(language: Language) -> Markup:
    """All that scripts say, as JSON that ends no element."""
    return Markup(assets.texts_for_scripts(language.code).replace("<", "\\u003c"))  # noqa: S704  # escaped just now


def _reply(request: Request, html: str, status: int, policy: str) -> HTMLResponse:
    headers = {"Content-Security-Policy": policy, "Vary": "Accept, Accept-Encoding, Accept-Language, Cookie"}
    content = html.encode()
    if len(content) >= _LEAST_COMPRESSED and "gzip" in request.headers.get("accept-encoding", ""):
        content = compress(content, _COMPRESSION, mtime=0)
        headers["Content-Encoding"] = "gzip"
    reply = HTMLResponse(content, status, headers)
    asked = request.query_params.get("lang")
    if asked in languages.languages():
        reply.set_cookie(
            COOKIE,
            asked,
            max_age=_COOKIE_SECONDS,
            path=base_of(request.scope) or "/",
            secure=service_of(request).public_url.startswith("https:"),
            httponly=True,
            samesite="lax",
        )
    return reply


def _others(request: Request, language: Language) -> list[tuple[Language, str]]:
    """The other languages, each with the link to this page in it."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    here = "/" + quote(instance_of(request.scope)).lstrip("/")  # two slashes would begin the name of another host
    return [
        (each, f"{here}?{urlencode([*query, ('lang', each.code)])}")
        for each in languages.languages().values()
        if each is not language
    ]


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, and not for a path of the API."""
    return not request.url.path.startswith(_NOT_PAGES) and "text/html" in request.headers.get("accept", "")
