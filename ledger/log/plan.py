"""From requests to rows: the book's own rules under the lock of the head, one outcome a request, pure.

A request that fails leaves nothing behind; those after it in the group see what those before it did.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from ledger.book import rules
from ledger.book.facts import Facts
from ledger.db.checksums import checksum
from ledger.db.loading import Content, External, LiveKey, Loaded, once
from ledger.db.rows import ContentRow, EntryRow, ExternalRow, Rows
from ledger.db.store import Head
from ledger.errors import ClockError, CrowdLedgerError, FieldError, FormatError, IdReusedError, UnavailableError
from ledger.log.drafts import Draft, Known
from ledger.log.drafts import draft as make_draft
from ledger.log.items import EraseContent, Item, Record
from ledger.log.requests import Request
from ledger.log.signed import check_signature
from ledger.log.view_rows import add_view, subject
from ledger.statements import kinds, signatures
from ledger.statements.commitments import Opening
from ledger.statements.contents import ContentErased
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.statements.values import format_time
from ledger.tree.merkle import leaf_hash

_logger = logging.getLogger(__name__)

_FENCED = (EraseContent, Record)
_SIGNED = (ContributionSubmitted, DecisionMade)
CLOCK_TOLERANCE_MS = 60_000
"""How far a clock may be behind the last entry: less than a minute is another machine's clock, more is a wrong one."""
MAX_JUMP_MS = 86_400_000
"""How far ``at`` moves forward on the machine's word alone."""


class Planned(msgspec.Struct, frozen=True, gc=False):
    """A request that becomes an entry."""

    id: str
    index: int
    statement: bytes
    opening: Opening | None


class Repeated(msgspec.Struct, frozen=True, gc=False):
    """A request that became the entry ``index`` before; ``kind`` and ``id`` name its opening."""

    id: str
    index: int
    kind: str


Outcome = Planned | Repeated | CrowdLedgerError


@dataclass(frozen=True, slots=True)
class Plan:
    """One outcome a request, in order, and the rows. ``leaf_hashes`` are those of the new entries, in order."""

    outcomes: list[Outcome]
    at_ms: int
    rows: Rows
    leaf_hashes: list[bytes]
    vkey: str | None = None
    """The log's key after the group, where one of the items changed it."""


def plan(
    head: Head,
    loaded: Loaded,
    requests: Sequence[Request],
    now_ms: int,
    *,
    domain: signatures.Domain | None = None,
    confirmed_ms: int | None = None,
) -> Plan:
    """Plan a group on top of ``head``; ``loaded`` is used up.

    Args:
        now_ms: this machine's clock. Raises ClockError if it is far behind the head, or more than a day ahead of both
            the head and ``confirmed_ms`` (a block's time, or an operator's word).
        domain: where EIP-712 signatures count; without it a signed request is refused.
    """
    planner = _Planner(head, loaded, _next_at(head, now_ms, confirmed_ms), domain)
    outcomes = [planner.outcome(request) for request in requests]
    return Plan(outcomes, planner.at_ms, planner.rows, planner.leaf_hashes, _new_key(head, loaded.facts))


def _new_key(head: Head, facts: Facts) -> str | None:
    """The key that the group put in force in the place of the head's."""
    entry, vkey = facts.log_keys[-1] if facts.log_keys else (0, "")
    return vkey if entry >= max(head.tree.size, 1) else None


def _next_at(head: Head, now_ms: int, confirmed_ms: int | None) -> int:
    if now_ms < head.at_ms - CLOCK_TOLERANCE_MS:
        raise ClockError(f"The clock says {format_time(now_ms)}; the last entry is of {format_time(head.at_ms)}.")
    trusted_ms = max(head.at_ms, confirmed_ms or 0, head.confirmed_ms or 0)
    if head.tree.size and now_ms > trusted_ms + MAX_JUMP_MS:
        raise ClockError(
            f"The clock says {format_time(now_ms)}, more than a day after the last entry, and nothing confirms it.",
            remedy="Operator: start the worker, which reads the time of the chain's last block, or confirm the time.",
        )
    return max(head.at_ms, now_ms)


class _Planner:
    """The growing group: what is known so far, and the rows."""

    def __init__(self, head: Head, loaded: Loaded, at_ms: int, domain: signatures.Domain | None) -> None:
        self._loaded = loaded
        self._facts = loaded.facts
        self._facts.origin = head.origin
        self._next = head.tree.size
        self._known = Known(loaded, head.origin, format_time(at_ms))
        self._domain = domain
        self.at_ms = at_ms
        self.rows = Rows()
        self.leaf_hashes: list[bytes] = []

    def outcome(self, request: Request) -> Outcome:
        """What becomes of one request; an error changes nothing."""
        try:
            repeated = self._repeated(request)
            if repeated is not None:
                return repeated
            self._check_fence(request.item)
            draft = make_draft(request.item, self._known)
            repeated = self._done(request, draft)
            if repeated is not None:
                return repeated
            data = self._checked(draft.statement)
        except FormatError as error:
            return FieldError(error.detail, field="statement", remedy=error.remedy)
        except CrowdLedgerError as error:
            return error
        except Exception:  # a fault of ours that this one item met must not stop the others of its group
            _logger.exception("An item of kind %s could not be planned.", type(request.item).__name__)
            return CrowdLedgerError("This item could not be planned.")
        return self._accept(request, draft, data)

    def _check_fence(self, item: Item) -> None:
        """Raise UnavailableError where another worker leads by now than the one that wrote the item."""
        fence = item.fence if isinstance(item, _FENCED) else None
        if fence is not None and self._loaded.lease != (fence.holder, fence.token):
            raise UnavailableError("Another worker leads by now.", remedy="Nothing is to be done: that one goes on.")

    def _repeated(self, request: Request) -> Repeated | None:
        key = request.external_key
        known = self._loaded.externals.get(key) if key else None
        if key is None or known is None:
            return None
        if not hmac.compare_digest(request.fingerprint(known.salt), known.fingerprint):
            raise IdReusedError(
                f"The external_id {key[2]!r} names {request.kind} {known.subject}, which has other content.",
                id=known.subject,
                kind=request.kind,
                index=known.entry_index,
            )
        return Repeated(known.subject, known.entry_index, request.kind)

    def _done(self, request: Request, draft: Draft) -> Repeated | None:
        """What can be done once only and was done before is answered with the entry that did it."""
        thing = once(draft.statement)
        index = self._loaded.done.get(thing) if thing else None
        return None if index is None else Repeated(request.item_id, index, request.kind)

    def _checked(self, statement: AnyStatement) -> bytes:
        """The statement's bytes, once format, signature and the book's rules let it pass."""
        data = kinds.encode(statement)
        kinds.parse(data)  # what a replay could not read must never be recorded
        if isinstance(statement, _SIGNED) and statement.signature is not None:
            check_signature(statement, statement.signature, self._domain)
        rules.check(statement, self._next, self._facts)
        return data

    def _accept(self, request: Request, draft: Draft, data: bytes) -> Planned:
        """Facts and rows change together; nothing fails any more."""
        index, statement = self._next, draft.statement
        self._facts.apply(statement, index)
        self._loaded.note(statement, index)
        self._next += 1
        leaf = leaf_hash(data)
        self.leaf_hashes.append(leaf)
        entry = EntryRow(index, kinds.NAMES[type(statement)], self.at_ms, data, leaf, subject(statement, self._loaded))
        self.rows.add(entry)
        add_view(self.rows, statement, entry, request.item, self._loaded)
        self._add_private(request, draft, index)
        return Planned(request.item_id, index, data, draft.opening)

    def _add_private(self, request: Request, draft: Draft, index: int) -> None:
        """The rows that no statement says: openings, external ids, people, keys; later requests see them."""
        rows, loaded = self.rows, self._loaded
        for kept in draft.kept:
            platform = getattr(request.item, "platform", "")
            opening = kept.opening
            rows.add(ContentRow(kept.purpose, kept.subject, platform, opening.salt, opening.preimage))
            loaded.openings[Content(kept.purpose, kept.subject)] = opening.salt, opening.preimage
        if isinstance(draft.statement, ContentErased):
            erased = Content(draft.statement.purpose, draft.statement.subject)
            rows.change("erase", *erased)
            loaded.openings.pop(erased, None)
        key = request.external_key
        if key is not None:
            salt = request.fresh_fingerprint_salt()
            fingerprint = request.fingerprint(salt)
            loaded.externals[key] = External(request.item_id, index, salt, fingerprint)
            row = (*key, request.item_id, index, salt, fingerprint)
            rows.add(ExternalRow(*row, checksum(*row)))
        if draft.person is not None:
            rows.add(draft.person)
            loaded.people[draft.person.platform, draft.person.external_id] = draft.person.id
            loaded.public_ids[draft.person.id] = draft.person.platform
        if draft.key is not None:
            rows.add(draft.key)
            loaded.key_ids.add(draft.key.id)
            loaded.keys.setdefault(draft.key.platform, {})[draft.key.id] = LiveKey(
                draft.key.id, draft.key.scopes, draft.key.expires_ms
            )
        if draft.expired is not None:
            key_id, expires_ms = draft.expired
            rows.change("expire", key_id, expires_ms)
            for live in loaded.keys.values():
                if key_id in live:
                    live[key_id] = live[key_id]._replace(expires_ms=expires_ms)
        if draft.revoked is not None:
            rows.change("revoke", draft.revoked, index)
            for live in loaded.keys.values():
                live.pop(draft.revoked, None)
