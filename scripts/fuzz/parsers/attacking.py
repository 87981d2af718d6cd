"""One parser for some seconds: led by coverage where Atheris is, by a seed alone elsewhere."""

from __future__ import annotations

import base64
import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

from scripts.fuzz.parsers.mutating import spoiled
from scripts.fuzz.parsers.target import MAX_BYTES, Target

_SHOWN_BYTES: Final = 2_000


def told(target: Target, fault: str, data: bytes, folder: Path) -> None:
    """Say what is wrong, and keep what does it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha256(data).hexdigest()[:16]}.input"
    file.write_bytes(data)
    shown = base64.b64encode(data).decode() if len(data) <= _SHOWN_BYTES else f"{len(data)} bytes; keep it with --keep"
    print(f"{target.name}: {fault}\nThe input, in {file}: {shown}", flush=True)


def drawn(target: Target, seconds: float, seed: int, found: Path) -> int:
    """Inputs drawn by a seed, until the time is over or one does harm; how many, -1 for harm."""
    seeds, random, until = list(target.seeds()), Random(seed), time.monotonic() + seconds
    tries = 0
    while time.monotonic() < until:
        data = spoiled(seeds, random)
        if fault := target.fault(data):
            told(target, fault, data, found)
            return -1
        tries += 1
    return tries


def led(atheris: Any, target: Target, seconds: float, seed: int, folder: Path, found: Path) -> None:
    """The same, led by coverage. libFuzzer keeps in ``folder`` what reaches code that was not reached before, changes
    it by its own ways and by ours in turn, and ends the process: with another code than 0 for harm."""
    seeds = list(target.seeds())

    def one(data: bytes) -> None:
        if fault := target.fault(data):
            told(target, fault, data, found)
            raise RuntimeError(fault.strip().splitlines()[-1])

    found.mkdir(parents=True, exist_ok=True)  # where libFuzzer puts what ends the process, or stands still
    for number, data in enumerate(seeds):
        (folder / str(number)).write_bytes(data)
    options = [f"-max_total_time={max(1, round(seconds))}", f"-seed={seed % 2**31 or 1}", f"-max_len={MAX_BYTES}"]
    options += [f"-artifact_prefix={found}/", "-rss_limit_mb=4096", "-timeout=30", str(folder)]
    atheris.Setup([sys.argv[0], *options], one, custom_mutator=_mutator(atheris, seeds))
    atheris.Fuzz()


def _mutator(atheris: Any, seeds: list[bytes]) -> Callable[[bytes, int, int], bytes]:
    def changed(data: bytes, most: int, number: int) -> bytes:
        random = Random(number)
        if random.random() < 0.5:
            return bytes(atheris.Mutate(data, most))[:most]
        return spoiled([data, data, *seeds], random)[:most]

    return changed
