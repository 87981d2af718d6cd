"""A lost database comes back: a backup, and from a mirror what came after it, so that no index is given twice.

All is refused before anything is loaded, as far as the backup's heads, the mirrors and the chain tell; whatever fails
later leaves the database empty again.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ledger.audit.mirror import read_entries
from ledger.audit.opening import open_source_log
from ledger.audit.source import Source, open_source
from ledger.cli.direct import anchored_head
from ledger.db import Database, migrate, open_database
from ledger.db.backup import SavedLog, check_backup, loading
from ledger.errors import ConfigError, LogDivergedError, NotFoundError
from ledger.log.never_fork import require_same_history
from ledger.log.reader import Reader
from ledger.log.restoring import Lost, Published, bring_back, check_continues, check_within, end_sessions

if TYPE_CHECKING:
    from ledger.chain.contracts import AnchoredHead
    from ledger.config import Config

Show = Callable[[int, int], None]
_OF_LOG: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,63})=(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RestoredLog:
    """A log that is back: how many entries the backup had, how many it has now, and what is lost of the rest."""

    name: str
    saved: int
    entries: int
    root: str
    source: str | None
    lost: Lost | None

    def members(self) -> dict[str, Any]:
        """The JSON members."""
        said: dict[str, Any] = {"log": self.name, "saved": self.saved, "entries": self.entries, "root": self.root}
        said["mirror"] = self.source
        if self.lost is not None:
            said |= {
                "restored": [self.lost.first, self.lost.last],
                "openings_lost": self.lost.openings,
                "people_without_own_id": self.lost.people,
                "keys_lost": self.lost.keys,
            }
        return said

    def lines(self) -> Iterator[str]:
        """The same in words."""
        yield f"log {self.name}: {self.entries} entries, root {self.root}; {self.saved} from the backup"
        if self.source is None:
            yield "    No mirror: whatever came after the backup is lost, and its indexes will be given again."
        elif self.lost is None:
            yield f"    {self.source} has nothing that the backup lacks."
        else:
            lost = self.lost
            yield f"    Entries {lost.first} to {lost.last} are back from {self.source}, byte for byte."
            yield f"    Lost of them: {lost.openings} contents, and platforms' own ids, {lost.people} people's too."
            yield "    What came after that mirror's last copy is lost, and its indexes will be given again."
            for key in lost.keys:
                yield f"    Key {key} opens nothing any more: its digest is lost. Make another, revoke it."


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done for one log."""

    saved: SavedLog
    mirror: tuple[Source, Published] | None
    anchored: AnchoredHead | None

    @property
    def size(self) -> int:
        """The size that the log will have."""
        return max(self.saved.size, self.mirror[1].checkpoint.size if self.mirror else 0)


def restore_database(
    config: Config, file: Path, mirrors: Sequence[str], *, accept_loss: bool, show: Show
) -> list[RestoredLog]:
    """Load the backup and bring back what it lacks.

    Raises ConfigError where the database is not empty, no mirror is given and the loss is not accepted, or the file is
    no backup; LogDivergedError where the log would be behind what is anchored, ProofError where a mirror or the chain
    holds another history, DatabaseError, and what reading a mirror or the chain raises.
    """
    logs = check_backup(config.database_url, file)
    with ExitStack() as stack:
        plans = [_plan(config, saved, mirrors, stack, accept_loss=accept_loss) for saved in logs]
        _check_named(mirrors, logs)
        with loading(config.database_url, file) as url:
            migrate(url)
            return asyncio.run(_restore(url, plans, show))


def _plan(config: Config, saved: SavedLog, mirrors: Sequence[str], stack: ExitStack, *, accept_loss: bool) -> _Plan:
    """Everything that can refuse a log before the database is touched."""
    place = _place_of(saved.name, config.log, mirrors)
    mirror = None if place is None else _open(place, saved, stack)
    covered = mirror is not None and mirror[1].checkpoint.size >= saved.size
    if not covered and not accept_loss:
        raise _uncovered(saved, mirror[1] if mirror else None)
    if mirror is not None and mirror[1].checkpoint.size > saved.size:
        check_continues(saved.tree, mirror[1], _entries(mirror[0], saved.size, mirror[1].checkpoint.size))
    known = saved.name in config.log_names()
    plan = _Plan(saved, mirror, anchored_head(config.of_log(saved.name)) if known else None)
    if plan.anchored is not None and plan.anchored.size > plan.size:
        raise LogDivergedError(
            f"The contract holds {plan.anchored.size} entries of the log '{saved.name}'; backup and mirror have "
            f"{plan.size}.",
            remedy="Nothing was restored. Give a mirror that has them: an auditor or a guard may keep one.",
        )
    return plan


def _place_of(log: str, main: str, mirrors: Sequence[str]) -> tuple[str, str | None] | None:
    """Where a log's mirror is, and its name there: what is named for it, else below what is given for the main one."""
    general = None
    for each in mirrors:
        named = _OF_LOG.fullmatch(each)
        if named is None:
            general = each
        elif named[1] == log:
            return named[2], None
    if general is None:
        return None
    return general, None if log == main else log


def _check_named(mirrors: Sequence[str], logs: Sequence[SavedLog]) -> None:
    """Raise ConfigError where a mirror is of no log in the backup, or two are of one."""
    names = [named[1] if (named := _OF_LOG.fullmatch(each)) else "" for each in mirrors]
    for name in names:
        if name and name not in {saved.name for saved in logs}:
            raise ConfigError(f"There is no log '{name}' in the backup.", remedy="Name one of its logs, or none.")
        if names.count(name) > 1:
            raise ConfigError("Two mirrors are given for one log.", remedy="Give the one that has more entries.")


def _open(place: tuple[str, str | None], saved: SavedLog, stack: ExitStack) -> tuple[Source, Published] | None:
    """The mirror and its head. The key of the backup's head must be one of those that lead to the head's."""
    source = stack.enter_context(open_source(place[0], place[1], is_copy=True))
    try:
        opened = open_source_log(source)
    except NotFoundError:
        if place[1] is None:
            raise
        return None  # what is given for the main log does not have this one
    if opened.checkpoint.origin != saved.origin:
        raise ConfigError(
            f"'{source.name}' is of the log '{opened.checkpoint.origin}', the backup of '{saved.origin}'.",
            remedy="Give a mirror of this log.",
        )
    if opened.checkpoint.size >= saved.size:
        opened.keys.require(saved.key)
    return source, Published(opened.checkpoint, opened.note.decode(), opened.key.vkey, source.name)


def _uncovered(saved: SavedLog, published: Published | None) -> ConfigError:
    what = f"No mirror is given for the log '{saved.name}'"
    if published is not None:
        what = f"'{published.source}' has {published.checkpoint.size} entries of the log '{saved.name}', fewer than"
        what += f" the backup's {saved.size}"
    return ConfigError(
        f"{what}: what was written after the backup would be lost, and its indexes given a second time.",
        remedy="Give --mirror URL|FOLDER. If nobody has a mirror, and you accept the loss, give --accept-loss.",
    )


def _entries(source: Source, begin: int, end: int) -> Iterator[bytes]:
    """The entries from ``begin`` on."""
    for first, entries in read_entries(source, begin, end):
        yield from entries[max(0, begin - first) :]


async def _restore(url: str, plans: Sequence[_Plan], show: Show) -> list[RestoredLog]:
    async with open_database(url, unfinished=True) as database:
        done = [await _restore_log(database, plan, show) for plan in plans]
        await end_sessions(database)
    return done


async def _restore_log(database: Database, plan: _Plan, show: Show) -> RestoredLog:
    saved, lost, name = plan.saved, None, plan.saved.name
    if plan.mirror is not None:
        source, published = plan.mirror
        if published.checkpoint.size > saved.size:
            entries = _told(_entries(source, saved.size, plan.size), saved.size, plan.size, show)
            lost = await bring_back(database, name, published, entries, time.time_ns() // 1_000_000)
        else:
            await check_within(database, name, published)
    reader = Reader(database, name)
    if plan.anchored is not None:
        await require_same_history(reader, plan.anchored)
    root = (await reader.head()).compact.root()
    where = None if plan.mirror is None else plan.mirror[1].source
    return RestoredLog(name, saved.size, plan.size, root.hex(), where, lost)


def _told(entries: Iterator[bytes], begin: int, end: int, show: Show) -> Iterator[bytes]:
    for number, entry in enumerate(entries, 1):
        yield entry
        if number % 1_000 == 0:
            show(number, end - begin)
