"""The bill of materials (CycloneDX 1.6, JSON) of what a lock installs: versions, licences, hashes, what needs what.

cyclonedx-py reads the packages of this environment, which `make setup` made from the lock; what the lock does not name
is left out, and each package gets the hashes of its published files from there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from ledger import __version__
from scripts.compile_contracts import ROOT, SetUpError

_SPECIFICATION: Final = "1.6"
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VALIDATE: Final = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.from_version(sys.argv[1])).validate_str(sys.stdin.read())
sys.exit(None if wrong is None else str(wrong))
"""


def environment_bill(tools: Path, epoch: int) -> dict[str, Any]:
    """What cyclonedx-py says of all packages of this environment. Raises SetUpError."""
    with tempfile.TemporaryDirectory(prefix="crowdledger-bill-") as folder:
        target = Path(folder, "bill.json")
        command = [str(tools / "cyclonedx-py"), "environment", "--pyproject", str(ROOT / "pyproject.toml")]
        options = ["--spec-version", _SPECIFICATION, "--output-reproducible", "--no-validate", "--output-file"]
        _run([*command, *options, str(target), sys.executable], {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)})
        bill: dict[str, Any] = json.loads(target.read_bytes())
    return bill


def bill_of(lock: str, environment: dict[str, Any]) -> dict[str, Any]:
    """The part of an environment's bill that a lock (its text) names, with the lock's hashes.

    Raises SetUpError where the environment does not hold a package in the version that is locked.
    """
    locked = _locked(lock)
    components: dict[str, Any] = {canonicalize_name(each["name"]): each for each in environment["components"]}
    for name, (version, _) in locked.items():
        if name not in components or components[name]["version"] != version:
            raise SetUpError(f"{name} {version} is locked, but not installed. Run 'make setup'.")
    kept = [_with_hashes(components[name], hashes) for name, (_, hashes) in sorted(locked.items())]
    root = environment["metadata"]["component"] | {"version": __version__}
    names = {each["bom-ref"] for each in kept}
    needs = [
        {"ref": each["ref"], "dependsOn": [name for name in each.get("dependsOn", ()) if name in names]}
        for each in environment["dependencies"]
        if each["ref"] in names | {root["bom-ref"]}
    ]
    metadata = environment["metadata"] | {"component": root}
    return environment | {"metadata": metadata, "components": kept, "dependencies": needs}


def validate(tools: Path, text: str) -> None:
    """Raise SetUpError unless a bill keeps CycloneDX's own schema."""
    _run([str(tools / "python"), "-c", _VALIDATE, _SPECIFICATION], None, text)


def _locked(lock: str) -> dict[str, tuple[str, list[str]]]:
    """By canonical name, version and hashes."""
    pins = list(_PIN.finditer(lock))
    ends = [*(pin.start() for pin in pins[1:]), len(lock)]
    return {
        canonicalize_name(pin[1]): (pin[2], _HASH.findall(lock, pin.end(), end))
        for pin, end in zip(pins, ends, strict=True)
    }


def _with_hashes(component: dict[str, Any], hashes: list[str]) -> dict[str, Any]:
    """The hashes are those of published files, one a platform, so they stand with the place that they come from."""
    files = {
        "type": "distribution",
        "url": component["purl"],
        "comment": "any one of the published files",
        "hashes": [{"alg": "SHA-256", "content": each} for each in hashes],
    }
    return component | {"externalReferences": [*component.get("externalReferences", []), files]}


def _run(command: list[str], environment: dict[str, str] | None, text: str | None = None) -> None:
    done = subprocess.run(command, env=environment, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetUpError(f"The bill of materials could not be made:\n{(done.stdout + done.stderr)[-1_500:]}")
