"""What sealed and direct entries have in common with plain ones, checked before anything is written."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET

from ledger.errors import FieldError
from ledger.statements.contributions import Signature

DIRECT_PREFIX: Final = "wallet:"
"""How the own ids begin of people who entered a campaign without its platform, and of what they sent."""


def direct_name(signature: Signature) -> str:
    """The own id of a direct contribution: its signature, which is public once it is in the log.

    Whoever sends it again gets the first receipt, no second entry.
    """
    return f"{DIRECT_PREFIX}{signature.value}"


def check_own_id(own_id: str | None, field: str) -> None:
    """Raise FieldError where a platform takes the id of somebody who entered, or may enter, without it."""
    if own_id is not None and own_id.startswith(DIRECT_PREFIX):
        raise FieldError(
            f"{field}: Ids that begin with '{DIRECT_PREFIX}' are of people who entered by themselves.",
            field=field,
            remedy="Choose another id for this person.",
        )


def check_sealed(content: Any, salt: str | None, commitment: str | None, contributor_id: str | None) -> None:
    """Raise FieldError unless content or a commitment is given, the latter with a public id and without its salt."""
    if (content is UNSET) == (commitment is None):
        raise FieldError(
            "content: Send either content or, for a sealed entry, its commitment.",
            field="content",
            remedy="'crowdledger seal' makes a commitment.",
        )
    if commitment is None:
        return
    if contributor_id is None:
        raise FieldError(
            "contributor_id: A commitment is bound to its author's public id.",
            field="contributor_id",
            remedy="Send the public id that the commitment was made with.",
        )
    if salt is not None:
        raise FieldError(
            "salt: The salt of a sealed entry stays with its author.",
            field="salt",
            remedy="Leave it out; anybody who has it can open the entry.",
        )
