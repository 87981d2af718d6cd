"""The Containerfile: its properties, read from the file; its own lines, carried out as far as this machine lets us."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ledger.demo.stage import free_port
from tests.acceptance.release.containerfile import Stage, read

ROOT = Path(__file__).parents[3]
FILE = ROOT / "Containerfile"
ENGINE = Path(__file__).with_name("engine.py")
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    return read(FILE)


def test_two_stages_on_one_named_python(stages):
    first, last = stages
    assert first.image == last.image
    assert re.fullmatch(r"docker\.io/library/python:3\.11-slim-[a-z]+", last.image)
    assert first.name == "build"


def test_what_goes_into_the_image_is_the_wheel_and_locked_packages(stages):
    first, last = stages
    assert first.one("COPY").words[:-1] == ["dist/requirements.lock", "dist/crowdledger-*.whl"]
    _, locked, ours = (each.command for each in first.all("RUN"))
    assert {"--require-hashes", "--no-deps", "--only-binary", "/wheels/requirements.lock"} <= set(locked)
    assert {"--no-index", "--no-deps", "crowdledger"} <= set(ours)
    assert [(each.flags, each.words) for each in last.all("COPY")] == [({"from": "build"}, ["/opt/crowdledger"] * 2)]
    assert not first.all("ADD") + last.all("ADD")


def test_no_line_needs_a_shell(stages):
    for stage in stages:
        for name in ("RUN", "ENTRYPOINT", "CMD"):
            for each in stage.all(name):
                assert each.command[0] not in ("sh", "bash", "/bin/sh", "/bin/bash")
    assert "sh" not in stages[-1].healthcheck()[:1]


def test_it_runs_as_nobody_on_a_root_that_may_be_read_only(stages):
    last = stages[-1]
    user, group = map(int, last.one("USER").rest.split(":"))
    assert user == group
    assert user > 0
    names = [each.name for each in last.instructions]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in ("RUN", "COPY"))
    assert last.one("VOLUME").command == ["/data"] == [last.one("WORKDIR").rest]
    assert f"os.chown('/data', {user}, {group})" in last.one("RUN").command[-1]
    assert last.env()["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_process_is_ours_alone_and_its_health_is_asked_by_python(stages):
    last = stages[-1]
    assert last.one("ENTRYPOINT").command + last.one("CMD").command == ["crowdledger", "serve"]
    assert last.one("STOPSIGNAL").rest == "SIGTERM"
    assert last.one("EXPOSE").rest == last.env()["CROWDLEDGER_PORT"]
    assert last.healthcheck()[0] == "python"
    compile(last.healthcheck()[2], "healthcheck", "exec")
    assert set(last.one("HEALTHCHECK").flags) == {"interval", "timeout", "start-period", "retries"}


def test_no_secret_and_no_folder_but_dist_reaches_the_build(stages):
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert {line.removeprefix("!") for line in lines[1:]} == set(stages[0].one("COPY").words[:-1])
    assert not re.search(r"(?i)secret|password|token|api_key", FILE.read_text())


def answers(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not here: the file was not linted by it")
def test_hadolint_finds_nothing():
    done = subprocess.run(["hadolint", str(FILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_a_real_engine_builds_it(release, tmp_path):
    engine = next((name for name in ("podman", "buildah", "docker") if answers([name, "info"])), None)
    if engine is None:
        pytest.skip("no podman, buildah or docker whose engine answers: the image was not built")
    context(release, tmp_path)
    build = [engine, "build", "--tag", "crowdledger:test", "--file", "Containerfile", "."]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=1_800)
    assert done.returncode == 0, done.stdout + done.stderr
    if engine != "buildah":
        run = [engine, "run", "--rm", "--read-only", "--cap-drop=ALL", "crowdledger:test", "--version"]
        assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.startswith("crowdledger ")


def context(release, folder: Path) -> Path:
    """What the build is given: the file, and dist/ as `make build` leaves it."""
    (folder / "dist").mkdir()
    for path in (FILE, release.lock, release.wheel):
        shutil.copy(path, folder if path == FILE else folder / "dist")
    return folder


class Image:
    """The file's lines carried out in a folder, by ``engine.py``."""

    def __init__(self, stages: list[Stage], folder: Path, place: Path) -> None:
        last = stages[-1]
        self.folder, self.port, self.data = folder, free_port(), folder / "data"
        base = Path(sys.base_prefix)
        self.user = last.one("USER").rest
        self.env = last.env() | {"CROWDLEDGER_PORT": str(self.port)}
        build_env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CROWD"))}
        self.data.mkdir(mode=0o700)
        os.chown(self.data, *map(int, self.user.split(":")))
        (folder / "root").mkdir(mode=0o755)
        spec = {
            "root": str(folder / "root"),
            "data": str(self.data),
            "python": str(base),
            "steps": [*self._steps(stages, place)],
            "build_env": build_env | {"PATH": f"{base}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp"},
            "env": self.env,
            "user": self.user,
            "volume": last.one("VOLUME").command[0],
            "workdir": last.one("WORKDIR").rest,
            "entrypoint": last.one("ENTRYPOINT").command,
            "cmd": last.one("CMD").command,
        }
        (folder / "spec.json").write_text(json.dumps(spec))

    @staticmethod
    def _steps(stages: list[Stage], place: Path) -> Iterator[dict[str, object]]:
        for each in (each for stage in stages for each in stage.instructions):
            if each.name == "RUN":
                yield {"run": each.command}
            elif each.name == "COPY" and "from" not in each.flags:
                *patterns, target = each.words
                yield {"copy": [str(found) for pattern in patterns for found in place.glob(pattern)], "to": target}

    def start(self, *words: str) -> subprocess.Popen[str]:
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        command = [*unshare, sys.executable, "-I", str(ENGINE), words[0], str(self.folder / "spec.json"), *words[1:]]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def do(self, *words: str) -> str:
        started = self.start(*words)
        said, _ = started.communicate(timeout=600)
        assert started.returncode == 0, said
        return said


@pytest.fixture(scope="module")
def image(stages, release, tmp_path_factory) -> Image:
    if sys.platform != "linux" or os.geteuid() != 0 or not answers(["unshare", "--mount", "--pid", "--fork", "true"]):
        pytest.skip("namespaces need Linux and root: the file's lines were not carried out")
    folder = tmp_path_factory.mktemp("image")
    folder.chmod(0o755)
    made = Image(stages, folder, context(release, tmp_path_factory.mktemp("context")))
    made.do("build")
    return made


@contextlib.contextmanager
def served(image: Image) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The image's own command, once it answers, with the process id that its process 1 has here."""
    started = image.start("run")
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not healthy(image):
            assert started.poll() is None, started.stdout.read() if started.stdout else ""
            assert time.monotonic() < deadline
            time.sleep(0.2)
        (child,) = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
        yield started, int(child)
    finally:
        started.kill()
        started.communicate()


def healthy(image: Image) -> bool:
    """What the engine would find out by the image's own health check."""
    check = read(FILE)[-1].healthcheck()
    command = [sys.executable, *check[1:]]
    return subprocess.run(command, env=image.env, capture_output=True, check=False).returncode == 0


@pytest.mark.long
def test_its_lines_work_as_nobody_as_process_1_where_only_the_volume_can_be_written(image):
    assert image.do("run", "--version").startswith("crowdledger ")
    image.do("run", "init", "--origin", "example.org/crowd")
    uid = int(image.user.split(":")[0])
    assert {path.stat().st_uid for path in image.data.rglob("*")} == {uid}
    assert not healthy(image)
    with served(image) as (started, process):
        status = Path(f"/proc/{process}/status").read_text()
        assert re.search(rf"^Uid:\t{uid}\t{uid}\t{uid}\t{uid}$", status, re.MULTILINE)
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
        assert re.search(r"^NSpid:\t\d+\t1$", status, re.MULTILINE)
        assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
        assert "ro" in Path(f"/proc/{process}/mountinfo").read_text().splitlines()[0].split()[5].split(",")
        assert httpx.get(f"http://127.0.0.1:{image.port}/readyz", trust_env=False).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{image.port}/platform", trust_env=False).status_code == 200
        os.kill(process, signal.SIGTERM)
        said, _ = started.communicate(timeout=PATIENCE_SECONDS)
    assert started.returncode == 0, said
    assert "Traceback" not in said
