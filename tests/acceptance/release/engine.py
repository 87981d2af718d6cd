"""As much of a container engine as shows that our Containerfile's own lines work, on Linux where we are root.

The base image's place is taken by this machine's Python and system folders, read-only. A root is made of them, the
lines are carried out in it, and the last stage's process runs in mount and process namespaces of its own: as process 1
and the image's user, without privileges, on a root where only the volume can be written. For ``unshare --mount --pid
--fork``:

    engine.py build SPEC          carry out COPY and RUN of all stages
    engine.py run SPEC WORDS...   the entry point with these words, or with the image's own

SPEC is a JSON file, see ``tests/acceptance/release/test_container.py``.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

SYSTEM = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
NO_NEW_PRIVILEGES = 38
"""PR_SET_NO_NEW_PRIVS of prctl(2)."""


def mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def make_root(spec: dict[str, Any]) -> Path:
    """The root with the machine's own folders in it, all read-only; an image's root where it was made before."""
    root = Path(spec["root"])
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    for name in (*SYSTEM, spec["python"]):
        target = root / name.lstrip("/")
        if Path(name).is_symlink():
            if not target.is_symlink():
                target.symlink_to(os.readlink(name))
        elif Path(name).is_dir():
            target.mkdir(parents=True, exist_ok=True)
            mount("--bind", name, target)
            mount("-o", "remount,bind,ro", target)
    for name in ("dev", "proc", "tmp"):
        (root / name).mkdir(exist_ok=True)
    mount("--rbind", "/dev", root / "dev")
    mount("-t", "proc", "proc", root / "proc")
    return root


def build(spec: dict[str, Any]) -> None:
    """All stages in one root: what a later one copies from an earlier one is there already."""
    root = make_root(spec)
    for each in spec["steps"]:
        if "copy" in each:
            for source in each["copy"]:
                target = root / each["to"].lstrip("/")
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        else:
            subprocess.run(["chroot", root, *each["run"]], check=True, env=spec["build_env"])


def run(spec: dict[str, Any], words: list[str]) -> None:
    """Become the image's process."""
    root = make_root(spec)
    volume = root / spec["volume"].lstrip("/")
    mount("--bind", spec["data"], volume)
    mount("-o", "remount,bind,ro", root)
    os.chroot(root)
    os.chdir(spec["workdir"])
    user, group = map(int, spec["user"].split(":"))
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    assert os.getpid() == 1
    command = [*spec["entrypoint"], *(words or spec["cmd"])]
    os.execvpe(command[0], command, spec["env"])


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[2]).read_text())
    if sys.argv[1] == "build":
        build(given)
    else:
        run(given, sys.argv[3:])
