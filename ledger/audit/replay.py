"""Reading a whole log and replaying it: the tree over its entries and the book over its statements."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import cast

from ledger.audit.growing import GrowingTree, Hashes
from ledger.audit.mirror import Progress, read_entries
from ledger.audit.published import Shown, nothing_shown
from ledger.audit.source import Source
from ledger.audit.wrong_settlements import Examined, examine_statement
from ledger.book.fold import Book
from ledger.errors import FormatError
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignFunded, CampaignOpened
from ledger.statements.contents import AuditorMandated, ContentErased, ContentOpened
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.statements.settlements import RewardsSettled, SettlementActivated, SettlementVetoed
from ledger.statements.values import time_ms
from ledger.statements.wallets import WalletLinked
from ledger.tree.merkle import hash_entries
from ledger.tree.tiles import Tile

SettlementStatement = RewardsSettled | SettlementActivated | SettlementVetoed
_COMMON = frozenset({ContributionSubmitted, DecisionMade})
MAX_EXAMINED = 20
"""Wrong settlements that are looked into; of more it is said only that they are wrong."""


@dataclass(slots=True)
class Replay:
    """What a log's entries say and hash to. Lists of statements hold (entry, statement).

    ``shown`` gives the accounts that somebody publishes of a settlement, to name whom a wrong one would pay.
    """

    shown: Shown = nothing_shown
    tree: GrowingTree = field(default_factory=GrowingTree)
    book: Book = field(default_factory=Book)
    leaf_hashes: Hashes = field(default_factory=Hashes)
    at_ms: array[int] = field(default_factory=lambda: array("q"))
    """The time of each entry; one that is no statement has that of the entry before."""
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    """Entries that are no statements, and why."""
    campaigns: list[tuple[int, CampaignOpened]] = field(default_factory=list)
    funds: list[tuple[int, CampaignFunded]] = field(default_factory=list)
    settlements: list[tuple[int, SettlementStatement]] = field(default_factory=list)
    signed: list[tuple[int, ContributionSubmitted | DecisionMade]] = field(default_factory=list)
    """Contributions and decisions that carry a wallet's signature."""
    links: list[tuple[int, WalletLinked]] = field(default_factory=list)
    """Links that took effect whose wallet is a contract: what it said of the signature is asked again."""
    wrong: dict[int, Examined] = field(default_factory=dict)
    """By entry: what is wrong in a recorded settlement that the book did not compute."""
    handled: Counter[str] = field(default_factory=Counter)
    """What was done with contents: ``erased`` by ``wish``, ``law`` or ``retention``, ``mandates``, ``opened``."""

    @property
    def size(self) -> int:
        """Entries read."""
        return len(self.leaf_hashes)

    def take(self, entries: Sequence[bytes]) -> list[bytes]:
        """Read the next entries; returns their leaf hashes."""
        begin = self.size
        leaf_hashes = hash_entries(entries)
        self.leaf_hashes.extend(leaf_hashes)
        parse = kinds.parse
        run: list[AnyStatement] = []  # of one kind and one time
        kind, at = None, ""
        for index, data in enumerate(entries, begin):
            try:
                statement = parse(data)
            except FormatError as error:
                self._fold(run)
                run = []
                self.unreadable.append((index, error.detail))
                self.at_ms.append(self.at_ms[-1] if self.at_ms else 0)
                self.book.fold_bytes(data, index)
                continue
            if statement.__class__ is not kind or statement.at != at:
                self._fold(run)
                run = []
                kind, at = statement.__class__, statement.at
            run.append(statement)
        self._fold(run)
        return leaf_hashes

    def _fold(self, run: Sequence[AnyStatement]) -> None:
        """Fold the next entries, which are of one kind and one time."""
        if not run:
            return
        index = len(self.at_ms)
        self.at_ms.extend(repeat(time_ms(run[0].at), len(run)))
        if type(run[0]) in _COMMON:
            self.book.fold_run(run, index)
            signable = cast("Sequence[ContributionSubmitted | DecisionMade]", run)
            self.signed += [(place, each) for place, each in enumerate(signable, index) if each.signature is not None]
        else:
            for place, statement in enumerate(run, index):
                self.book.fold(statement, place)
                self._keep(statement, place)

    def _keep(self, statement: AnyStatement, index: int) -> None:
        match statement:
            case RewardsSettled():
                self.settlements.append((index, statement))
                if self._broke(index) == "settlement-computed" and len(self.wrong) < MAX_EXAMINED:
                    self.wrong[index] = examine_statement(self.book, statement, self.shown)
            case SettlementActivated() | SettlementVetoed():
                self.settlements.append((index, statement))
            case CampaignOpened():
                self.campaigns.append((index, statement))
            case CampaignFunded():
                self.funds.append((index, statement))
            case _:
                self._keep_rarer(statement, index)

    def _keep_rarer(self, statement: AnyStatement, index: int) -> None:
        if self._broke(index) is not None:
            return
        match statement:
            case WalletLinked():
                if statement.erc1271 is not None:
                    self.links.append((index, statement))
            case ContentErased():
                self.handled["erased"] += 1
                self.handled[statement.reason] += 1
            case AuditorMandated():
                self.handled["mandates"] += 1
            case ContentOpened():
                self.handled["opened"] += 1
            case _:
                pass

    def _broke(self, index: int) -> str | None:
        """The rule that the entry just folded breaks."""
        findings = self.book.findings
        return findings[-1].rule if findings and findings[-1].index == index else None


def read_log(
    source: Source,
    size: int,
    progress: Progress | None,
    tiles: Callable[[Tile, bytes], None],
    shown: Shown = nothing_shown,
) -> Replay:
    """Read and replay the first ``size`` entries; ``tiles`` is given every tile of the tree that they make.

    Raises what the source raises, and FormatError where a bundle is malformed.
    """
    replay = Replay(shown)
    for _, entries in read_entries(source, 0, size):
        for tile, content in replay.tree.append(replay.take(entries)):
            tiles(tile, content)
        if progress is not None:
            progress(replay.size, size)
    for tile, content in replay.tree.partial_tiles():
        tiles(tile, content)
    return replay
