"""A writer process that is killed: what it had not committed is gone, what it had answered is there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from ledger.db import Database, open_database
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer, system_clock_ms
from ledger.tree import merkle
from ledger.tree.checkpoints import LogSigner, open_checkpoint
from tests.unit.log.samples import ORIGIN, Maker

ROOT = Path(__file__).parents[3]

PROGRAM = """
import asyncio, sys
from ledger.db import open_database
from ledger.db import store
from ledger.log.writer import Writer
from ledger.tree.checkpoints import LogSigner
from tests.unit.log.samples import ORIGIN, Maker

url, pem, start_ms, stop_at = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
real = store._full_tiles

def hang(*arguments):
    print("inside", flush=True)
    sys.stdin.readline()  # never comes: killed here, between BEGIN and COMMIT, with rows inserted
    return (yield from real(*arguments))

async def main():
    maker = Maker("killed", start_ms)
    signer = LogSigner.from_pem(ORIGIN, open(pem, "rb").read())
    async with open_database(url) as database, Writer(database, "main", signer) as writer:
        writer.allow_writes()
        await writer.write(maker.register())
        await writer.write(maker.open_campaign())
        print("answered", (await writer.write(maker.submit("ann", external_id="kept"))).index, flush=True)
        if stop_at == "inside":
            store._full_tiles = hang
        for number in range(10_000):
            written = await writer.write_many([maker.submit("ann", external_id=f"{number} {n}") for n in range(20)])
            print("answered", written[-1].index, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["inside", "anywhere"])
async def test_a_killed_writer_leaves_whole_groups_only(
    database_url: str, database: Database, signer: LogSigner, tmp_path: Path, moment: str
) -> None:
    await open_log(database, "main", ORIGIN, signer, 3)
    pem = tmp_path / "log.pem"
    pem.write_bytes(signer.to_pem())
    start_ms = system_clock_ms()
    arguments = (database_url, str(pem), str(start_ms), moment)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        *arguments,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    answered = 0
    try:
        while True:
            line = (await asyncio.wait_for(process.stdout.readline(), 30)).split()
            if line[0] == b"inside":
                break
            answered = int(line[1])
            if moment == "anywhere" and answered > 100:
                break
    finally:
        process.send_signal(signal.SIGKILL)
        rest = await process.stdout.read()
        await process.wait()
    answered = max([answered, *(int(line.split()[1]) for line in rest.splitlines() if line.startswith(b"answered"))])
    reader = Reader(database, "main")
    async with open_database(database_url) as again, Writer(again, "main", signer) as writer:
        writer.allow_writes()
        maker = Maker("after", start_ms)
        await writer.write(maker.register())  # waits for whatever lock the dead one held
    head = await reader.head()
    statements = await reader.statements(0, head.size)
    assert len(statements) == head.size > answered
    assert (head.size - 1 - 4) % 20 == 0  # the log, platform, campaign, one; twenties; and the one written just now
    if moment == "inside":
        assert head.size == 5
        assert await reader.external(Maker("killed", start_ms).platform, "contribution", "0 0") is None
    root = merkle.root([merkle.leaf_hash(each) for each in statements])
    assert open_checkpoint(head.checkpoint, [signer.verifier_key]).root == root
