"""The programs that blocks of the docs call, by the name that this file is called by.

``crowdledger``, ``curl`` and ``python`` are the real ones: what does not end by itself is left running once it is up,
so that the lines after it can be carried out, and an answer of HTTP that refuses fails. The others (``make``, ``aws``,
``cast``, ``podman``, ``pip``) do as much as shows that they would take the line.

The environment says where things are: ``SNIPPETS_PROJECT`` the checkout, ``SNIPPETS_RUNNING`` a file for the ids of
what is left running.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(os.environ.get("SNIPPETS_PROJECT", "."))
SERVERS = ("serve", "guard", "worker", "dev")
UP_SECONDS = 60.0
LOOK_SECONDS = 4.0
"""How long something that has no port is watched, whether it goes on."""


def become(*words: str) -> None:
    sys.stdout.flush()
    os.execvp(words[0], words)


def leave_running(words: list[str], port: int | None) -> None:
    """Start it, wait until it is up, and let it run. It must not have ended by then."""
    log = Path(f"{os.environ['SNIPPETS_RUNNING']}.{time.monotonic_ns()}.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )
    with Path(os.environ["SNIPPETS_RUNNING"]).open("a") as running:
        running.write(f"{process.pid}\n")
    deadline = time.monotonic() + (UP_SECONDS if port else LOOK_SECONDS)
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"{' '.join(words)} has ended with {process.returncode}: {log.read_text()}")
        if port and listens(port):
            return
        time.sleep(0.1)
    if port:
        sys.exit(f"{' '.join(words)} is not up: {log.read_text()}")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def crowdledger(words: list[str]) -> None:
    command = [sys.executable, "-m", "ledger.cli", *words]
    goes_on = (words[0] in SERVERS and "--once" not in words) or "--every" in words
    if not goes_on:
        become(*command)
    leave_running(command, int(os.environ["CROWDLEDGER_PORT"]) if words[0] == "serve" else None)


def curl(words: list[str]) -> None:
    """A stream (``-N``) is read for a while; what is refused (4xx, 5xx) is a failure."""
    real = ["curl", "--fail-with-body", *words]
    if "-N" in words:
        ended = subprocess.run(["timeout", "3", *real], check=False).returncode
        sys.exit(0 if ended == 124 else ended or "the stream has ended")
    become(*real)


def python(words: list[str]) -> None:
    if "http.server" in words:
        leave_running([sys.executable, *words], next(int(word) for word in words if word.isdigit()))
    else:
        become(sys.executable, *words)


def make(words: list[str]) -> None:
    """The targets are there; options that they hand on are options of what they call."""
    variables = [re.fullmatch(r"([A-Z]+)=(.*)", word) for word in words]
    shown = subprocess.run(["make", "-n", "-C", str(PROJECT), *words], capture_output=True, text=True, check=False)
    if shown.returncode:
        sys.exit(shown.stdout + shown.stderr)
    makefile = (PROJECT / "Makefile").read_text()
    for found in variables:
        assert found is None or f"({found[1]})" in makefile or f"({found[1]}," in makefile, f"no variable {found}"
    given = [option for found in variables if found for option in re.findall(r"--[a-z-]+", found[2])]
    if given:
        (called,) = (line for line in shown.stdout.splitlines() if given[0] in line)
        asked = shlex.split(called.partition(given[0])[0])
        helped = subprocess.run([*asked, "--help"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
        unknown = [option for option in given if option not in helped]
        assert not unknown, f"{asked} has no {unknown}"


def aws(words: list[str]) -> None:
    """Sent by Amazon's own library, which checks names and values, to the servers of the test."""
    import boto3

    service, operation, *more = words
    given: dict[str, Any] = {}
    region = "us-east-1"
    while more:
        name = "".join(part.capitalize() for part in more.pop(0).removeprefix("--").split("-")).replace("Hit", "HIT")
        value: Any = more.pop(0) if more and not more[0].startswith("--") else True
        if name == "Region":
            region = str(value)
        elif isinstance(value, str) and value.startswith("{"):
            given[name] = json.loads(value)
        elif isinstance(value, str) and re.match(r"\w+=[^,]+,", value):
            given[name] = shorthand(value)
        else:
            given[name] = value
    client = boto3.client(service, region_name=region)
    getattr(client, operation.replace("-", "_"))(**given)


def shorthand(text: str) -> dict[str, Any]:
    """``Name=value,Name=value,more`` as the AWS CLI reads it: what has no name is one more of the one before."""
    found: dict[str, Any] = {}
    name = ""
    for part in text.split(","):
        if "=" in part:
            name, _, value = part.partition("=")
            found[name] = value
        else:
            found[name] = [*(found[name] if isinstance(found[name], list) else [found[name]]), part]
    return found


def cast(words: list[str]) -> None:
    """``cast send TO SIGNATURE ARGUMENTS --rpc-url URL --private-key KEY``: signed, sent and mined."""
    from eth_abi import encode
    from eth_utils.abi import function_signature_to_4byte_selector

    from ledger.chain.rpc import Node
    from ledger.chain.signers import LocalSigner
    from ledger.demo.stage import send

    assert words[0] == "send"
    options = {words[at]: words[at + 1] for at in range(len(words)) if words[at].startswith("--")}
    assert options.keys() == {"--rpc-url", "--private-key"}
    _, to, signature, *arguments = words[: words.index("--rpc-url")]
    types = re.findall(r"[\w\[\]]+", signature.partition("(")[2])
    values = [
        int(value) if kind.startswith("uint") else bytes.fromhex(value[2:]) if kind.startswith("bytes") else value
        for kind, value in zip(types, arguments, strict=True)
    ]
    data = function_signature_to_4byte_selector(signature) + encode(types, values)
    send(Node(options["--rpc-url"]), LocalSigner.from_key(bytes.fromhex(options["--private-key"][2:])), to, data)


def podman(words: list[str]) -> None:
    """``build`` of a Containerfile that is there; ``run`` carries its command out in the folder of the volume."""
    if words[0] == "build":
        assert words[-1] == "."
        assert (PROJECT / "Containerfile").is_file()
        return
    assert words[0] == "run"
    names = [at for at, word in enumerate(words) if word == "crowdledger"]
    image = names["--name" in words]
    if shutil.which("docker"):
        told = subprocess.run(["docker", "run", "--help"], capture_output=True, text=True, check=False).stdout
        flags = {word.partition("=")[0] for word in words[1:image] if word.startswith("-")}
        assert flags <= set(re.findall(r"(?<!\S)--?[\w-]+", told)), flags
    volume = Path("volume").absolute()
    volume.mkdir(exist_ok=True)
    os.chdir(volume)
    if "-p" in words:
        os.environ["CROWDLEDGER_PORT"] = words[words.index("-p") + 1].split(":")[1]
    crowdledger(words[image + 1 :] or ["serve"])  # as ENTRYPOINT and CMD of the Containerfile have it


def pip(words: list[str]) -> None:
    """What is to be installed is this project, with extras that it has."""
    assert words[0] == "install"
    there = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for name, extras in re.findall(r"^([\w-]+)(?:\[([\w,]+)\])?$", "\n".join(words[1:]), re.MULTILINE):
        assert name == "crowdledger", name
        assert set(filter(None, extras.split(","))) <= there.keys(), extras


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    each.__name__: each for each in (crowdledger, curl, python, make, aws, cast, podman, pip)
}
PROGRAMS["python3"] = python

if __name__ == "__main__":
    here = str(Path(sys.argv[0]).absolute().parent)
    others = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != here]
    os.environ["PATH"] = os.pathsep.join(others)  # whatever is called from here is the real one
    PROGRAMS[Path(sys.argv[0]).name](sys.argv[1:])
