"""Reading a whole log and replaying it: the tree over its entries and the book over its statements."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from sys import intern
from typing import cast

from ledger.audit.growing import GrowingTree, Hashes
from ledger.audit.mirror import Progress
from ledger.audit.processes import Processes
from ledger.audit.published import Shown, nothing_shown
from ledger.audit.reading import Bundle, read_all
from ledger.audit.source import Source
from ledger.audit.wrong_settlements import Examined, examine_statement
from ledger.book.fold import Book
from ledger.book.runs import PlainRun, SubmittedRun
from ledger.errors import CrowdLedgerError, FormatError
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignFunded, CampaignOpened
from ledger.statements.contents import AuditorMandated, ContentErased, ContentOpened
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.statements.settlements import RewardsSettled, SettlementActivated, SettlementVetoed
from ledger.statements.values import time_ms
from ledger.statements.wallets import WalletLinked
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
    tile_roots: Hashes = field(default_factory=Hashes)
    """Over the leaf hashes of each tile; the last one may be partial."""
    tiles: dict[Tile, bytes] = field(default_factory=dict)
    """Those above level 0 that the entries make. Level 0 is not kept: it was compared as the entries were read."""
    faults: list[CrowdLedgerError] = field(default_factory=list)
    """What is wrong with the served tiles of level 0, in their order; nothing is known beyond one that was not had."""
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

    def take(self, bundle: Bundle) -> None:
        """Read the next bundle."""
        self.book.facts.signers = bundle.signers
        done = 0
        for begin, run in bundle.plain:
            self._read(bundle.entries[done:begin])
            done = begin
            if self._take_run(run):
                done += len(run)
        self._read(bundle.entries[done:])
        self.leaf_hashes.extend_joined(bundle.tile)
        self.tile_roots.extend_joined(bundle.root)
        self.tiles.update(self.tree.append_tile(bundle.tile, bundle.root))
        if bundle.fault is not None:
            self.faults.append(bundle.fault)

    def _read(self, entries: Sequence[bytes]) -> None:
        parse = kinds.parse
        run: list[AnyStatement] = []  # of one kind and one time
        kind, at = None, ""
        for index, data in enumerate(entries, self.book.size):
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

    def _take_run(self, run: PlainRun) -> bool:
        """Fold the next entries, which nobody has to parse any more; False, and nothing done, if they must be."""
        if isinstance(run, SubmittedRun):
            run.contributors = list(map(intern, run.contributors))  # each is kept with every contribution
        if not self.book.take_run(run, self.book.size):
            return False
        self.at_ms.extend(repeat(time_ms(run.at), len(run)))
        return True

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
    shown: Shown = nothing_shown,
    processes: Processes | None = None,
) -> Replay:
    """Read and replay the first ``size`` entries; ``processes`` do what can be done of each bundle by itself.

    Raises what the source raises, and FormatError where a bundle is malformed.
    """
    replay = Replay(shown)
    for bundle in read_all(source, size, processes, to_fold=True):
        replay.take(bundle)
        if progress is not None:
            progress(replay.size, size)
    replay.book.facts.signers = {}
    replay.tiles.update((tile, content) for tile, content in replay.tree.partial_tiles() if tile.level)
    return replay
