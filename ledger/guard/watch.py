"""The watch: round for round the chain, then the log, then the judgement, then the veto."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from ledger.audit.mirror import Mirror
from ledger.audit.source import CHECKPOINT, Source
from ledger.chain.deployments import Deployment
from ledger.chain.rpc import Node
from ledger.errors import (
    ChainError,
    ConfigError,
    FormatError,
    NotFoundError,
    ProofError,
    SignatureError,
    UnavailableError,
)
from ledger.guard.alarms import Alarm, Board, Tell
from ledger.guard.copied import Copied
from ledger.guard.judging import Case, Judging
from ledger.guard.veto import Target, Vetoing
from ledger.guard.views import Seen, View
from ledger.tree.keys import VerifierKey

MIRROR: Final = "mirror"
LATE_SECONDS: Final = 900
"""By how much a node's latest block may be old before the node is not believed, where money is real."""


class Watch:
    """One pool and its log. ``vetoing`` is the guardian's part, None where nobody has the key.

    ``veto_unjudged``: in the last third of the delay, veto also what could not be judged.
    """

    def __init__(
        self,
        source: Source,
        nodes: Sequence[Node],
        deployment: Deployment,
        folder: Path,
        *,
        trusted_key: VerifierKey | None,
        vetoing: Vetoing | None,
        veto_unjudged: bool,
        tell: Tell,
        now_ms: Callable[[], int],
    ) -> None:
        self._source, self._deployment = source, deployment
        self._views = [View(node, deployment) for node in nodes]
        self._mirror = Mirror(folder / MIRROR)
        self._key = trusted_key
        self._copied = Copied(self._mirror)
        self._judging = Judging(self._copied, deployment, tell)
        self._vetoing, self._veto_unjudged = vetoing, veto_unjudged
        self._now_ms = now_ms
        self._tell = tell
        self.board = Board(tell)
        self._began = False

    def round(self) -> bool:
        """Look once, and act. Returns whether a veto is still due.

        Raises ConfigError where the key is not the guardian's, or a file is not ours.
        """
        alarms: list[Alarm] = []
        seen = self._look(alarms)
        # The chain was read before the log: all that it anchors, the log must show.
        fresh = self._sync(alarms)
        opened = self._copied.opened()
        cases: list[Case] = []
        for each in seen:
            alarms += self._judging.compare(each, opened, fresh=fresh)
            cases += self._judging.cases(each)
        alarms += [alarm for case in cases if (alarm := case.alarm) is not None]
        due = self._act(seen, cases, alarms)
        self.board.post(alarms, keep=not seen)
        self._announce(seen)
        return due

    def _look(self, alarms: list[Alarm]) -> list[Seen]:
        """What each node shows; one that shows nothing of use is named."""
        with ThreadPoolExecutor(len(self._views)) as threads:
            looks = list(threads.map(_look, self._views))
        seen = []
        for view, look in zip(self._views, looks, strict=True):
            shown = view.node.shown
            if isinstance(look, ChainError):
                alarms.append(Alarm("node-aside", shown, f"{look.detail} {look.remedy}"))
                continue
            seen.append(look)
            age = self._now_ms() // 1000 - look.latest.timestamp
            if age > LATE_SECONDS and not self._deployment.dev:
                words = f"The latest block of the node at {shown} is {age} s old: what came later is not seen."
                alarms.append(Alarm("node-late", shown, words))
        if not seen:
            alarms.append(Alarm("no-node", "chain", "No node shows the pool: nothing can be seen of what is proposed."))
        return seen

    def _sync(self, alarms: list[Alarm]) -> bool:
        """Bring the mirror up to date; whether that was possible."""
        try:
            self._mirror.sync(self._source, trusted_key=self._key)
        except (UnavailableError, NotFoundError) as error:
            alarms.append(Alarm("source-silent", self._source.name, f"{error.detail} {error.remedy}"))
        except (ProofError, SignatureError, FormatError) as error:
            name = (
                "mirror-damaged"
                if (self._mirror.folder / CHECKPOINT).exists() and self._copied.opened() is None
                else "other-history"
            )
            alarms.append(Alarm(name, self._source.name, f"{error.detail} {error.remedy}"))
        else:
            return True
        return False

    def _act(self, seen: Sequence[Seen], cases: Sequence[Case], alarms: list[Alarm]) -> bool:
        """Veto what must not be paid; whether that is still to be done."""
        if self._vetoing is None or not seen:
            return False
        others = [each for each in seen if each.guardian == self._vetoing.address]
        if not others:
            words = f"The key is that of {self._vetoing.address}; the pool's guardian is {seen[0].guardian}."
            if not self._began:
                raise ConfigError(words, remedy="Give the guardian's key, or none: then the guard only raises alarms.")
            alarms.append(Alarm("not-guardian", self._vetoing.address, words))
            return False
        chosen = next((case for case in cases if case.must_be_stopped(unjudged=self._veto_unjudged)), None)
        target = Target(chosen.seen.node, chosen.number, chosen.judgement.veto_reason) if chosen else None
        node = target.node if target is not None else others[0].node
        try:
            alarms += self._vetoing.step(node, target)
            alarms += self._vetoing.worries(node)
        except ChainError as error:
            about = str(target.number) if target else "chain"
            alarms.append(Alarm("veto-failed", about, f"{error.detail} {error.remedy}"))
        return chosen is not None

    def _announce(self, seen: Sequence[Seen]) -> None:
        if self._began or not seen:
            return
        self._began = True
        opened = self._copied.opened()
        size, key = (opened.checkpoint.size, opened.key.vkey) if opened else (0, "")
        pool = self._deployment.pool
        words = f"Watching pool {pool} and its log of {size} entries by {len(self._views)} node(s)."
        self._tell({"event": "watching", "detail": words, "pool": pool, "entries": size, "key": key})


def _look(view: View) -> Seen | ChainError:
    try:
        return view.look()
    except ChainError as error:
        return error
