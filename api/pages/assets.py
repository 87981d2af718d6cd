"""The pages' styles, scripts and pictures, and the texts of the scripts.

The path that pages name holds a digest of all of them (``/static/3f2a.../style.css``): a browser keeps what it has of
it for good, and modules import one another by relative paths within it. Without the digest a browser asks each time.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from gzip import compress
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.languages import languages
from ledger import pictures
from ledger.errors import NotFoundError

router = APIRouter()
_FOLDER: Final = Path(__file__).parent / "static"
_ELSEWHERE: Final = {"pictures.css": Path(pictures.__file__).parent / "pictures.css"}
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_ASK_FIRST: Final = "no-cache"
_LEAST_COMPRESSED: Final = 512
_DIGEST_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    media_type: str
    body: bytes
    compressed: bytes
    etag: str


@cache
def assets() -> dict[str, Asset]:
    """All files by their paths below ``/static``."""
    files = {path.relative_to(_FOLDER).as_posix(): path for path in _FOLDER.rglob("*") if path.suffix in _TYPES}
    return {name: _asset(path.suffix, path.read_bytes()) for name, path in sorted((files | _ELSEWHERE).items())}


@cache
def _texts() -> dict[str, Asset]:
    """The texts of the scripts by language."""
    return {code: _asset(".json", texts_for_scripts(code).encode()) for code in languages()}


def texts_for_scripts(code: str) -> str:
    """The texts that occur in scripts, as JSON, in a language that there is."""
    return json.dumps(dict(languages()[code].for_scripts), ensure_ascii=False, separators=(",", ":"))


@cache
def version() -> str:
    """A digest of everything that is served here."""
    digest = hashlib.sha256()
    for name, asset in (assets() | _texts()).items():
        digest.update(f"{name} {asset.etag}\n".encode())
    return digest.hexdigest()[:_DIGEST_LENGTH]


def _asset(suffix: str, body: bytes) -> Asset:
    etag = f'"{hashlib.sha256(body).hexdigest()[:_DIGEST_LENGTH]}"'
    return Asset(_TYPES[suffix], body, compress(body, mtime=0), etag)


@router.get("/static/{path:path}")
async def static(path: str, request: Request) -> Response:
    """A file, whatever digest its path holds: a page of before an update still gets what there is."""
    first, _, rest = path.partition("/")
    is_versioned = len(first) == _DIGEST_LENGTH and not first.strip("0123456789abcdef")
    return _reply(request, assets().get(rest if is_versioned else path), first == version())


@router.get("/words/{code}.json")
async def texts(code: str, request: Request) -> Response:
    """The texts of the scripts in a language."""
    return _reply(request, _texts().get(code), request.query_params.get("v") == version())


def _reply(request: Request, asset: Asset | None, is_for_good: bool) -> Response:
    if asset is None:
        raise NotFoundError(f"There is nothing at {request.url.path}.", remedy="Load the page again.")
    headers = {
        "Cache-Control": _FOR_GOOD if is_for_good else _ASK_FIRST,
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
    }
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if len(asset.body) >= _LEAST_COMPRESSED and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.compressed, 200, headers | {"Content-Encoding": "gzip"}, asset.media_type)
    return Response(asset.body, 200, headers, asset.media_type)
