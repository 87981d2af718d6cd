"""Values that are kept for a while."""

from __future__ import annotations

import asyncio

import pytest

from api.kept import Kept, KeptEach


class Source:
    """Counts how often it is read."""

    def __init__(self, wait_seconds: float = 0.0) -> None:
        self.reads = 0
        self.wait_seconds = wait_seconds
        self.fails = False

    async def read(self) -> int:
        self.reads += 1
        await asyncio.sleep(self.wait_seconds)
        if self.fails:
            raise ValueError("no")
        return self.reads


async def test_many_who_ask_at_once_read_once() -> None:
    kept, source = KeptEach[str, int](60, 10), Source(0.02)
    assert await asyncio.gather(*(kept.get("a", source.read) for _ in range(5))) == [1] * 5
    assert await kept.get("a", source.read) == 1
    assert await kept.get("b", source.read) == 2
    kept.forget("a")
    assert await kept.get("a", source.read) == 3


async def test_one_who_leaves_cancels_nobody() -> None:
    kept, source = KeptEach[str, int](60, 10), Source(0.05)
    first = asyncio.create_task(kept.get("a", source.read))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(kept.get("a", source.read))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1


async def test_a_failure_is_not_kept() -> None:
    kept, source = KeptEach[str, int](60, 10), Source()
    source.fails = True
    with pytest.raises(ValueError, match="no"):
        await kept.get("a", source.read)
    source.fails = False
    assert await kept.get("a", source.read) == 2


async def test_what_takes_long_is_kept_longer() -> None:
    quick, slow = Source(), Source(0.05)
    kept = KeptEach[str, int](0, 10)
    for _ in range(2):
        await kept.get("quick", quick.read)
        await kept.get("slow", slow.read)
        await asyncio.sleep(0.02)
    assert (quick.reads, slow.reads) == (2, 1)


async def test_only_the_last_keys_are_kept() -> None:
    kept, source = KeptEach[str, int](60, 2), Source()
    for key in ("a", "b", "c", "a"):
        await kept.get(key, source.read)
    assert source.reads == 4


async def test_few_keys_are_read_at_once_though_more_are_asked_for_than_are_kept() -> None:
    kept, now, most = KeptEach[int, int](60, 2), 0, 0

    async def read() -> int:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.002)
        now -= 1
        return most

    assert len(await asyncio.gather(*(kept.get(key, read) for key in range(50)))) == 50
    assert most == 4


async def test_one_value_is_kept_in_the_same_way() -> None:
    source = Source(0.02)
    kept = Kept(source.read, 60)
    assert await asyncio.gather(*(kept.get() for _ in range(5))) == [1] * 5
    kept.forget()
    source.fails = True
    with pytest.raises(ValueError, match="no"):
        await kept.get()
    source.fails = False
    assert await kept.get() == 3


async def test_soon_gives_what_was_good_before() -> None:
    kept, source = KeptEach[str, int](0, 10, times=0), Source(0.05)
    assert await kept.soon("a", source.read, 0.001) is None, "nothing was read before"
    assert await kept.soon("a", source.read, 5) == 1, "the same reading, waited for"
    assert await kept.soon("a", source.read, 0.001) == 1, "the one before, while it is read anew"
    await asyncio.sleep(0.1)
    assert await kept.soon("a", source.read, 5) in (2, 3)
    kept.forget("a")
    assert await kept.soon("a", source.read, 0.001) is None
    await asyncio.sleep(0.1)


async def test_soon_waits_briefly_where_there_is_a_value_of_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, source = KeptEach[str, int](0, 10, times=0), Source()
    assert await kept.soon("a", source.read, 5) == 1
    source.wait_seconds = 0.5
    async with asyncio.timeout(0.4):
        assert await kept.soon("a", source.read, 5) == 1
    monkeypatch.setattr("api.kept._RECENT_SECONDS", 0.0)  # it is old: the new one is waited for
    assert await kept.soon("a", source.read, 5) == 2


async def test_soon_gives_what_was_good_just_now_where_reading_fails() -> None:
    kept, source = KeptEach[str, int](0, 10, times=0), Source()
    assert await kept.soon("a", source.read, 5) == 1
    source.fails = True
    assert await kept.soon("a", source.read, 5) == 1
    kept.forget("a")
    with pytest.raises(ValueError, match="no"):
        await kept.soon("a", source.read, 5)


async def test_what_is_forgotten_meanwhile_is_not_given() -> None:
    kept, source = KeptEach[str, int](0, 10, times=0), Source()
    assert await kept.soon("a", source.read, 5) == 1
    source.wait_seconds = 0.3
    asking = asyncio.create_task(kept.soon("a", source.read, 5))
    await asyncio.sleep(0.01)
    kept.forget("a")
    assert await asking is None


async def test_what_took_very_long_is_not_kept_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.kept._LONGEST_SECONDS", 0.01)
    kept, source = KeptEach[str, int](0, 10), Source(0.05)
    assert await kept.get("a", source.read) == 1
    await asyncio.sleep(0.05)  # where it was kept twenty times as long as it took, it would be good for a second
    assert await kept.get("a", source.read) == 2


async def test_soon_raises_what_reading_raises() -> None:
    kept, source = KeptEach[str, int](0, 10), Source()
    source.fails = True
    with pytest.raises(ValueError, match="no"):
        await kept.soon("a", source.read, 5)
