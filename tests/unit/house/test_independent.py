"""The independent verifier is one: it shares no code with what it verifies."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
VERIFIER = ROOT / "tests" / "independent" / "verifier"
OUTSIDE = {"cryptography"}
"""For Ed25519."""


def imported(file: Path) -> set[str]:
    """The modules that a file names in its imports, wherever they stand."""
    names = set()
    for statement in ast.walk(ast.parse(file.read_text())):
        if isinstance(statement, ast.Import):
            names |= {each.name for each in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            names.add("." * statement.level + (statement.module or ""))
    return names


def test_it_imports_the_standard_library_and_cryptography_only() -> None:
    files = sorted(VERIFIER.rglob("*.py"))
    assert len(files) > 5
    for file in files:
        for name in imported(file):
            own = name == "tests.independent.verifier" or name.startswith("tests.independent.verifier.")
            allowed = own or name.partition(".")[0] in sys.stdlib_module_names | OUTSIDE
            assert allowed, f"{file.relative_to(ROOT)} imports {name}"
            assert name != "importlib", f"{file.relative_to(ROOT)} could import anything"


def test_it_runs_where_the_project_is_not_loaded() -> None:
    code = "import sys, tests.independent.verifier.__main__; print(*({'ledger', 'api'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
