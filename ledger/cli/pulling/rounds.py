"""Rounds of asking: each hands what the platform has to the same run that imports files."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ledger.cli.importing.command import SOME_REFUSED, STOPPED, things_of
from ledger.cli.importing.keeping import Progress, Rejects
from ledger.cli.importing.running import Batch, Run, batches
from ledger.cli.importing.sending import Outcome, Sender
from ledger.cli.importing.telling import Teller, begun
from ledger.cli.output import pairs, print_json, progress, say
from ledger.cli.pulling.since import Since
from ledger.connectors.connector import Connector, Options
from ledger.connectors.preparing import Preparer
from ledger.connectors.pulling import Platform, Source
from ledger.connectors.records import Refused
from ledger.errors import FormatError, UnavailableError

_MAX_REMEMBERED: Final = 100_000


class _NewRejects(Rejects):
    """Writes what is refused in every round once."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, 0)
        self._seen: set[bytes] = set()

    def add(self, refused: Iterable[Refused]) -> int:
        """Write those that were not written before."""
        new = []
        for each in refused:
            digest = hashlib.blake2b(f"{each.reason}\0{each.raw}".encode("utf-8", "replace"), digest_size=16).digest()
            if digest not in self._seen:
                new.append(each)
                if len(self._seen) < _MAX_REMEMBERED:
                    self._seen.add(digest)
        return super().add(new)


@dataclass(slots=True)
class Rounds:
    """One platform's work into one campaign."""

    connector: Connector
    source: Source
    ask: Platform
    options: Options
    preparer: Preparer
    since: Since
    rejects: Path
    json: bool
    in_order: bool = False

    def run(self, url: str, key: str, every_seconds: int | None) -> int:
        """One round, or rounds until Ctrl-C; the exit code."""
        done = Progress()
        some_refused = False
        new = begun(self.preparer.campaign, self.connector.name, "pull", self._place())
        say(f"{self.connector.title}: {self._place()}.", error=True)
        with closing(_NewRejects(self.rejects)) as rejects, Sender(url, key, self.preparer.campaign) as sender:
            try:
                with Teller(url, key, new, done) as teller, progress("pull") as bar:

                    def tell(rows: int) -> None:
                        bar(rows, 0)
                        teller.tell()

                    while True:
                        before, start = deepcopy(done), time.monotonic()
                        run = Run(sender, done, rejects, self._settled, tell, self.in_order)
                        error = self._round(run, every_seconds is not None)
                        some_refused = some_refused or done.refused > before.refused
                        if error is None or done.rows > before.rows:
                            self._show(_difference(done, before), time.monotonic() - start, every_seconds is not None)
                        if error is not None:
                            say(f"{error.detail} Asked again in {every_seconds} s.", error=True)
                        if every_seconds is None:
                            break
                        if not _sleep(every_seconds):
                            break
            except KeyboardInterrupt:
                say("Stopped within a round; what was recorded is found again by the next.", error=True)
                return STOPPED
        return SOME_REFUSED if some_refused else 0

    def _round(self, run: Run, goes_on: bool) -> UnavailableError | FormatError | None:
        """Ask and record; where there is another round, what is not answered now is left to it."""
        self.since.begin()
        try:
            run.over(batches(self.source.pull(self.ask, self.options, self.since.since), self.preparer))
        except (UnavailableError, FormatError) as error:
            if not goes_on:
                raise
            run.sender.stopped.clear()
            return error
        return None

    def _settled(self, batch: Batch, outcome: Outcome) -> None:
        self.since.settle(batch.marks, [each.line for each in outcome.refused])

    def _place(self) -> str:
        """What is pulled, in words for people; no option holds a secret."""
        return ", ".join(f"{name} {value}" for name, value in self.options.values.items()) or self.connector.name

    def _show(self, done: Progress, seconds: float, goes_on: bool) -> None:
        rejects = str(self.rejects) if done.refused else None
        self._say(done, seconds, goes_on, rejects)
        sys.stdout.flush()  # who reads a pipe reads a round when it is over

    def _say(self, done: Progress, seconds: float, goes_on: bool, rejects: str | None) -> None:
        if self.json:
            counts: dict[str, Any] = {"rows": done.rows, "used": done.used, "refused": done.refused}
            things = {"written": done.written, "known": done.known, "skipped": done.skipped}
            about = {"format": self.connector.name, "campaign": self.preparer.campaign, "rejects": rejects}
            print_json(counts | things | about | {"seconds": round(seconds, 3)})
            return
        if goes_on:
            words = [f"{name} {value}" for name, value in things_of(done)]
            if done.refused or done.written:
                say(f"{done.rows} rows: {'; '.join([*words, f'{done.refused} refused'])}")
        else:
            pairs([("rows", done.rows), ("used", done.used), *things_of(done)])
        if rejects is not None:
            say(f"{done.refused} could not be used; {rejects} says why.")


def _difference(done: Progress, before: Progress) -> Progress:
    """What a round added."""
    return Progress(
        rows=done.rows - before.rows,
        used=done.used - before.used,
        refused=done.refused - before.refused,
        written=_more(done.written, before.written),
        known=_more(done.known, before.known),
        skipped=_more(done.skipped, before.skipped),
    )


def _more(done: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {name: more for name, count in done.items() if (more := count - before.get(name, 0))}


def _sleep(seconds: int) -> bool:
    """Wait for the next round; False if a person does not want one."""
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        return False
    return True
