"""A Containerfile, read as far as ours goes: stages, ARG in FROM, flags, exec forms, ENV, continued lines."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Instruction:
    """One line: ``COPY --from=build /a /b`` has the flag ``from`` and the words ``/a /b``."""

    name: str
    rest: str
    flags: dict[str, str]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.rest)

    @property
    def command(self) -> list[str]:
        """The exec form: a JSON array. Raises ValueError for the form that needs a shell."""
        words = json.loads(self.rest)
        assert isinstance(words, list)
        return [str(word) for word in words]


@dataclass
class Stage:
    """What follows a FROM."""

    image: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        return [each for each in self.instructions if each.name == name]

    def one(self, name: str) -> Instruction:
        (found,) = self.all(name)
        return found

    def env(self) -> dict[str, str]:
        pairs = (word.partition("=") for each in self.all("ENV") for word in each.words)
        return {name: value for name, _, value in pairs}

    def healthcheck(self) -> list[str]:
        return Instruction("CMD", self.one("HEALTHCHECK").rest.removeprefix("CMD").strip(), {}).command


def read(path: Path) -> list[Stage]:
    """The stages."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
    text = re.sub(r"\\\n", "", text)
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, rest = line.split(None, 1)
        flags = {}
        while found := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            flags[found[1]] = found[2]
            rest = rest[found.end() :]
        if name == "ARG":
            key, value = rest.split("=", 1)
            arguments[key] = value
        elif name == "FROM":
            words = re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], rest).split()
            stages.append(Stage(words[0], words[2] if len(words) == 3 else ""))
        else:
            stages[-1].instructions.append(Instruction(name, rest, flags))
    return stages
