"""The service is told how far an import is, so that the platform's people see it. The import never waits for that."""

from __future__ import annotations

import re
import threading
from types import TracebackType
from typing import Final, Self

from ledger.cli.importing.keeping import Progress
from ledger.client import Client
from ledger.errors import CrowdLedgerError, NotFoundError, UnavailableError
from ledger.wire.imports import ImportProgress, ImportState, NewImport, Things

BETWEEN_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 15.0
"""Without news it says that it is still there: one that is silent for a minute counts as stopped."""
LAST_SECONDS: Final = 3.0
"""How long the last word may take, and each request."""
_LONGEST_NAME: Final = 200
_LONGEST_DETAIL: Final = 1000
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def begun(campaign: str, connector: str, form: str, name: str) -> NewImport:
    """What is told first; ``name`` is that of the file, or says where else it comes from."""
    fit = _UNFIT.sub("", name.encode("utf-8", "replace").decode())[:_LONGEST_NAME].strip()
    return NewImport(campaign=campaign, connector=connector, form=form, file=fit or connector)


class Teller:
    """Tells in a thread of its own, at most once a second: ``with Teller(...) as teller: ... teller.tell(progress)``.

    How the block is left says how the import ended. A service that cannot be told, because it is older or does not
    answer, stops nothing. ``told`` of the progress names the import that goes on, and is kept up to date.
    """

    def __init__(self, url: str, key: str, new: NewImport, progress: Progress) -> None:
        self._url = url
        self._key = key
        self._new = new
        self._progress = progress
        self._word = _word(progress)
        self._is_news = True
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="telling", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        state, detail = _ending(error)
        expected = self._progress.rows if state == "done" else self._word.expected
        self._say(_word(self._progress, expected, state, detail))
        self._thread.join(LAST_SECONDS)

    def tell(self, expected: int | None = None) -> None:
        """Say how far the progress is by now, of about ``expected`` rows."""
        self._say(_word(self._progress, expected))

    def _say(self, word: ImportProgress) -> None:
        with self._changed:
            self._word = word
            self._is_news = True
            self._changed.notify()

    def _run(self) -> None:
        with Client(self._url, self._key, patience_seconds=0, timeout_seconds=LAST_SECONDS) as service:
            while True:
                word = self._next()
                try:
                    self._progress.told = _told(service, self._progress.told, self._new, word)
                except UnavailableError:
                    pass  # what comes next says all of it again
                except CrowdLedgerError:
                    return  # a service that knows nothing of imports
                if word.state != "running":
                    return
                with self._changed:
                    self._changed.wait_for(self._is_over, BETWEEN_SECONDS)

    def _next(self) -> ImportProgress:
        """What there is to say: the news, or the same again after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_news, HEARTBEAT_SECONDS)
            self._is_news = False
            return self._word

    def _is_over(self) -> bool:
        return self._word.state != "running"


def _told(service: Client, id_: str, new: NewImport, word: ImportProgress) -> str:
    """Tell of the import ``id_``, or of a new one where there is none of this id: its id."""
    if id_:
        try:
            return service.tell_import(id_, word).id
        except NotFoundError:
            pass  # forgotten, or the service was: begun anew
    return service.tell_import(service.begin_import(new).id, word).id


def _word(
    done: Progress, expected: int | None = None, state: ImportState = "running", detail: str | None = None
) -> ImportProgress:
    return ImportProgress(
        state=state,
        expected=expected,
        rows=done.rows,
        used=done.used,
        refused=done.refused,
        skipped=sum(done.skipped.values()),
        written=_things(done.written),
        known=_things(done.known),
        detail=None if detail is None else detail[:_LONGEST_DETAIL],
    )


def _things(counts: dict[str, int]) -> Things:
    return Things(**{name: counts[name] for name in Things.model_fields if name in counts})


def _ending(error: BaseException | None) -> tuple[ImportState, str | None]:
    """How it ended, and why if it failed."""
    if error is None:
        return "done", None
    if isinstance(error, Exception):
        return "failed", error.detail if isinstance(error, CrowdLedgerError) else type(error).__name__
    return "stopped", None
