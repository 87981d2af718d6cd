"""From requests to rows: the book's own rules under the lock of the head, one outcome a request, pure.

A request that fails leaves nothing behind; those after it in the group see what those before it did.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.book import rules
from ledger.db.loading import External, LiveKey, Loaded
from ledger.db.rows import (
    CampaignRow,
    ContentRow,
    ContributionRow,
    DecisionRow,
    EntryRow,
    ExternalRow,
    FundsRow,
    PlatformRow,
    Rows,
    TaskRow,
    WalletLinkRow,
)
from ledger.db.store import Head
from ledger.errors import ClockError, CrowdLedgerError, FieldError, FormatError, IdReusedError
from ledger.log.drafts import Draft, Drafter
from ledger.log.items import Item, OpenCampaign
from ledger.log.requests import Request
from ledger.log.signed import check_signature
from ledger.statements import canonical, kinds, signatures
from ledger.statements.campaigns import CampaignClosed, CampaignFunded, CampaignOpened, TaskAdded
from ledger.statements.commitments import Opening
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.statements.platforms import PlatformRegistered
from ledger.statements.values import format_time, score_millionths
from ledger.statements.wallets import WalletLinked
from ledger.tree.merkle import leaf_hash

_logger = logging.getLogger(__name__)

CLOCK_TOLERANCE_MS = 60_000
"""How far a clock may be behind the last entry: less than a minute is another machine's clock, more is a wrong one."""
MAX_JUMP_MS = 86_400_000
"""How far ``at`` moves forward on the machine's word alone."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A request that becomes an entry."""

    id: str
    index: int
    statement: bytes
    opening: Opening | None


@dataclass(frozen=True, slots=True)
class Repeated:
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
    return Plan(outcomes, planner.at_ms, planner.rows, planner.leaf_hashes)


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
        self._drafter = Drafter(loaded, head.origin, format_time(at_ms))
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
            draft = self._drafter.draft(request.item)
            data = self._checked(draft.statement)
        except FormatError as error:
            return FieldError(error.detail, field="statement", remedy=error.remedy)
        except CrowdLedgerError as error:
            return error
        except Exception:  # a fault of ours that this one item met must not stop the others of its group
            _logger.exception("An item of kind %s could not be planned.", type(request.item).__name__)
            return CrowdLedgerError("This item could not be planned.")
        return self._accept(request, draft, data)

    def _repeated(self, request: Request) -> Repeated | None:
        key = request.external_key
        known = self._loaded.externals.get(key) if key else None
        if key is None or known is None:
            return None
        if not hmac.compare_digest(request.fingerprint(known.salt), known.fingerprint):
            raise IdReusedError(
                f"The external_id {key[2]!r} names {request.kind} {known.subject}, which has other content."
            )
        return Repeated(known.subject, known.entry_index, request.kind)

    def _checked(self, statement: AnyStatement) -> bytes:
        """The statement's bytes, once format, signature and the book's rules let it pass."""
        data = kinds.encode(statement)
        kinds.parse(data)  # what a replay could not read must never be recorded
        if isinstance(statement, ContributionSubmitted | DecisionMade) and statement.signature is not None:
            check_signature(statement, statement.signature, self._domain)
        rules.check(statement, self._next, self._facts)
        return data

    def _accept(self, request: Request, draft: Draft, data: bytes) -> Planned:
        """Facts and rows change together; nothing fails any more."""
        index, statement = self._next, draft.statement
        self._facts.apply(statement, index)
        self._next += 1
        leaf = leaf_hash(data)
        self.leaf_hashes.append(leaf)
        self.rows.add(EntryRow(index, str(statement.__struct_config__.tag), self.at_ms, data, leaf))
        self._add_view(draft, index, data, request.item)
        self._add_private(request, draft, index)
        return Planned(request.item_id, index, data, draft.opening)

    def _add_view(self, draft: Draft, index: int, data: bytes, item: Item) -> None:
        """The rows that say what the statement says."""
        rows, at_ms = self.rows, self.at_ms
        match draft.statement:
            case ContributionSubmitted() as made:
                platform = self._facts.campaigns[made.campaign].opened.platform
                where = (platform, made.campaign, made.contributor, made.task, made.replaces)
                rows.add(ContributionRow(made.id, *where, index, at_ms))
            case DecisionMade() as made:
                what = (made.verdict, score_millionths(made.score), made.reviewer, made.supersedes)
                rows.add(DecisionRow(made.id, made.contribution, *what, index, at_ms))
            case TaskAdded() as made:
                rows.add(TaskRow(made.id, made.campaign, index, at_ms))
            case WalletLinked() as made:
                rows.add(WalletLinkRow(made.contributor, index, at_ms, made.address))
            case CampaignOpened() as made if isinstance(item, OpenCampaign):
                texts = (item.title, canonical.encode(item.brief).decode(), canonical.encode(item.terms).decode())
                rows.add(CampaignRow(made.id, made.platform, index, at_ms, *texts, data, None))
            case CampaignClosed() as made:
                rows.closed.append((made.campaign, index))
            case CampaignFunded() as made:
                state = (made.funded, made.returned, made.goal_reached, made.closed, made.block)
                rows.funds.append(FundsRow(made.campaign, *state, index))
            case PlatformRegistered() as made:
                rows.add(PlatformRow(made.id, made.name, index, at_ms))
            case _:
                pass

    def _add_private(self, request: Request, draft: Draft, index: int) -> None:
        """The rows that no statement says: openings, external ids, people, keys; later requests see them."""
        rows, loaded = self.rows, self._loaded
        if draft.opening is not None:
            purpose = "feedback" if request.kind == "decision" else request.kind
            platform = getattr(request.item, "platform", "")
            rows.add(ContentRow(purpose, request.item_id, platform, draft.opening.salt, draft.opening.preimage))
        key = request.external_key
        if key is not None:
            salt = request.fresh_fingerprint_salt()
            fingerprint = request.fingerprint(salt)
            loaded.externals[key] = External(request.item_id, index, salt, fingerprint)
            rows.add(ExternalRow(*key, request.item_id, index, salt, fingerprint))
        if draft.person is not None:
            rows.add(draft.person)
            loaded.people[draft.person.platform, draft.person.external_id] = draft.person.id
            loaded.public_ids[draft.person.id] = draft.person.platform
        if draft.key is not None:
            rows.add(draft.key)
            loaded.key_ids.add(draft.key.id)
            loaded.keys.setdefault(draft.key.platform, {})[draft.key.id] = LiveKey(draft.key.id, draft.key.scopes)
        if draft.revoked is not None:
            rows.revoked.append((draft.revoked, index))
            for live in loaded.keys.values():
                live.pop(draft.revoked, None)
