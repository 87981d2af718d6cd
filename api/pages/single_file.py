"""Our ES modules as one script, so that a page can be a single file that needs no server.

Of the language of modules it knows what ours use: named imports and exports, each at the beginning of a line, and the
one list of exports at the end of a library. Each module becomes a function that gives its exports;
nothing is shortened.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(r'^(import|export)\s*\{([^}]*)\}\s*from\s*"(\.[^"]+)";$', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export ((?:async )?function\*? |const |class )(\w+)", re.MULTILINE)
_LIST: Final = re.compile(r"\bexport\s*\{([^}]*)\};")
_SOURCE_MAP: Final = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_LEFT: Final = re.compile(r"^\s*(?:import|export)\b.*$", re.MULTILINE)


def bundle(folder: Path, entry: str) -> str:
    """The script of a module and of all that it imports, paths below ``folder``. Raises ValueError for other syntax."""
    done = _collected(folder, entry)
    functions = [f"// {path}\nconst {_variable(path)} = (() => {{\n{text}\n}})();" for path, text in done.items()]
    script = '"use strict";\n(() => {\n' + "\n".join(functions) + "\n})();\n"
    if "</script" in script.lower() or "<!--" in script:
        script = script.replace("<!--", "<\\!--").replace("</script", "<\\/script")
    return script


def modules(folder: Path, entry: str) -> list[str]:
    """A module and all that it imports, by their paths, each behind those that it needs. Raises ValueError."""
    return list(_collected(folder, entry))


def _collected(folder: Path, entry: str) -> dict[str, str]:
    done: dict[str, str] = {}
    _add(folder, entry, done)
    return done


def _add(folder: Path, path: str, done: dict[str, str]) -> None:
    """Add a module behind those that it imports."""
    if path in done:
        return
    text = _SOURCE_MAP.sub("", (folder / path).read_text())
    given: dict[str, str] = {}
    for kind, names, target in _IMPORT.findall(text):
        other = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        _add(folder, other, done)
        if kind == "export":
            given |= {shown: f"{_variable(other)}.{name}" for name, shown in _pairs(names)}

    def imported(found: re.Match[str]) -> str:
        if found[1] == "export":
            return ""
        other = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[3]))
        names = ", ".join(name if name == own else f"{name}: {own}" for name, own in _pairs(found[2]))
        return f"const {{ {names} }} = {_variable(other)};"

    text = _IMPORT.sub(imported, text)
    given |= {name: name for _, name in _EXPORT.findall(text)}
    text = _EXPORT.sub(r"\1\2", text)
    for names in _LIST.findall(text):
        given |= {shown: name for name, shown in _pairs(names)}
    text = _LIST.sub("", text)
    if left := _LEFT.search(text):
        raise ValueError(f"{path}: this cannot be put into one file: {left[0].strip()}")
    exports = ", ".join(f"{shown}: {name}" if shown != name else name for shown, name in given.items())
    done[path] = f"{text.strip()}\nreturn {{ {exports} }};"


def _pairs(names: str) -> list[tuple[str, str]]:
    """(name, the name it gets) of each in a list such as ``a, b as c``."""
    parts = [each.split(" as ") for each in (part.strip() for part in names.split(",")) if each]
    return [(each[0].strip(), each[-1].strip()) for each in parts]


def _variable(path: str) -> str:
    return "m_" + re.sub(r"\W", "_", path)
