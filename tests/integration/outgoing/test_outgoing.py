"""Requests that we send, against real servers that do what servers should not."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ledger.errors import OutgoingRefusedError, UnavailableError
from ledger.outgoing import Outgoing
from tests.services.certificates import make_certificates

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\nhi"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server of our own making; its port."""

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side had enough, as it should
        finally:
            writer.close()

    running = await asyncio.start_server(each, "127.0.0.1", 0, ssl=tls)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        running.close()


def answering(answer: bytes, seen: list[bytes] | None = None) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b": 0")
            seen.append(head + await reader.readexactly(int(length.partition(b":")[2])))
        writer.write(answer)
        await writer.drain()

    return talk


def resolving(*rounds: Sequence[str]) -> tuple[Callable[[str, int], Awaitable[Sequence[str]]], list[str]]:
    """A resolver that answers differently each time, and what it was asked."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return rounds[min(len(asked), len(rounds)) - 1]

    return resolve, asked


@asynccontextmanager
async def outgoing(private: bool = True, **parts: object) -> AsyncIterator[Outgoing]:
    made = Outgoing(private, **parts)  # type: ignore[arg-type]  # what each test gives is of the right type
    try:
        yield made
    finally:
        await made.close()


async def test_a_request_and_its_answer() -> None:
    seen: list[bytes] = []
    async with server(answering(OK, seen)) as port, outgoing() as out:
        answer = await out.request("POST", f"http://127.0.0.1:{port}/a?b=c", headers={"X-B": "d"}, body=b"{}")
    assert (answer.status, answer.headers["x-a"], answer.body, answer.cut) == (200, "1, 2", b"hi", False)
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /a?b=c HTTP/1.1",
        b"Host: 127.0.0.1:%d" % port,
        b"Accept-Encoding: identity",
        b"Content-Length: 2",
        b"X-B: d",
    ]
    assert body == b"{}"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]"])
async def test_private_addresses_are_refused(host: str) -> None:
    seen: list[bytes] = []
    async with server(answering(OK, seen)) as port, outgoing(private=False) as out:
        with pytest.raises(OutgoingRefusedError, match="not public"):
            await out.request("GET", f"https://{host}:{port}/")
    assert seen == []


async def test_a_name_of_this_machine_is_refused() -> None:
    async with outgoing(private=False) as out:
        with pytest.raises(OutgoingRefusedError, match="localhost has an address that is not public"):
            await out.request("GET", "https://localhost/")


async def test_one_private_address_among_public_ones_is_enough() -> None:
    resolve, _ = resolving(["93.184.215.14", "10.0.0.1"])
    async with outgoing(private=False, resolve=resolve) as out:
        with pytest.raises(OutgoingRefusedError) as caught:
            await out.request("GET", "https://example.org/")
    assert "10.0.0.1" not in str(caught.value)


async def test_the_name_is_resolved_once_and_the_connection_goes_to_what_was_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that turns to this machine between the look and the connection (DNS rebinding) reaches nothing."""
    seen: list[bytes] = []
    monkeypatch.setattr("ledger.outgoing.outgoing._EACH_SECONDS", 0.2)
    resolve, asked = resolving(["198.51.100.1"], ["127.0.0.1"])
    monkeypatch.setattr("ledger.outgoing.outgoing.is_public", lambda address: address != "127.0.0.1")
    async with server(answering(OK, seen)) as port, outgoing(private=False, resolve=resolve) as out:
        with pytest.raises(UnavailableError):
            await out.request("GET", f"https://rebinding.example:{port}/", timeout_seconds=0.3)
        assert asked == ["rebinding.example"]
        with pytest.raises(OutgoingRefusedError):
            await out.request("GET", f"https://rebinding.example:{port}/", timeout_seconds=0.3)
    assert seen == []


async def test_a_second_address_is_tried() -> None:
    resolve, _ = resolving(["127.0.0.2", "127.0.0.1"])
    async with server(answering(OK)) as port, outgoing(resolve=resolve) as out:
        assert (await out.request("GET", f"http://twice.example:{port}/")).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    seen: list[bytes] = []
    async with server(answering(OK, seen)) as inside:
        answer = b"HTTP/1.1 %d Go\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % (status, inside)
        async with server(answering(answer)) as port, outgoing() as out:
            with pytest.raises(OutgoingRefusedError, match="leads elsewhere") as caught:
                await out.request("GET", f"http://127.0.0.1:{port}/")
    assert caught.value.members["answered"] == status
    assert seen == []


async def test_a_server_that_drips_is_left() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    began = time.monotonic()
    async with server(drip) as port, outgoing() as out:
        with pytest.raises(UnavailableError, match=r"did not answer within 0\.4 seconds"):
            await out.request("GET", f"http://127.0.0.1:{port}/", timeout_seconds=0.4)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "piece",
    [b"x" * 65_536, b"HTTP/1.1 100 Go on\r\n\r\n", b"X: y\r\n", b""],
    ids=["body", "hints", "headers", "silence"],
)
async def test_an_endless_answer_ends(piece: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"" if piece.startswith(b"HTTP") else b"HTTP/1.1 200 OK\r\n")
        writer.write(b"\r\n" if piece.startswith(b"x") else b"")
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)

    async with server(talk) as port, outgoing() as out:
        asking = out.request("GET", f"http://127.0.0.1:{port}/", timeout_seconds=1.0, max_reply_bytes=100_000)
        if piece.startswith(b"x"):
            answer = await asking
            assert (len(answer.body), answer.cut) == (100_000, True)
        else:
            with pytest.raises(UnavailableError):
                await asking


async def test_a_compressed_answer_stays_compressed() -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with server(answering(head + bomb)) as port, outgoing() as out:
        answer = await out.request("GET", f"http://127.0.0.1:{port}/")
    assert answer.body == bomb


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nX-Evil: b"},
        {"X": "a\nb"},
        {"X\r\nY": "a"},
        {"X: y": "a"},
        {"": "a"},
        {"X": "é"},
        {"X": "a\x00"},
        {"Host": "other.example"},
        {"Content-Length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "upgrade"},
    ],
)
async def test_headers_cannot_change_the_request(headers: dict[str, str]) -> None:
    seen: list[bytes] = []
    async with server(answering(OK, seen)) as port, outgoing() as out:
        with pytest.raises(OutgoingRefusedError):
            await out.request("GET", f"http://127.0.0.1:{port}/", headers=headers)
    assert seen == []


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", b"SSH-2.0\r\n"]
)
async def test_what_is_no_answer(answer: bytes) -> None:
    async with server(answering(answer)) as port, outgoing() as out:
        with pytest.raises(UnavailableError):
            await out.request("GET", f"http://127.0.0.1:{port}/")


async def test_nobody_there_and_unknown_names() -> None:
    async with server(answering(OK)) as port:
        pass
    async with outgoing() as out:
        with pytest.raises(UnavailableError, match="no connection"):
            await out.request("GET", f"http://127.0.0.1:{port}/")
        with pytest.raises(UnavailableError, match="its name is not known"):
            await out.request("GET", "https://no-such-host.invalid/")


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    proxied: list[bytes] = []
    async with server(answering(OK, proxied)) as proxy, server(answering(OK)) as port, outgoing() as out:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        await out.request("GET", f"http://127.0.0.1:{port}/")
    assert proxied == []


async def test_cookies_are_not_kept() -> None:
    seen: list[bytes] = []
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with server(answering(answer, seen)) as port, outgoing() as out:
        for _ in range(2):
            await out.request("GET", f"http://127.0.0.1:{port}/")
    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


async def test_tls_checks_the_name(tmp_path: Path) -> None:
    """The connection goes to an address, and the certificate must still be the host's."""
    made = make_certificates(tmp_path, "hooks.example.org")
    resolve, _ = resolving(["127.0.0.1"])
    async with (
        server(answering(OK), made.server) as port,
        outgoing(resolve=resolve, tls=made.client) as out,
        outgoing(resolve=resolve) as strangers,
    ):
        assert (await out.request("GET", f"https://hooks.example.org:{port}/")).status == 200
        with pytest.raises(UnavailableError, match=r"certificate is not valid .*other\.example\.org"):
            await out.request("GET", f"https://other.example.org:{port}/")
        with pytest.raises(UnavailableError, match="certificate is not valid"):
            await out.request("GET", f"https://127.0.0.1:{port}/")
        with pytest.raises(UnavailableError, match="certificate is not valid"):
            await strangers.request("GET", f"https://hooks.example.org:{port}/")
        with pytest.raises(UnavailableError):
            await out.request("GET", f"http://hooks.example.org:{port}/")


async def test_many_at_a_time_and_one_slow() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async with server(slow) as waiting, server(answering(OK)) as port, outgoing() as out:
        late = asyncio.create_task(out.request("GET", f"http://127.0.0.1:{waiting}/", timeout_seconds=2))
        answers = await asyncio.gather(*(out.request("GET", f"http://127.0.0.1:{port}/") for _ in range(40)))
        assert {answer.status for answer in answers} == {200}
        assert not late.done()
        late.cancel()
        with pytest.raises(asyncio.CancelledError):
            await late
