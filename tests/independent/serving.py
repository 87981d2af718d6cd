"""``crowdledger`` as a stranger meets it: a process that serves, and one that mirrors."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ledger.client import Client
from ledger.demo.stage import free_port, private_file
from ledger.tree.checkpoints import LogSigner

PATIENCE_SECONDS = 60


@contextlib.contextmanager
def served(database_url: str, signer: LogSigner, folder: Path) -> Iterator[str]:
    """The URL of ``crowdledger serve`` on a database; its settings and its own words are kept in ``folder``."""
    folder.mkdir(exist_ok=True)
    settings = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")} | {
        "CROWDLEDGER_DATABASE_URL": database_url,
        "CROWDLEDGER_ORIGIN": signer.name,
        "CROWDLEDGER_LOG_KEY_FILE": str(private_file(folder / "log.pem", signer.to_pem())),
    }
    port = free_port()
    words = folder / "server.log"
    with words.open("wb") as log:
        command = [sys.executable, "-m", "ledger.cli", "serve", "--no-worker", "--port", str(port)]
        process = subprocess.Popen(command, env=settings, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + PATIENCE_SECONDS
        with Client(url) as client:
            while not client.ready():
                assert process.poll() is None, words.read_text()
                assert time.monotonic() < deadline, words.read_text()
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def mirrored(source: str, folder: Path, vkey: str) -> None:
    """Run ``crowdledger mirror``, trusting this key."""
    command = [sys.executable, "-m", "ledger.cli", "mirror", source, str(folder), "--key", vkey]
    done = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
