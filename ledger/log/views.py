"""Reads of what the statements say, for the API. Everything is of one log.

Lists are pages: ``after`` is the ``next`` of the page before, an entry's index.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, select

from ledger.db import tables as t
from ledger.log.queries import MAX_PAGE, LogQueries, Page, chunks
from ledger.log.shapes import (
    CampaignView,
    ContributionView,
    DecisionView,
    ExternalView,
    Funds,
    LinkView,
    PersonView,
    PlatformView,
    StoredKey,
    TaskView,
)
from ledger.statements.commitments import Opening

_FEEDBACK = frozenset({"decision", "review", "resolution"})
"""Kinds of things whose commitments have the purpose feedback."""


class Views(LogQueries):
    """Reads of one log's views."""

    async def key(self, key_id: str) -> StoredKey | None:
        """An API key by its public id, revoked or not."""
        row = await self._one(select(t.api_keys).where(*self._is(t.api_keys, key_id)))
        return _key(row) if row else None

    async def keys(self, platform: str) -> list[StoredKey]:
        """A platform's keys by id, revoked ones included."""
        query = select(t.api_keys).where(t.api_keys.c.log == self._log, t.api_keys.c.platform == platform)
        return [_key(row) for row in await self._all(query.order_by(t.api_keys.c.id))]

    async def platform(self, platform: str) -> PlatformView | None:
        """A platform by id."""
        row = await self._one(select(t.platforms).where(*self._is(t.platforms, platform)))
        return PlatformView(row.id, row.name, row.entry_index, row.at_ms) if row else None

    async def campaign(self, campaign: str) -> CampaignView | None:
        """A campaign by id."""
        row = await self._one(select(t.campaigns).where(*self._is(t.campaigns, campaign)))
        return _campaign(row) if row else None

    async def campaigns(
        self, platform: str | None = None, *, after: int | None = None, limit: int = MAX_PAGE
    ) -> Page[CampaignView]:
        """A platform's campaigns, or all."""
        query = select(t.campaigns)
        if platform is not None:
            query = query.where(t.campaigns.c.platform == platform)
        return await self._page(query, t.campaigns, after, limit, _campaign)

    async def funds(self, campaign: str) -> Funds | None:
        """The last that the log says of a campaign's money on its contract."""
        funds = t.campaign_funds
        row = await self._one(select(funds).where(funds.c.log == self._log, funds.c.campaign == campaign))
        if row is None:
            return None
        return Funds(int(row.funded), int(row.returned), bool(row.goal_reached), bool(row.closed), row.block)

    async def task(self, task: str) -> TaskView | None:
        """A task by id."""
        row = await self._one(select(t.tasks).where(*self._is(t.tasks, task)))
        return _task(row) if row else None

    async def tasks(self, campaign: str, *, after: int | None = None, limit: int = MAX_PAGE) -> Page[TaskView]:
        """A campaign's tasks."""
        return await self._page(select(t.tasks).where(t.tasks.c.campaign == campaign), t.tasks, after, limit, _task)

    async def contribution(self, contribution: str) -> ContributionView | None:
        """A contribution by id, with the decision that stands."""
        row = await self._one(select(t.contributions).where(*self._is(t.contributions, contribution)))
        return (await self._contributions([row]))[0] if row else None

    async def contribution_index(self, contribution: str) -> int | None:
        """The entry of a contribution, for whoever needs nothing else of it."""
        query = select(t.contributions.c.entry_index).where(*self._is(t.contributions, contribution))
        row = await self._one(query)
        return None if row is None else int(row.entry_index)

    async def contributions(
        self,
        *,
        platform: str | None = None,
        campaign: str | None = None,
        contributor: str | None = None,
        after: int | None = None,
        limit: int = MAX_PAGE,
    ) -> Page[ContributionView]:
        """Contributions of a platform, a campaign or a contributor (public id), with their standing decisions."""
        table = t.contributions
        query = select(table)
        for column, value in (("platform", platform), ("campaign", campaign), ("contributor", contributor)):
            if value is not None:
                query = query.where(table.c[column] == value)
        page = await self._page(query, table, after, limit, lambda row: row)
        return Page(await self._contributions(page.items), page.next)

    async def decision(self, decision: str) -> DecisionView | None:
        """A decision by id."""
        row = await self._one(select(t.decisions).where(*self._is(t.decisions, decision)))
        return _decision(row) if row else None

    async def decisions(self, contribution: str) -> list[DecisionView]:
        """All decisions on a contribution, the one that stands last."""
        table = t.decisions
        query = select(table).where(table.c.log == self._log, table.c.contribution == contribution)
        return [_decision(row) for row in await self._all(query.order_by(table.c.entry_index))]

    async def external(self, platform: str, kind: str, external_id: str) -> ExternalView | None:
        """What a platform's own id names.

        Kinds: campaign, notice, task, contribution, review, decision, appeal, result; platform of ``operator``.
        """
        table = t.externals
        query = select(table.c.subject, table.c.entry_index).where(
            table.c.log == self._log,
            table.c.platform == platform,
            table.c.kind == kind,
            table.c.external_id == external_id,
        )
        row = await self._one(query)
        return ExternalView(row.subject, row.entry_index) if row else None

    async def person(self, public_id: str) -> PersonView | None:
        """A person by public id."""
        row = await self._one(select(t.contributors).where(*self._is(t.contributors, public_id)))
        return PersonView(row.id, row.platform, row.external_id) if row else None

    async def contributor(self, platform: str, external_id: str) -> str | None:
        """The public id of a platform's own id of a person."""
        table = t.contributors
        query = select(table.c.id).where(
            table.c.log == self._log, table.c.platform == platform, table.c.external_id == external_id
        )
        row = await self._one(query)
        return str(row.id) if row else None

    async def link(self, contributor: str) -> LinkView | None:
        """The latest wallet link of a contributor (public id)."""
        table = t.wallet_links
        query = select(table).where(table.c.log == self._log, table.c.contributor == contributor)
        row = await self._one(query.order_by(table.c.entry_index.desc()).limit(1))
        if row is None:
            return None
        return LinkView(row.contributor, row.entry_index, row.at_ms, row.address, bool(row.consent), row.objected)

    async def openings(self, subjects: Collection[tuple[str, str]]) -> dict[tuple[str, str], Opening]:
        """The openings of (kind, id); those that are not there are left out.

        Kinds: task, contribution, review, decision (its feedback), inputs (of a decision), appeal, resolution (an
        appeal's id: the reason), feedback (of a ``feedback.given``), result.
        """
        found: dict[tuple[str, str], Opening] = {}
        table = t.contents
        for kind in {kind for kind, _ in subjects}:
            purpose = "feedback" if kind in _FEEDBACK else kind
            for part in chunks(sorted({subject for each, subject in subjects if each == kind})):
                query = select(table).where(
                    table.c.log == self._log, table.c.kind == purpose, table.c.subject.in_(part)
                )
                for row in await self._all(query):
                    found[kind, row.subject] = Opening(bytes(row.salt), bytes(row.preimage))
        return found

    async def opening(self, kind: str, subject: str) -> Opening | None:
        """One opening (kinds as in ``openings``); private to whom it belongs."""
        return (await self.openings([(kind, subject)])).get((kind, subject))

    async def _contributions(self, rows: Sequence[Row[Any]]) -> list[ContributionView]:
        """Rows with standing decisions and replacements, in three reads whatever their number."""
        standing: dict[str, DecisionView] = {}
        replaced: dict[str, str] = {}
        for part in chunks([row.id for row in rows]):
            made = select(t.decisions).where(t.decisions.c.log == self._log, t.decisions.c.contribution.in_(part))
            for row in await self._all(made.order_by(t.decisions.c.entry_index)):
                standing[row.contribution] = _decision(row)
            newer = select(t.contributions.c.id, t.contributions.c.replaces).where(
                t.contributions.c.log == self._log, t.contributions.c.replaces.in_(part)
            )
            replaced |= {row.replaces: row.id for row in await self._all(newer)}
        return [
            ContributionView(
                row.id,
                row.platform,
                row.campaign,
                row.contributor,
                row.task,
                row.replaces,
                replaced.get(row.id),
                row.entry_index,
                row.at_ms,
                standing.get(row.id),
                row.first,
                row.revealed,
                row.withdrawn,
            )
            for row in rows
        ]


def _key(row: Row[Any]) -> StoredKey:
    scopes, revoked = frozenset(row.scopes.split()), row.revoked is not None
    return StoredKey(row.id, row.platform, bytes(row.digest), scopes, revoked, row.expires_ms)


def _campaign(row: Row[Any]) -> CampaignView:
    texts = (row.title, row.brief, row.terms)
    state = (row.closed is not None, row.paused is not None, row.resumed is not None)
    return CampaignView(row.id, row.platform, row.entry_index, row.at_ms, *texts, bytes(row.statement), *state)


def _task(row: Row[Any]) -> TaskView:
    return TaskView(row.id, row.campaign, row.entry_index, row.at_ms)


def _decision(row: Row[Any]) -> DecisionView:
    what = (row.verdict, row.score, row.reviewer, row.supersedes)
    how = (row.method, row.appeal, int(row.bonus or 0))
    return DecisionView(row.id, row.contribution, *what, row.entry_index, row.at_ms, *how)
