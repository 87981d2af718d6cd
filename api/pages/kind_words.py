"""What a statement of each kind says, in a few words, and the things that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.pages.languages import mark, text

KIND_WORDS: Final = {
    "log.opened": mark("The log was opened"),
    "log.key_rotated": mark("The log's key was changed"),
    "clock.tick": mark("Time passed"),
    "platform.registered": mark("A platform was registered"),
    "key.rotated": mark("A platform's key was changed"),
    "campaign.opened": mark("A campaign was opened"),
    "campaign.amended": mark("A campaign was changed"),
    "campaign.notice": mark("A campaign gave notice"),
    "campaign.paused": mark("A campaign was paused"),
    "campaign.resumed": mark("A campaign went on"),
    "campaign.closed": mark("A campaign was closed"),
    "campaign.funded": mark("A campaign's money on the chain"),
    "task.added": mark("A task was added"),
    "contribution.submitted": mark("A contribution was submitted"),
    "contribution.revealed": mark("A sealed contribution was opened"),
    "contribution.withdrawn": mark("A contribution was withdrawn"),
    "review.given": mark("A judge gave a sealed review"),
    "decision.made": mark("A decision was made"),
    "appeal.filed": mark("An appeal was filed"),
    "appeal.resolved": mark("An appeal was resolved"),
    "feedback.given": mark("Somebody rated a task, a decision or a campaign"),
    "result.published": mark("A result was published"),
    "content.erased": mark("A content was erased"),
    "auditor.mandated": mark("An auditor may open contents"),
    "content.opened": mark("An auditor opened a content"),
    "admin.acted": mark("An administrator changed a webhook or a member"),
    "wallet.linked": mark("A contributor linked a wallet"),
    "wallet.objected": mark("A wallet objected to being replaced"),
    "rewards.settled": mark("Rewards were computed"),
    "settlement.activated": mark("A settlement can be claimed"),
    "settlement.vetoed": mark("A settlement was vetoed"),
}
_NAMED: Final = {
    "campaign": (mark("Campaign"), "/campaigns/{}"),
    "contribution": (mark("Contribution"), "/c/{}"),
    "replaces": (mark("Replaces"), "/c/{}"),
    "contributor": (mark("Contributor"), "/entries?contributor={}"),
    "reviewer": (mark("Reviewer"), "/entries?contributor={}"),
    "task": (mark("Task"), "/entries?task={}"),
    "decision": (mark("Decision"), "/d/{}"),
    "supersedes": (mark("Supersedes"), "/d/{}"),
}
"""By member: its name, and where what it names is shown."""
_OWN_PAGES: Final = {
    "contribution.submitted": (mark("Contribution"), "/c/{}"),
    "campaign.opened": (mark("Campaign"), "/campaigns/{}"),
    "task.added": (mark("Task"), "/entries?task={}"),
}
"""By kind: what the statement's own id is of."""
_SETTLEMENT: Final = frozenset({"rewards.settled", "settlement.activated", "settlement.vetoed"})


def kind_words(kind: str) -> str:
    """What a statement of a kind says."""
    return text(KIND_WORDS[kind])


def named(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What a statement names: (what it is, its id or number, the path of its page)."""
    kind = statement["kind"]
    if kind in _OWN_PAGES:
        name, path = _OWN_PAGES[kind]
        yield text(name), statement["id"], path.format(statement["id"])
    for member, (name, path) in _NAMED.items():
        value = statement.get(member)
        if isinstance(value, str):
            yield text(name), value, path.format(value)
    if kind in _SETTLEMENT:
        path = f"/s/{statement['chain_id']}/{statement['pool']}/{statement['number']}"
        yield text("Settlement"), str(statement["number"]), path
