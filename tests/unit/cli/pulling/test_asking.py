"""A platform's API is asked at its address and nowhere else, within bounds, and patiently."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from ledger.cli.pulling import asking
from ledger.cli.pulling.asking import HttpPlatform
from ledger.errors import ConfigError, FormatError, UnavailableError
from tests.services.platform_api import Asked, PlatformApi, Reply, serving

TOKEN = "s3cret-token"


@pytest.fixture
def api() -> Iterator[PlatformApi]:
    with serving(lambda asked: Reply({"path": asked.path, "query": asked.query})) as api:
        yield api


class Pauses(list[float]):
    """Waits that take no time."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def platform(api: PlatformApi, pauses: Pauses | None = None, base: str = "/v1/", **more: Any) -> HttpPlatform:
    headers = {"Authorization": f"Token {TOKEN}"}
    return HttpPlatform(api.url + base, TOKEN, headers, pause=pauses if pauses is not None else Pauses(), **more)


def test_asks_below_the_address_with_the_token(api: PlatformApi) -> None:
    with platform(api) as ask:
        assert ask("/tasks/", {"page": 2, "q": "شیر & co"}) == {
            "path": "/v1/tasks/",
            "query": {"page": "2", "q": "شیر & co"},
        }
        assert TOKEN not in repr(ask)
    (asked,) = api.asked
    assert (asked.method, asked.headers["authorization"]) == ("GET", f"Token {TOKEN}")
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "path", ["tasks", "//evil.example/", "/../admin", "/a/../../b", "/a//b", "/a?x=1", "/a#b", "/%2e%2e/b", "/a\\b", ""]
)
def test_no_path_leads_elsewhere(api: PlatformApi, path: str) -> None:
    with platform(api) as ask, pytest.raises(FormatError):
        ask(path)
    assert api.asked == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://turkle.example.org", "is not https"),
        ("http://10.0.0.1/", "is not https"),
        ("https://user:pass@turkle.example.org", "no address"),
        ("https://turkle.example.org/?token=x", "no address"),
        ("ftp://turkle.example.org", "no address"),
        ("turkle.example.org", "no address"),
        ("https://turkle.example.org:abc", "no URL"),
    ],
)
def test_an_address_that_is_none(address: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        HttpPlatform(address, TOKEN, {})
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize("address", ["https://turkle.example.org/x", "http://localhost:8000", "http://[::1]:8000/"])
def test_an_address_that_does(address: str) -> None:
    with HttpPlatform(address, TOKEN, {}):
        pass


def test_it_waits_as_long_as_it_is_asked_to(api: PlatformApi) -> None:
    opens = str(int(time.time()) + 90)
    api.first = [
        Reply(status=429, headers={"Retry-After": "7"}),
        Reply(status=503),
        Reply(status=429, headers={"X-RateLimit-Reset": opens}),
        Reply(status=502, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    ]
    pauses = Pauses()
    with platform(api, pauses) as ask:
        assert ask("/x")["path"] == "/v1/x"
    assert pauses[0] == 7
    assert pauses[1] == 1.0, "twice the least wait"
    assert 85 < pauses[2] <= 90
    assert pauses[3] == 4.0
    assert len(api.asked) == 5


def test_a_broken_reply_is_asked_for_again(api: PlatformApi) -> None:
    api.first = [Reply(b"half of", length=100)]
    with platform(api) as ask:
        assert ask("/x")["path"] == "/v1/x"
    assert len(api.asked) == 2


def test_patience_ends(api: PlatformApi) -> None:
    api.answer = lambda _: Reply(status=500)
    pauses = Pauses()
    with platform(api, pauses, patience_seconds=0.4) as ask, pytest.raises(UnavailableError, match="answers 500"):
        ask("/x")
    api.answer = lambda _: Reply(status=429, headers={"Retry-After": "3600"})
    with platform(api, pauses, patience_seconds=9) as ask, pytest.raises(UnavailableError, match="answers 429"):
        ask("/x")
    assert pauses == [], "who asks for more than the patience is not waited for"
    api.answer = lambda _: Reply({})
    closed = PlatformApi("http://127.0.0.1:9", api.answer)
    with platform(closed, patience_seconds=0.1) as ask, pytest.raises(UnavailableError, match="does not answer"):
        ask("/x")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(status=401), "refuses the token"),
        (Reply(status=403), "refuses the token"),
        (Reply(status=404), "There is no"),
        (Reply(status=400), "answers 400"),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}), "sends elsewhere"),
    ],
)
def test_what_is_refused_is_not_asked_again(api: PlatformApi, reply: Reply, words: str) -> None:
    api.answer = lambda _: reply
    with platform(api) as ask, pytest.raises(ConfigError, match=words) as caught:
        ask("/x", {"q": "private"})
    assert len(api.asked) == 1
    assert TOKEN not in str(caught.value)
    assert "private" not in str(caught.value)


def test_replies_that_are_no_json_or_too_long(api: PlatformApi, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform(api) as ask:
        for body in (b"<html>", b"\xff\xfe", b"[" * 100_000):
            api.answer = lambda _, body=body: Reply(body)  # type: ignore[misc]
            with pytest.raises(FormatError, match="is no JSON"):
                ask("/x")
        api.answer = lambda _: Reply(b"{}", headers={"Content-Encoding": "gzip"})
        with pytest.raises(FormatError, match="compressed"):
            ask("/x")
        monkeypatch.setattr(asking, "MAX_REPLY_BYTES", 1000)
        monkeypatch.setattr(asking, "MAX_FILE_BYTES", 2000)
        api.answer = lambda _: Reply(b" " * 1001)
        with pytest.raises(FormatError, match="over 1000 bytes"):
            ask("/x")
        with closing(ask.file("/x")) as file:
            assert len(file.read()) == 1001
        api.answer = lambda _: Reply(b" " * 2001)
        with pytest.raises(FormatError, match="over 2000 bytes"):
            ask.file("/x")


def test_a_drip_has_an_end(api: PlatformApi, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform(api, patience_seconds=0.4) as ask:
        monkeypatch.setattr(asking, "REPLY_SECONDS", 0.0)  # of the whole reply; httpx has its own for each part
        with pytest.raises(UnavailableError, match="it took over 0 seconds"):
            ask("/x")


def test_a_file_whose_length_is_counted_in_letters(api: PlatformApi) -> None:
    """As Turkle answers: the rest of the body must not be taken for the next reply."""
    text = "شیر,شیر\n".encode()
    api.first = [Reply(text, length=9)]
    with platform(api) as ask:
        with closing(ask.file("/results/")) as file:
            assert file.read() == text[:9]
        assert ask("/x")["path"] == "/v1/x"


def django(asked: Asked) -> Reply:
    """Django's sign-in, and what only a session sees."""
    cookies = asked.headers.get("cookie", "")
    if asked.path == "/admin/login/" and asked.method == "GET":
        return Reply(b"<form>", headers={"Set-Cookie": "csrftoken=abc; Path=/"})
    if asked.path == "/admin/login/":
        right = b"username=ann" in asked.body and b"password=" + TOKEN.encode() in asked.body
        if not right or b"csrfmiddlewaretoken=abc" not in asked.body or "csrftoken=abc" not in cookies:
            return Reply(b"<form>Please enter the correct username and password")
        return Reply(status=302, headers={"Location": "/", "Set-Cookie": "sessionid=xyz; Path=/"})
    assert "authorization" not in asked.headers
    return Reply({"in": "sessionid=xyz" in cookies})


def test_signing_in_at_djangos_form() -> None:
    with serving(django) as api:
        with platform(api, base="") as ask:
            ask.sign_in("/admin/login/", "ann")
            ask.sign_in("/admin/login/", "ann")
            assert ask("/secret/") == {"in": True}
        assert api.paths() == ["/admin/login/", "/admin/login/", "/secret/"], "one session, no redirect"
        with platform(api, base="") as ask, pytest.raises(ConfigError, match="does not know the account 'bob'"):
            ask.sign_in("/admin/login/", "bob")
