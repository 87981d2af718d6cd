"""A slow log, written from the definitions alone: RFC 9162 by its recursions, statements and openings by FORMATS, plain
lists and dictionaries, and nothing of the product but the items that are sent to both."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ledger.log.items import AddTask, Decide, Item, RegisterPlatform, Submit

# ---- RFC 9162, sections 2.1.1, 2.1.3.1 and 2.1.4.1, word for word; D is the list of entries' hashes ----


def leaf(data: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def tree_head(leaves: Sequence[bytes]) -> bytes:
    """MTH(D[n])."""
    count = len(leaves)
    if count == 0:
        return hashlib.sha256(b"").digest()
    if count == 1:
        return leaves[0]
    split = largest_power_below(count)
    return hashlib.sha256(b"\x01" + tree_head(leaves[:split]) + tree_head(leaves[split:])).digest()


def largest_power_below(count: int) -> int:
    """The largest power of two smaller than ``count``."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    split = largest_power_below(len(leaves))
    if index < split:
        return [*path(index, leaves[:split]), tree_head(leaves[split:])]
    return [*path(index - split, leaves[split:]), tree_head(leaves[:split])]


def proof(old: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n]); empty from size 0, as the design has it."""
    return subproof(old, leaves, whole=True) if 0 < old < len(leaves) else []


def subproof(old: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b)."""
    if old == len(leaves):
        return [] if whole else [tree_head(leaves)]
    split = largest_power_below(len(leaves))
    if old <= split:
        return [*subproof(old, leaves[:split], whole=whole), tree_head(leaves[split:])]
    return [*subproof(old - split, leaves[split:], whole=False), tree_head(leaves[:split])]


# ---- a log of four kinds of statements ----


def canonical(value: Any) -> bytes:
    """RFC 8785 for what these tests send: no floats, no keys beyond ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def time_text(at_ms: int) -> str:
    """A time as statements have it."""
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"


@dataclass(frozen=True)
class Expected:
    """What must come of an item: ``refused`` names the error; otherwise its entry, and whether it is an old one."""

    index: int = -1
    repeated: bool = False
    opening: bytes | None = None
    refused: str = ""


@dataclass
class ReferenceLog:
    """Takes items one by one. The campaign is open to everybody and no deadline passes."""

    origin: str
    terms: str
    platform: str
    campaign: str
    entries: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    """Of the checkpoints: one a group that appended something."""
    at_ms: int = 0
    platforms: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    tasks: dict[str, int] = field(default_factory=dict)
    """Things by id, with their entries."""
    works: dict[str, int] = field(default_factory=dict)
    authors: dict[str, str] = field(default_factory=dict)
    """By contribution: the contributor's public id."""
    decided: dict[str, str] = field(default_factory=dict)
    """Contribution to decision."""
    people: dict[str, str] = field(default_factory=dict)
    """The platform's own id to the public one."""
    externals: dict[tuple[str, str, str], tuple[int, Any, bytes | None]] = field(default_factory=dict)
    """Platform, kind and own id: entry, what was asked, opening."""

    def group(self, items: Sequence[Item], now_ms: int) -> list[Expected]:
        """One group that is written together."""
        before = len(self.entries)
        at_ms = max(self.at_ms, now_ms)
        expected = [self._take(item, time_text(at_ms)) for item in items]
        if len(self.entries) > before:
            self.at_ms = at_ms
            self.sizes.append(len(self.entries))
        return expected

    def leaves(self, size: int | None = None) -> list[bytes]:
        """The hashes of the first ``size`` entries."""
        return [leaf(data) for data in self.entries[:size]]

    def checkpoint(self, size: int) -> str:
        """The text of the head of ``size`` entries."""
        return f"{self.origin}\n{size}\n{base64.b64encode(tree_head(self.leaves(size))).decode()}\n"

    def first_checkpoint(self, index: int) -> int:
        """The size of the first head that covers an entry."""
        return min(size for size in self.sizes if size > index)

    def _take(self, item: Item, at: str) -> Expected:
        match item:
            case RegisterPlatform():
                asked = {"name": item.name, "scopes": list(item.key.scopes)}
                return self._once("operator", "platform", item, asked, lambda: self._register(item, at))
            case AddTask():
                asked = {"campaign": item.campaign, "content": item.content}
                return self._once(item.platform, "task", item, asked, lambda: self._add_task(item, at))
            case Submit():
                asked = {name: getattr(item, name) for name in ("campaign", "contributor", "content", "task")}
                asked["task_external_id"] = item.task_external_id
                return self._once(item.platform, "contribution", item, asked, lambda: self._submit(item, at))
            case Decide():
                names = ("contribution", "contribution_external_id", "verdict", "score", "feedback")
                asked = {name: getattr(item, name) for name in names}
                return self._once(item.platform, "decision", item, asked, lambda: self._decide(item, at))
            case _:
                raise ValueError(f"The reference knows no {type(item).__name__}.")

    def _once(self, owner: str, kind: str, item: Any, asked: Any, write: Any) -> Expected:
        key = (owner, kind, item.external_id)
        if item.external_id is not None and key in self.externals:
            index, before, opening = self.externals[key]
            return Expected(index, True, opening) if before == asked else Expected(refused="IdReusedError")
        expected: Expected = write()
        if item.external_id is not None and not expected.refused:
            self.externals[key] = (expected.index, asked, expected.opening)
        return expected

    def _append(self, kind: str, at: str, members: dict[str, Any], opening: bytes | None = None) -> Expected:
        said = {"v": 1, "kind": kind, "at": at} | {name: value for name, value in members.items() if value is not None}
        self.entries.append(canonical(said))
        return Expected(len(self.entries) - 1, False, opening)

    def _commit(self, salt: bytes, content: Any, **place: str | None) -> tuple[str, bytes]:
        """The commitment, and the opening's file."""
        preimage = {"v": 1, "log": self.origin} | {name: value for name, value in place.items() if value is not None}
        data = canonical(preimage | {"content": content})
        opening = canonical({"v": 1, "salt": salt.hex(), "preimage": data.decode()})
        return hashlib.sha256(b"\x43" + salt + data).hexdigest(), opening

    def _register(self, item: RegisterPlatform, at: str) -> Expected:
        if item.id in self.platforms or item.key.id in self.keys:
            return Expected(refused="RuleError")
        self.platforms.add(item.id)
        self.keys.add(item.key.id)
        keys = [{"id": item.key.id, "scopes": list(item.key.scopes)}]
        return self._append("platform.registered", at, {"id": item.id, "name": item.name, "keys": keys})

    def _add_task(self, item: AddTask, at: str) -> Expected:
        if (item.platform, item.campaign) != (self.platform, self.campaign):
            return Expected(refused="NotFoundError")
        if item.id in self.tasks:
            return Expected(refused="RuleError")
        self.tasks[item.id] = len(self.entries)
        commitment, opening = self._commit(
            item.salt, item.content, purpose="task", campaign=self.campaign, task=item.id
        )
        said = {"id": item.id, "campaign": item.campaign, "commitment": commitment}
        return self._append("task.added", at, said, opening)

    def _submit(self, item: Submit, at: str) -> Expected:
        task = item.task
        if item.task_external_id is not None:
            index = self.externals.get((item.platform, "task", item.task_external_id), (-1, None, None))[0]
            task = next((name for name, entry in self.tasks.items() if entry == index), "missing")
        if (item.platform, item.campaign) != (self.platform, self.campaign) or (task and task not in self.tasks):
            return Expected(refused="NotFoundError")
        if item.id in self.works:
            return Expected(refused="RuleError")
        who = self.people.get(item.contributor, item.fresh_id)
        self.people[item.contributor] = who
        self.works[item.id], self.authors[item.id] = len(self.entries), who
        commitment, opening = self._commit(
            item.salt, item.content, purpose="contribution", campaign=self.campaign, task=task, contributor=who
        )
        said = {"id": item.id, "campaign": item.campaign, "contributor": who, "commitment": commitment}
        return self._append("contribution.submitted", at, said | {"terms": self.terms, "task": task}, opening)

    def _decide(self, item: Decide, at: str) -> Expected:
        work = item.contribution
        if item.contribution_external_id is not None:
            key = (item.platform, "contribution", item.contribution_external_id)
            index = self.externals.get(key, (-1, None, None))[0]
            work = next((name for name, entry in self.works.items() if entry == index), None)
        if work not in self.works or item.platform != self.platform:
            return Expected(refused="NotFoundError")
        if item.id in self.decided.values() or work in self.decided:
            return Expected(refused="RuleError")
        self.decided[work] = item.id
        feedback, opening = None, None
        if item.feedback is not None:
            place = {"purpose": "feedback", "campaign": self.campaign, "subject": work}
            feedback, opening = self._commit(item.salt, item.feedback, **place)
        said = {"id": item.id, "contribution": work, "verdict": item.verdict, "score": item.score}
        return self._append("decision.made", at, said | {"method": {"type": "human"}, "feedback": feedback}, opening)
