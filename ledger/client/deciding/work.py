"""What there is to decide: a campaign's contributions in force with their contents, and its tasks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ledger import wire
from ledger.client import Client
from ledger.consensus.answers import MAX_ANSWERS
from ledger.errors import FieldError, NotFoundError, TooLargeError
from ledger.statements import kinds
from ledger.statements.campaigns import TaskAdded
from ledger.statements.canonical import JsonValue
from ledger.statements.values import time_ms
from ledger.tree.receipts import Receipt

Progress = Callable[[int, int], None]
"""Told how many are done, of how many."""


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""
    del done, total


@dataclass(frozen=True, slots=True)
class Piece:
    """A contribution in force; ``task`` and ``contributor`` by their public ids, ``decision`` is that which stands."""

    id: str
    index: int
    task: str | None
    contributor: str
    at_ms: int
    content: JsonValue
    decision: str | None = None
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A campaign and its contributions in the order of the log, without those that were replaced or withdrawn."""

    campaign: wire.Campaign
    pieces: tuple[Piece, ...]

    @property
    def undecided(self) -> tuple[Piece, ...]:
        return tuple(piece for piece in self.pieces if piece.decision is None)


def read_work(client: Client, campaign: str, progress: Progress = silent) -> Work:
    """All contributions of a campaign with their contents. Raises TooLargeError above ``MAX_ANSWERS``.

    FieldError for a campaign whose decisions follow from its judges' reviews only.
    """
    found = client.campaign(campaign)
    if found.judging is not None:
        raise FieldError(
            "This campaign declared judges: its decisions follow from their reviews.",
            field="campaign",
            remedy="Send reviews (POST /v1/reviews); GET /v1/campaigns/{id}/queue says what waits for them.",
        )
    pieces = []
    for done, line in enumerate(client.contributions(campaign, content=True), 1):
        if done > MAX_ANSWERS:
            raise TooLargeError(f"More than {MAX_ANSWERS} contributions.", remedy="Use a smaller campaign.")
        if line.replaced_by is None and not line.withdrawn:
            pieces.append(_piece(line))
        progress(done, max(done, found.contributions))
    return Work(found, tuple(pieces))


def _piece(line: wire.ContributionLine) -> Piece:
    return Piece(
        line.id,
        line.index,
        line.task,
        line.public_contributor,
        time_ms(line.at),
        line.content,
        line.decision,
        line.verdict,
    )


def by_task(client: Client, work: Work, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """``given`` by tasks' public ids, where its keys are those or the platform's own ids of tasks.

    Raises FieldError for a key that is no task of the campaign, or a second one for the same task.
    """
    tasks = {piece.task for piece in work.pieces}
    found: dict[str, JsonValue] = {}
    for name, value in given.items():
        task = name if name in tasks else _task(client, work.campaign.id, name)
        if task in found:
            raise FieldError(f"The task {name!r} is there twice.", field="task", remedy="Name each task once.")
        found[task] = value
    return found


def _task(client: Client, campaign: str, own_id: str) -> str:
    """The public id of the task that the platform calls so."""
    try:
        added = kinds.parse(Receipt.parse(client.receipt_of(own_id, "task")).statement)
    except NotFoundError:
        added = None
    if not isinstance(added, TaskAdded) or added.campaign != campaign:
        raise FieldError(
            f"The campaign has no task {own_id!r}.",
            field="task",
            remedy="Name tasks by your own ids (external_id) or by those of their statements.",
        )
    return added.id


def gold_by_task(client: Client, work: Work, given: Mapping[str, str]) -> dict[str, str]:
    """Known answers by tasks' public ids; see ``by_task``."""
    return {task: str(label) for task, label in by_task(client, work, {**given}).items()}
