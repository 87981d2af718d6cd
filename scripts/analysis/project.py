"""A forge project in `.analysis/project`: copies of the contracts and of the properties, compiled as for deployment."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from scripts.analysis.commands import must_run
from scripts.analysis.environment import HOME, Tools
from scripts.compile_contracts import NODE_MODULES, ROOT, SETTINGS

PROJECT = HOME / "project"
PROPERTIES = "tests/simulation/symbolic"
BUILD_LIMIT_SECONDS = 900
IMPORTED = re.compile(r'"../../../contracts/dev/(\w+\.sol)"')

CONFIGURATION = """\
[profile.default]
src = "contracts"
test = "{properties}"
out = "out"
cache_path = "cache"
libs = ["node_modules"]
remappings = ["@openzeppelin/=node_modules/@openzeppelin/"]
auto_detect_remappings = false
auto_detect_solc = false
solc = "{solc}"
offline = true
via_ir = {via_ir}
optimizer = {optimizer}
optimizer_runs = {runs}
evm_version = "{evm_version}"
ast = true
build_info = true

[lint]
lint_on_build = false
"""


def make_project(solc: Path, contracts: Path) -> Path:
    """Writes the project anew, with the compiler and its settings as for the artifacts; gives its folder."""
    shutil.rmtree(PROJECT, ignore_errors=True)
    shutil.copytree(contracts, PROJECT / "contracts", ignore=shutil.ignore_patterns("artifacts", "dev"))
    shutil.copytree(ROOT / PROPERTIES, PROJECT / PROPERTIES)
    (PROJECT / "contracts" / "dev").mkdir()
    for name in development_sources():
        shutil.copy(contracts / "dev" / name, PROJECT / "contracts" / "dev" / name)
    (PROJECT / "node_modules").mkdir()
    (PROJECT / "node_modules" / "@openzeppelin").symlink_to(NODE_MODULES / "@openzeppelin")
    (PROJECT / "foundry.toml").write_text(
        CONFIGURATION.format(
            properties=PROPERTIES,
            solc=solc,
            via_ir=str(SETTINGS["viaIR"]).lower(),
            optimizer=str(SETTINGS["optimizer"]["enabled"]).lower(),
            runs=SETTINGS["optimizer"]["runs"],
            evm_version=SETTINGS["evmVersion"],
        )
    )
    return PROJECT


def development_sources() -> set[str]:
    """Files of contracts/dev that properties import: the others need not be compiled."""
    texts = (path.read_text() for path in (ROOT / PROPERTIES).glob("*.sol"))
    return {name for text in texts for name in IMPORTED.findall(text)}


def build(tools: Tools, project: Path) -> None:
    """Compiles contracts and properties with syntax trees, once for both tools. Raises `SetUpError`."""
    must_run(
        # With the outputs that halmos asks for, so that it finds everything compiled.
        [tools.forge, "build", "--ast", "--build-info", "--extra-output", "storageLayout", "metadata"],
        log=HOME / "build.log",
        folder=project,
        limit_seconds=BUILD_LIMIT_SECONDS,
        remedy="The contracts or the properties of tests/simulation/symbolic do not compile.",
    )
