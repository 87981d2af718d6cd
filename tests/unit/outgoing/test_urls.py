"""URLs that others name are read strictly."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import OutgoingRefusedError
from ledger.outgoing.urls import MAX_URL_CHARS, Url, read_url

READ = {
    "https://example.org": Url("https", "example.org", 443, "/"),
    "HTTPS://Example.ORG/Path?Query": Url("https", "example.org", 443, "/Path?Query"),
    "https://example.org?x=1": Url("https", "example.org", 443, "/?x=1"),
    "https://example.org:8443/a/../b%2f?u=http://x/": Url("https", "example.org", 8443, "/a/../b%2f?u=http://x/"),
    "https://xn--mgba3gch31f.ir/%D9%81": Url("https", "xn--mgba3gch31f.ir", 443, "/%D9%81"),
    "https://my_service.internal/x": Url("https", "my_service.internal", 443, "/x"),
    "https://8.8.8.8/": Url("https", "8.8.8.8", 443, "/"),
    "https://[2606:4700:0::1111]:444/": Url("https", "2606:4700::1111", 444, "/"),
    "https://1password.example/": Url("https", "1password.example", 443, "/"),
}

REFUSED = (
    *("", "example.org", "//example.org/", "/x", "https:/example.org", "https:example.org", "https://", "https:///x"),
    *(
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "javascript:alert(1)",
    ),
    *(
        "https://user@example.org/",
        "https://user:pass@example.org/",
        "https://example.org@127.0.0.1/",
        "https://@x.org/",
    ),
    *("https://example.org:0/", "https://example.org:65536/", "https://example.org:/", "https://example.org:99999999/"),
    *("https://example.org:4\u06f43/", "https://example.org:80:90/", "https://example.org:-1/", "https://:443/"),
    *("https://2130706433/", "https://0177.0.0.1/", "https://0x7f.0.0.1/", "https://0x7f000001/", "https://127.1/"),
    *("https://127.0.0.1./", "https://1.2.3.4.5/", "https://256.1.1.1/", "https://01.2.3.4/", "https://x.0x1/"),
    *("https://[::1/", "https://::1/", "https://[::1]x/", "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/"),
    *("https://[127.0.0.1]/", "https://[v1.x]/", "https://[]/", "https://[::ffff:0x7f.1]/"),
    *(
        "https://exämple.org/",
        "https://example。org/",
        "https://ⓔxample.org/",
        "https://example.org/ä",
        "https://①②⑦.0.0.1/",
    ),
    *("https://exam ple.org/", "https://example.org\t/", " https://example.org/", "https://example.org/\r\nHost: x"),
    *(
        "https://example.org/\x00",
        "https://example.org\\@127.0.0.1/",
        "https://example.org/a b",
        "https://exa%6dple.org/",
    ),
    *("https://example.org/#part", "https://example.org#@127.0.0.1/", "https://.example.org/", "https://example..org/"),
    *(
        "https://-example.org/",
        "https://example.org./",
        "https://" + "a" * 64 + ".org/",
        "https://" + "a." * 130 + "org/",
    ),
    "https://example.org/" + "a" * MAX_URL_CHARS,
)


@pytest.mark.parametrize("text", READ)
def test_what_is_read(text: str) -> None:
    assert read_url(text) == READ[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(OutgoingRefusedError, match=r"The URL is refused: .*\. "):
        read_url(text)


def test_http_only_where_private_addresses_are_allowed() -> None:
    assert read_url("http://127.0.0.1:8000/x", private=True) == Url("http", "127.0.0.1", 8000, "/x")
    with pytest.raises(OutgoingRefusedError, match="user or password"):
        read_url("http://a:b@127.0.0.1/", private=True)


def test_a_password_is_never_repeated() -> None:
    with pytest.raises(OutgoingRefusedError) as caught:
        read_url("https://user:hunter2@example.org/")
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=60) | st.from_regex(r"https://[0-9a-z.:@\[\]%\\/#?-]{0,40}", fullmatch=True))
def test_what_is_read_is_read_the_same_by_others(text: str) -> None:
    try:
        url = read_url(text, private=True)
    except OutgoingRefusedError:
        return
    theirs = urlsplit(text)
    assert read_url(str(url), private=True) == url
    assert theirs.username is None
    assert (theirs.scheme, theirs.port or url.port) == (url.scheme, url.port)
    assert (theirs.hostname or "").replace("[", "") == url.host or ":" in url.host
