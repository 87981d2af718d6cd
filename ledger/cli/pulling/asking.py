"""A platform's API, asked over HTTP: at one address and nowhere else, bounded in bytes and time, and patient."""

from __future__ import annotations

import ipaddress
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import Cookie
from types import TracebackType
from typing import IO, Any, BinaryIO, Final, Self, cast

import httpx

from ledger.cli.output import say
from ledger.connectors.reading import lines
from ledger.errors import ConfigError, FormatError, UnavailableError

MAX_REPLY_BYTES: Final = 64 * 1024 * 1024
MAX_FILE_BYTES: Final = 4 * 1024 * 1024 * 1024
PATIENCE_SECONDS: Final = 1_200.0
"""How long one question is asked again. PYBOSSA's limit of requests opens after 15 minutes."""
REPLY_SECONDS: Final = 60.0
FILE_SECONDS: Final = 900.0
_LEAST_WAIT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 60.0
_TOLD_SECONDS: Final = 5.0
_IN_MEMORY_BYTES: Final = 8 * 1024 * 1024
_SESSION_SECONDS: Final = 1_800.0
_TOO_MANY: Final = 429
_REFUSED: Final = (401, 403)


class HttpPlatform:
    """Asks below ``address``: https, or http to this machine only, as tokens and answers go over it.

    No redirect is followed. ``headers`` show the token, which is in no message. Raises ConfigError for another address.
    """

    def __init__(
        self,
        address: str,
        token: str,
        headers: Mapping[str, str],
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = _base(address)
        self._token = token
        self._headers = dict(headers)
        self._patience_seconds = patience_seconds
        self._pause = pause
        self._signed_in_until = 0.0
        self._http = httpx.Client(follow_redirects=False, trust_env=False, timeout=REPLY_SECONDS)

    def __repr__(self) -> str:
        return f"HttpPlatform({str(self._base)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def __call__(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a GET. Raises ConfigError, UnavailableError, FormatError."""
        url = self._url(path, query)

        def ask() -> bytes:
            with self._reply("GET", url, {"Accept": "application/json"}) as reply:
                return b"".join(_body(reply, MAX_REPLY_BYTES, REPLY_SECONDS))

        data = self._patiently(url, ask)
        try:
            return lines.parse(data.decode())
        except (FormatError, UnicodeDecodeError) as error:
            raise FormatError(
                f"The reply of {_shown(url)} is no JSON.", remedy="Look whether --from names the platform's API."
            ) from error

    def file(self, path: str, query: Mapping[str, Any] | None = None) -> BinaryIO:
        """The body of a GET, on disk where it is large. Raises as a call."""
        url = self._url(path, query)

        def ask() -> IO[bytes]:
            file = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115  (the caller closes it)
            try:
                # Its own connection: Turkle counts a file's letters as its bytes and sends more than it said.
                with self._reply("GET", url, {"Connection": "close"}) as reply:
                    for part in _body(reply, MAX_FILE_BYTES, FILE_SECONDS):
                        file.write(part)
            except BaseException:
                file.close()
                raise
            file.seek(0)
            return file

        return cast(BinaryIO, self._patiently(url, ask))

    def sign_in(self, path: str, account: str) -> None:
        """Sign in at Django's form with the token as the password; a session is used for half an hour."""
        if time.monotonic() < self._signed_in_until:
            return
        url = self._url(path)
        self._headers = {"Referer": str(url)}  # Django asks for it on https
        self._http.cookies.clear()

        def ask() -> None:
            with self._reply("GET", url, {}):
                secret = _cookie(self._http.cookies, "csrftoken")
            form = {"username": account, "password": self._token, "csrfmiddlewaretoken": secret, "next": "/"}
            with self._reply("POST", url, {}, form) as reply:
                if reply.status_code != httpx.codes.FOUND:
                    raise ConfigError(
                        f"{_shown(url)} does not know the account '{account}' with this password.",
                        remedy="Put the account's password, and nothing else, into the token file.",
                    )

        self._patiently(url, ask)
        self._signed_in_until = time.monotonic() + _SESSION_SECONDS

    def _url(self, path: str, query: Mapping[str, Any] | None = None) -> httpx.URL:
        """A path below the address. Raises FormatError for one that leads elsewhere."""
        segments = path.split("/")
        if not path.startswith("/") or {"..", "."} & set(segments) or "" in segments[1:-1] or set(path) & set("?#%\\"):
            raise FormatError(f"'{path}' is no path of a platform's API.")
        url = self._base.copy_with(raw_path=self._base.raw_path.rstrip(b"/") + path.encode())
        return url.copy_merge_params({name: str(value) for name, value in query.items()}) if query else url

    @contextmanager
    def _reply(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """One exchange. Raises what its status means, an error for what may be asked again and one for what may not."""
        sent = {**self._headers, **headers, "Accept-Encoding": "identity"}
        with self._http.stream(method, url, headers=sent, data=form) as reply:
            if not (reply.is_success or (form is not None and reply.status_code == httpx.codes.FOUND)):
                raise _wrong(reply, url)
            yield reply

    def _patiently(self, url: httpx.URL, ask: Callable[[], Any]) -> Any:
        """Ask again, with longer and longer pauses, while it is not answered. Raises UnavailableError in the end."""
        deadline = time.monotonic() + self._patience_seconds
        pause_seconds = _LEAST_WAIT_SECONDS
        while True:
            try:
                return ask()
            except _LaterError as later:
                wait_seconds, words = max(later.seconds, pause_seconds), later.words
            except httpx.HTTPError as error:
                wait_seconds, words = pause_seconds, f"it does not answer ({type(error).__name__})"
            if time.monotonic() + wait_seconds > deadline:
                raise UnavailableError(
                    f"{_shown(url)}: {words}.", remedy="Try again later; what is recorded already is found again."
                )
            if wait_seconds >= _TOLD_SECONDS:
                say(f"{_shown(url)}: {words}. Asked again in {wait_seconds:.0f} s.", error=True)
            self._pause(wait_seconds)
            pause_seconds = min(2 * pause_seconds, _LONGEST_WAIT_SECONDS)


class _LaterError(Exception):
    """Not now, but perhaps in so many seconds."""

    def __init__(self, words: str, seconds: float) -> None:
        super().__init__(words)
        self.words = words
        self.seconds = seconds


def _wrong(reply: httpx.Response, url: httpx.URL) -> Exception:
    status = reply.status_code
    if status == _TOO_MANY or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return _LaterError(f"it answers {status}", _wait(reply.headers))
    if status in _REFUSED:
        return ConfigError(
            f"{_shown(url)} refuses the token (status {status}).", remedy="Look at --token-file, and what it may do."
        )
    if reply.is_redirect:
        return ConfigError(
            f"{_shown(url)} sends elsewhere (status {status}), which is not followed.",
            remedy="Give the address of the API itself with --from.",
        )
    if status == httpx.codes.NOT_FOUND:
        return ConfigError(f"There is no {_shown(url)}.", remedy="Look at --from and the ids in the options.")
    return ConfigError(f"{_shown(url)} answers {status}.", remedy="Look at the options and the platform's own log.")


def _wait(headers: httpx.Headers) -> float:
    """The seconds that a reply asks to wait, by Retry-After or by the time at which a limit opens again."""
    after, opens = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.isascii() and after.isdigit():
        return float(after[:9])
    if opens.isascii() and opens.isdigit():
        return min(max(0.0, float(opens[:12]) - time.time()), PATIENCE_SECONDS)
    return 0.0


def _body(reply: httpx.Response, limit: int, seconds: float) -> Iterator[bytes]:
    """The parts of a body, not decoded: a small compressed one may be a huge one. A drip has an end, too."""
    if reply.headers.get("content-encoding", "identity").lower() != "identity":
        raise FormatError("The reply is compressed, which was not asked for.")
    size, end = 0, time.monotonic() + seconds
    for part in reply.iter_raw():
        size += len(part)
        if size > limit:
            raise FormatError(f"The reply has over {limit} bytes.", remedy="Pull a smaller part, or import a file.")
        if time.monotonic() > end:
            raise _LaterError(f"it took over {seconds:g} seconds", 0.0)
        yield part


def _base(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise ConfigError(f"--from: '{address}' is no URL: {error}.") from None
    if url.userinfo or url.query or url.fragment or not url.host or url.scheme not in ("http", "https"):
        raise ConfigError(
            f"--from: {_shown(url)} is no address of an API.",
            remedy="Write https://HOST/PATH; the token goes into --token-file.",
        )
    if url.scheme == "http" and not _is_here(url.host):
        raise ConfigError(
            f"--from: {_shown(url)} is not https.", remedy="The token and the answers would be read on the way."
        )
    return url


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(url: httpx.URL) -> str:
    """Without what may be secret in it."""
    return str(url.copy_with(query=None, fragment=None, userinfo=b""))


def _cookie(cookies: httpx.Cookies, name: str) -> str:
    found: list[Cookie] = [each for each in cookies.jar if each.name == name]
    return (found[0].value or "") if found else ""
