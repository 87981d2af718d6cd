"""An object store on this machine: moto's S3 behind a real HTTP server, which can be told to refuse requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import boto3
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

SECRET: Final = "of-a-test-and-said-nowhere"
_REFUSAL = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>Please come back later</Message></Error>"
_CODES = {403: "AccessDenied", 501: "NotImplemented", 503: "SlowDown"}
_PUBLIC = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",'
    '"Resource":"arn:aws:s3:::BUCKET/*"}]}'
)


class ObjectStore:
    """``seen`` are the requests (method, path with query); ``refuse`` says with which status to refuse one, or 0."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[tuple[str, str]] = []
        self.refuse: Callable[[str, str], int] = _nothing
        self._app = DomainDispatcherApplication(create_backend_app)
        self._one_at_a_time = threading.Lock()
        self._aws: Any = None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["RAW_URI"]
        with self._one_at_a_time:
            self.seen.append((method, path))
            status = self.refuse(method, path)
        if not status:
            is_stranger = "HTTP_AUTHORIZATION" not in environ
            reply: Iterable[bytes] = self._app(environ, _secretive(start) if is_stranger else start)
            return reply
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start(f"{status} Refused", [("Content-Type", "application/xml")])
        return [] if method == "HEAD" else [_REFUSAL.format(code=_CODES[status]).encode()]

    def written(self) -> list[str]:
        """The paths that were put, in their order."""
        return [path.partition("?")[0] for method, path in self.seen if method == "PUT"]

    def bucket(self, name: str, *, public: bool = False) -> Any:
        """A new bucket, of which everybody may read the files where it is ``public``; nobody else lists them."""
        self._aws = self._aws or boto3.resource("s3", region_name="us-east-1")
        bucket = self._aws.Bucket(name)
        bucket.create()
        if public:
            bucket.Policy().put(Policy=_PUBLIC.replace("BUCKET", name))
        return bucket


def objects(bucket: Any, prefix: str = "") -> dict[str, bytes]:
    """The objects of a bucket below a prefix, by their paths below it."""
    found = bucket.objects.filter(Prefix=prefix)
    return {each.key.removeprefix(prefix): each.get()["Body"].read() for each in found}


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """The store, with AWS's environment leading to it."""
    store = ObjectStore()
    server = make_server("127.0.0.1", 0, store, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL_S3", store.url)
            patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
            for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
                patch.setenv(name, "/nowhere")
            for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION"):
                patch.delenv(name, raising=False)
            yield store
    finally:
        server.shutdown()
        thread.join()


class _Silent(MotoRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Not a line a request."""


def _secretive(start: Callable[..., Any]) -> Callable[..., Any]:
    """To who may not list the files of a bucket, Amazon does not say which are missing
    (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject, "Permissions")."""
    return lambda status, *more: start("403 Forbidden" if status.startswith("404") else status, *more)


def _nothing(method: str, path: str) -> int:
    return 0
