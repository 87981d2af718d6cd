"""People as they see themselves: their ids, where their pay goes, and the notices that concern it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from api.reads.people import platform_names, wallet_in_force
from api.reads.people_facts import links_of, wallet_delay_ms
from api.service import Service
from ledger.book.facts import Link
from ledger.log.shapes import PersonView
from ledger.statements import sign_in
from ledger.statements.values import format_time
from ledger.wire.people import PaidTo, PendingLink, Person


async def people_lines(service: Service, people: Sequence[PersonView]) -> list[Person]:
    """What people are told of themselves."""
    links = await links_of(service.reads, [person.id for person in people])
    names = await platform_names(service.reads, [person.platform for person in people])
    now_ms = time.time_ns() // 1_000_000
    lines = []
    for person in people:
        link = links.get(person.id)
        pending = pending_link(service, person.id, link, now_ms)
        lines.append(
            Person(
                id=person.id,
                platform=person.platform,
                platform_name=names[person.platform],
                wallet=wallet_in_force(link, now_ms),
                pending=pending,
                notice=_notice(pending),
            )
        )
    return lines


async def paid_to(service: Service, people: Sequence[PersonView], first_ms: Mapping[str, int]) -> list[PaidTo]:
    """Where the awards that are not published yet will go, in words; ``first_ms`` is when each one's first is final."""
    delay_ms = await wallet_delay_ms(service.reads)
    now_ms = time.time_ns() // 1_000_000
    lines = []
    for line in await people_lines(service, people):
        until_ms = first_ms[line.id] - delay_ms - 1 if line.id in first_ms else 0
        until = format_time(until_ms) if until_ms > now_ms else None
        words = _words(line, until)
        lines.append(
            PaidTo(contributor=line.id, wallet=line.wallet, words=words, change_until=until, pending=line.pending)
        )
    return lines


def pending_link(service: Service, contributor: str, link: Link | None, now_ms: int) -> PendingLink | None:
    """The wallet that will replace the one in force, while it is not in force yet."""
    if link is None or now_ms > link.in_force_after_ms:
        return None
    text = sign_in.objection(service.config.origin, contributor, link.index) if link.may_object else None
    return PendingLink(
        entry=link.index,
        address=link.address,
        at=format_time(link.at_ms),
        in_force_from=format_time(link.in_force_after_ms + 1),
        objection=text,
    )


def _notice(pending: PendingLink | None) -> str | None:
    if pending is None:
        return None
    said = f"From {pending.in_force_from} on your pay goes to {pending.address}, by the link in entry {pending.entry}."
    if pending.objection is None:
        return said
    return said + " If that is not your wish, sign the objection with the wallet that is in force now."


def _words(line: Person, until: str | None) -> str:
    if line.wallet is None and line.pending is None:
        return "This waits for you until you link a wallet; it does not expire."
    if line.wallet is None and line.pending is not None:
        return f"This will be paid to {line.pending.address}, from {line.pending.in_force_from} on."
    said = f"This will be paid to {line.wallet}"
    if line.pending is not None:
        return f"{said} if it is published before {line.pending.in_force_from}, to {line.pending.address} after that."
    if until is not None:
        return f"{said}; change it until {until}. What is published stays with the wallet it was published for."
    return f"{said}. Another wallet counts for what is published after its link is in force."
