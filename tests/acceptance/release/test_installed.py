"""The wheel in a fresh environment, where no checkout is: set-up, service, pages, dev, demo, audit, types."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import time

import httpx
import pytest

from ledger import __version__
from ledger.demo.stage import free_port

pytestmark = pytest.mark.long
PATIENCE_SECONDS = 90
PAGES = ("/", "/platform", "/verify", "/me", "/audit", "/campaigns", "/entries", "/tree", "/anchors", "/seal", "/docs")
SCRIPT = """\
from api.app import from_environment
from ledger.client import Client
from ledger.errors import ProofError
from ledger.tree.merkle import leaf_hash, root, verify_inclusion

first, second = leaf_hash(b"one"), leaf_hash(b"two")
try:
    verify_inclusion(first, 0, 2, [second], root([first, second]))
except ProofError as error:
    reveal_type(error.remedy)
reveal_type(root)
reveal_type(from_environment)
with Client("http://127.0.0.1:8000", "key") as client:
    reveal_type(client.register_platform("Birds").key)
root("no hashes")
"""


@contextlib.contextmanager
def running(installed, *command, **also):
    """A long-lived command; it must end softly at SIGTERM with code 0."""
    started = installed.start(*command, **also)
    try:
        yield started
    except BaseException:
        started.terminate()  # so that it ends its children too
        started.communicate(timeout=PATIENCE_SECONDS)
        raise
    started.send_signal(signal.SIGTERM)
    words, _ = started.communicate(timeout=PATIENCE_SECONDS)
    assert started.returncode == 0, words
    assert "Traceback" not in words


def wait_for(found, started) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not found():
        assert started.poll() is None, started.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.2)


def is_ready(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    return False


def test_its_code_comes_from_the_environment(installed):
    told = installed.run("crowdledger", "--version")
    assert told == f"crowdledger {__version__}\n"
    code = "import api, ledger, sys; print(ledger.__file__, api.__file__, *sys.path, sep='\\n')"
    places = installed.run("python", "-c", code).split()
    assert all(place.startswith((str(installed.environment), sys.base_prefix)) for place in places)


def test_a_new_service_answers_with_all_its_pages(installed):
    installed.run("crowdledger", "init", "--origin", "example.org/crowd", "--folder", "service")
    # Its paths are from the folder in which init was typed.
    config = {"CROWDLEDGER_CONFIG": "service/crowdledger.toml"}
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    added = json.loads(installed.run("crowdledger", "platform", "add", "Birds", "--json", **config))
    with running(installed, "crowdledger", "serve", "--port", str(port), **config) as started:
        wait_for(lambda: is_ready(url), started)
        with httpx.Client(base_url=url, trust_env=False) as asked:
            for page in PAGES:
                for language in ("en", "fa"):
                    reply = asked.get(page, headers={"Accept": "text/html", "Accept-Language": language})
                    assert reply.status_code == 200, (page, reply.text)
                    assert f'lang="{language}"' in reply.text
            assets = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', asked.get("/").text))
            assert assets
            assert {asked.get(asset).status_code for asset in assets} == {200}
            assert asked.get("/openapi.json").json()["info"]["version"] == __version__
            key = {"Authorization": f"Bearer {added['key']}"}
            assert asked.get("/v1/keys/current", headers=key).status_code == 200
        report = json.loads(installed.run("crowdledger", "audit", url, "--json", code=0))
        assert report["verdict"] == "pass", report
    assert (installed.folder / "service" / "crowdledger.db").is_file()
    installed.run("crowdledger", "audit", "--database", "sqlite+aiosqlite:///service/crowdledger.db", **config)


def test_without_a_dev_chain_it_says_what_brings_one(installed):
    for command in ("dev", "demo"):
        words = installed.run("crowdledger", command, code=2)
        assert "npm install --global @foundry-rs/anvil-" in " ".join(words.split())
        assert "Traceback" not in words


def test_dev_from_a_contribution_to_the_audit(installed):
    port = free_port()
    path = installed.with_anvil()
    env = installed.folder / ".crowdledger" / "dev" / "env"
    with running(installed, "crowdledger", "dev", "--port", str(port), PATH=path) as started:
        wait_for(env.exists, started)
        told = dict(re.findall(r"^(\w+)='([^']*)'$", env.read_text(), re.MULTILINE))
        with httpx.Client(
            base_url=told["URL"], headers={"Authorization": f"Bearer {told['KEY']}"}, trust_env=False
        ) as us:
            work = {
                "campaign": told["CAMPAIGN"],
                "contributor": "ana",
                "external_id": "p1",
                "content": {"label": "cat"},
            }
            assert us.post("/v1/contributions", json=work).status_code == 201
            decision = {"contribution_external_id": "p1", "verdict": "accepted"}
            assert us.post("/v1/decisions", json=decision).status_code == 201

            def receipt() -> bytes:
                return us.get("/v1/receipts", params={"external_id": "p1"}).content

            wait_for(lambda: "anchor" in json.loads(receipt()), started)
            (installed.folder / "receipt.json").write_bytes(receipt())
        installed.run("crowdledger", "verify", "receipt.json")
        installed.run("crowdledger", "verify", "receipt.json", "--rpc", told["RPC"])
        installed.run("crowdledger", "audit", told["URL"], "--rpc", told["RPC"], "--report", "audit.html")
        assert "<svg" in (installed.folder / "audit.html").read_text()


def test_the_demo_on_its_own_answers(installed):
    for campaign in ("processing", "rating"):
        options = ["--campaign", campaign, "--questions", "12", "--json"]
        words = installed.run("crowdledger", "demo", *options, PATH=installed.with_anvil())
        assert json.loads(words.splitlines()[-1])["audit"] == "pass"


def test_a_users_script_sees_our_types(installed, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    options = [
        "--strict",
        "--python-executable",
        installed.environment / "bin" / "python",
        "--cache-dir",
        tmp_path / "c",
    ]
    mypy = [sys.executable, "-m", "mypy", *options, script]
    done = subprocess.run(list(map(str, mypy)), cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = [line.partition(": ")[2] for line in done.stdout.splitlines()]
    assert [line for line in lines if line.startswith("error")] == [
        'error: Argument 1 to "root" has incompatible type "str"; expected "Sequence[bytes]"  [arg-type]'
    ], done.stdout + done.stderr
    told = [line.split('"')[1] for line in lines if "Revealed type" in line]
    assert len(told) == 4
    assert not [kind for kind in told if "Any" in kind], told
