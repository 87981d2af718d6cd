"""Write docs/formats/: a JSON Schema for every kind of statement, beside the example bytes that stand there.

python scripts/write_formats.py          write the schemas
python scripts/write_formats.py --check  exit 1 if they are not what the code says
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from ledger.statements.kinds import KINDS

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "formats"


def schemas() -> dict[str, str]:
    """The text of each schema file by its name."""
    return {
        f"{kind}.schema.json": json.dumps(_published(msgspec.json.schema(struct)), indent=2, sort_keys=True) + "\n"
        for kind, struct in KINDS.items()
    }


def _published(schema: Any) -> Any:
    """The schema for other people's tools: a member is absent, never null, and patterns are those of ECMA-262."""
    if isinstance(schema, list):
        return [_published(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    members = {name: _published(value) for name, value in schema.items()}
    kinds = members.get("anyOf", [])
    if {"type": "null"} in kinds:
        kinds.remove({"type": "null"})
        del members["default"]
        if len(kinds) == 1:
            members = {name: value for name, value in members.items() if name != "anyOf"} | kinds[0]
    if members.get("pattern", "").endswith("\\Z"):
        members["pattern"] = members["pattern"].removesuffix("\\Z") + "$"
    return members


def main() -> int:
    """Write or check; the exit code."""
    wanted = schemas()
    found = {path.name: path.read_text() for path in FOLDER.glob("*.schema.json")}
    if "--check" in sys.argv:
        stale = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        print("\n".join(f"docs/formats/{name} is stale: run scripts/write_formats.py" for name in stale))
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in found.keys() - wanted.keys():
        (FOLDER / name).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
