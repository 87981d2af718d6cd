"""Who judges: a member in their own name only, a platform's key in the name of its people who are not members.

So that a decision and the answer to an appeal against it are of two persons, as far as members give both.
"""

from __future__ import annotations

from typing import overload

from api.reads.members import is_member_id
from api.sealing import check_own_id
from ledger.errors import FieldError, ForbiddenError


@overload
def judge(member: str, given: str | None) -> str: ...
@overload
def judge(member: str | None, given: str | None) -> str | None: ...
def judge(member: str | None, given: str | None) -> str | None:
    """The platform's own id of who judges: ``member`` where one does, whoever ``given`` says. None: nobody is named.

    Raises ForbiddenError for a member who names another, FieldError for an id that is not a platform's to give.
    """
    if member is None:
        check_own_id(given, "reviewer")
        if given is not None and is_member_id(given):
            raise FieldError(
                f"reviewer: {given} is a member, who judges with a session of their own.",
                field="reviewer",
                remedy="Leave it to them; with a key, name your own id of somebody else.",
            )
        return given
    if given not in (None, member):
        raise ForbiddenError(
            f"You judge as {member}, and as nobody else.", remedy="Leave reviewer out: it is you who is signed in."
        )
    return member


def named_judge(member: str | None, given: str | None) -> str:
    """The same, of somebody who must be named. Raises FieldError where a key names nobody."""
    found = judge(member, given)
    if found is None:
        raise FieldError(
            "reviewer: It is missing.", field="reviewer", remedy="Send your platform's own id of the person who judges."
        )
    return found
