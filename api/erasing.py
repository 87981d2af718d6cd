"""Erasing a person: what they wrote and were told, and what joins their public id to them.

Every content goes with a statement that says so (``content.erased``), which deletes salt and content in its own
transaction; statements and wallet links stay. Whatever breaks off on the way is finished by the same request again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any, Final, Literal, cast

from sqlalchemy import Delete, Select, delete, select, union_all, update

from api.reads import files
from api.reads.members import is_member
from api.reads.people import Stored, file_is_named, named_files, stored_of, stored_reviews
from api.reads.people_facts import facts_of, links_of, versions_of
from api.reads.people_sessions import end_sessions_of
from api.sealing import DIRECT_PREFIX
from api.service import Service
from ledger.book.contributions import is_final
from ledger.db.checksums import checksum
from ledger.db.tables import appeals, contributions, contributors, decisions, externals, reviews
from ledger.errors import CrowdLedgerError, RuleError
from ledger.log.items import EraseContent
from ledger.log.queries import chunks
from ledger.log.shapes import PersonView
from ledger.statements.contents import Purpose
from ledger.wire.people import Erased

_GROUP: Final = 200
_STAYS: Final = (
    "Entries of the log stay, with the public id and, if one was linked, the wallet's address: they can be read by "
    "everybody and cannot be erased. They hold no content, and their salts are gone."
)
_UNFINISHED: Final = (
    "Some contributions were not final. Whoever judges them, or an appeal, can no longer see them: an appeal may "
    "bring its author's own opening."
)
_NO_WALLET: Final = (
    "No wallet was linked: what was earned stays reserved, but whose it is can no longer be shown to the service."
)


async def erase(service: Service, person: PersonView, reason: Literal["wish", "law"]) -> Erased:
    """Erase a contributor. Raises UnavailableError where the writer does not take it all; send it again then.

    Raises RuleError for a member of the platform: with another public id they would be somebody else, who may answer
    an appeal against what they decided themselves.
    """
    if await is_member(service.reads, person.platform, person.external_id):
        raise RuleError(
            "This person is a member of the platform, and judges under this public id.",
            rule="no-member-erased",
            remedy="An owner of the platform removes the member first; then send this again.",
        )
    links = await links_of(service.reads, [person.id])
    finished, unfinished = await _by_finality(service, person.id)
    stored = await stored_of(service.reads, person.id)
    # Reviews go once nothing depends on them: without them judges could not conclude, and a default would take effect.
    stored += await stored_reviews(service.reads, finished)
    gone, entries = await _erase_contents(service, person, stored, reason)
    await _forget_identity(service, person, finished)
    # What came in meanwhile, as long as the person could still be named.
    late = await stored_of(service.reads, person.id)
    more_gone, more_entries = await _erase_contents(service, person, late, reason)
    return Erased(
        contents=len(stored) + len(late),
        entries=entries + more_entries,
        files=gone + more_gone,
        unfinished=unfinished,
        warnings=[_STAYS, *([_UNFINISHED] if unfinished else []), *([] if links else [_NO_WALLET])],
    )


async def _erase_contents(
    service: Service, person: PersonView, stored: Sequence[Stored], reason: Literal["wish", "law"]
) -> tuple[int, list[int]]:
    """How many files went, and the entries that say what can no longer be opened."""
    # Files go first: once a content is gone nothing says any more which files it named.
    gone = await _erase_files(service, person.platform, stored)
    return gone, await _state_erasures(service, person.platform, stored, reason)


async def _erase_files(service: Service, platform: str, stored: Sequence[Stored]) -> int:
    """Erase the files that are a content of these and that nothing else names; how many."""
    gone = 0
    besides = frozenset(stored)
    works = [each.subject for each in stored if each.purpose == "contribution"]
    for sha256 in await named_files(service.reads, works):
        if not await file_is_named(service.reads, platform, sha256, besides):
            gone += await files.erase(service.reads, service.blobs, platform, sha256) is not None
            await files.forget(service.reads, platform, sha256)
    return gone


async def _state_erasures(
    service: Service, platform: str, stored: Sequence[Stored], reason: Literal["wish", "law"]
) -> list[int]:
    """Write one statement a commitment; the indexes of their entries. What was erased meanwhile needs none."""
    items = [
        EraseContent(platform=platform, purpose=cast(Purpose, each.purpose), subject=each.subject, reason=reason)
        for each in stored
    ]
    written: list[int] = []
    for begin in range(0, len(items), _GROUP):
        for result in await service.writer.write_many(items[begin : begin + _GROUP]):
            if not isinstance(result, CrowdLedgerError):
                written.append(result.index)
            elif not (isinstance(result, RuleError) and result.rule == "erased-once"):
                raise result
    return written


async def _by_finality(service: Service, person: str) -> tuple[list[str], list[str]]:
    """A contributor's contributions: those whose outcome can no longer change, and the others."""
    now_ms = time.time_ns() // 1_000_000
    finished: list[str] = []
    unfinished: list[str] = []
    for part in chunks(await versions_of(service.reads, [person])):
        facts = await facts_of(service.reads, part)
        for each in part:
            contribution = facts.contributions[each]
            campaign = facts.campaigns[contribution.campaign]
            done = contribution.replaced_by is not None or is_final(contribution, campaign, now_ms)
            (finished if done else unfinished).append(each)
    return finished, unfinished


async def _forget_identity(service: Service, person: PersonView, finished: Sequence[str]) -> None:
    """The platform's own id becomes a random one; the own ids of their things go, with the requests' fingerprints.

    Those of reviews go where the reviews went, on ``finished`` contributions. Who entered without the platform stays
    somebody in whose name it cannot act.
    """
    log = service.reads.log
    own = select(contributions.c.id).where(contributions.c.log == log, contributions.c.contributor == person.id)
    about = own.scalar_subquery()
    things = union_all(
        own,
        *(
            select(table.c.id).where(table.c.log == log, table.c.contribution.in_(about))
            for table in (decisions, appeals)
        ),
    ).subquery()
    prefix = DIRECT_PREFIX if person.external_id.startswith(DIRECT_PREFIX) else ""
    nobody = f"{prefix}erased-{secrets.token_hex(16)}"
    async with service.reads.database.begin() as connection:
        for part in chunks(finished):
            given = select(reviews.c.id).where(reviews.c.log == log, reviews.c.contribution.in_(part))
            await connection.execute(_own_ids_of(service, person, ("review",), given))
        await connection.execute(
            update(contributors)
            .where(contributors.c.log == log, contributors.c.id == person.id)
            .values(external_id=nobody, checksum=checksum(person.platform, nobody, person.id))
        )
        await connection.execute(
            _own_ids_of(service, person, ("contribution", "decision", "appeal"), select(things.c.id))
        )
    await end_sessions_of(service.reads, person.id)


def _own_ids_of(service: Service, person: PersonView, kinds: Sequence[str], things: Select[Any]) -> Delete:
    return delete(externals).where(
        externals.c.log == service.reads.log,
        externals.c.platform == person.platform,
        externals.c.kind.in_(kinds),
        externals.c.subject.in_(things),
    )
