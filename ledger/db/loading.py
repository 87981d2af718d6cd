"""Facts that a group of items names, loaded in a few queries whatever the group's size.

``load`` does no I/O: it yields queries and is sent their rows, so both stores run the same code.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from ledger.book.facts import Campaign, Contribution, Decision, Facts, Link
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.decisions import Verdict
from ledger.statements.kinds import parse

DbRow = tuple[Any, ...]


class Query(NamedTuple):
    """SQL with the placeholders ``{log}``, ``{0}``, ``{1}`` and its values: the store sends back its rows."""

    sql: str
    values: tuple[str | int, ...] = ()


class Lookup(NamedTuple):
    """SQL in which ``{wanted}`` stands for a table ``wanted`` with the columns ``a``, ``b``, ``c`` of these rows."""

    sql: str
    rows: Sequence[tuple[str, ...]]


Loading = Generator[Lookup, list[DbRow], "Loaded"]
Pair = tuple[str, str]
ExternalKey = tuple[str, str, str]
"""Platform, kind, external id."""


@dataclass(slots=True)
class Named:
    """What items name, by kind. ``keys`` are ids of API keys, ``keys_of`` platforms whose keys are wanted."""

    externals: set[ExternalKey] = field(default_factory=set)
    people: dict[Pair, set[str]] = field(default_factory=dict)
    """Platforms' own ids of people, with the public ids they would get if they are new."""
    public_ids: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)
    platforms: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    keys_of: set[str] = field(default_factory=set)
    campaigns: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    contributions: set[str] = field(default_factory=set)
    decisions: set[str] = field(default_factory=set)


class External(NamedTuple):
    """A stored external id."""

    subject: str
    entry_index: int
    salt: bytes
    fingerprint: bytes


class LiveKey(NamedTuple):
    """A key that is not revoked."""

    id: str
    scopes: str


@dataclass(slots=True)
class Loaded:
    """What was found; ``people`` maps platforms and their own ids to public ids."""

    facts: Facts = field(default_factory=Facts)
    externals: dict[ExternalKey, External] = field(default_factory=dict)
    people: dict[Pair, str] = field(default_factory=dict)
    public_ids: dict[str, str] = field(default_factory=dict)
    """Public id of a person to the platform it belongs to."""
    key_ids: set[str] = field(default_factory=set)
    keys: dict[str, dict[str, LiveKey]] = field(default_factory=dict)
    """Platform to its live keys by id."""


def load(named: Named) -> Loading:
    """Yield the queries for ``named`` and return what they found; a query for nothing is left out."""
    loaded = Loaded()
    found = yield from _ask(_EXTERNALS, named.externals)
    for platform, kind, external_id, *rest in found:
        loaded.externals[platform, kind, external_id] = External(*rest)
    yield from _load_people(named, loaded)
    yield from _load_platforms(named, loaded)
    yield from _load_tasks(named, loaded)
    yield from _load_contributions(named, loaded)
    campaigns = named.campaigns | {each.campaign for each in loaded.facts.contributions.values()}
    for statement, index, closed, funds_block in (yield from _ask(_CAMPAIGNS, _ones(campaigns))):
        opened = cast(CampaignOpened, parse(bytes(statement)))
        loaded.facts.campaigns[opened.id] = Campaign(opened, index, closed is not None, funds_block or 0)
    return loaded


def _load_people(named: Named, loaded: Loaded) -> Generator[Lookup, list[DbRow], None]:
    for platform, external_id, public_id in (yield from _ask(_PEOPLE, named.people)):
        loaded.people[platform, external_id] = public_id
    fresh = {each for pair, ids in named.people.items() if pair not in loaded.people for each in ids}
    for public_id, platform in (yield from _ask(_PUBLIC_IDS, _ones(named.public_ids | fresh))):
        loaded.public_ids[public_id] = platform
    for public_id, platform in (yield from _ask(_CONTRIBUTED, _ones(named.linked))):
        loaded.facts.contributors[public_id] = platform
    for public_id, index, at_ms, address in (yield from _ask(_LINKS, _ones(named.linked))):
        loaded.facts.links[public_id] = Link(index, at_ms, address)


def _load_platforms(named: Named, loaded: Loaded) -> Generator[Lookup, list[DbRow], None]:
    for (platform,) in (yield from _ask(_PLATFORMS, _ones(named.platforms))):
        loaded.facts.platforms.add(platform)
    for (key,) in (yield from _ask(_KEY_IDS, _ones(named.keys))):
        loaded.key_ids.add(key)
    for platform, key, scopes in (yield from _ask(_LIVE_KEYS, _ones(named.keys_of))):
        loaded.keys.setdefault(platform, {})[key] = LiveKey(key, scopes)


def _load_tasks(named: Named, loaded: Loaded) -> Generator[Lookup, list[DbRow], None]:
    tasks = named.tasks | {each.subject for key, each in loaded.externals.items() if key[1] == "task"}
    for task, campaign in (yield from _ask(_TASKS, _ones(tasks))):
        loaded.facts.tasks[task] = campaign


def _load_contributions(named: Named, loaded: Loaded) -> Generator[Lookup, list[DbRow], None]:
    facts = loaded.facts
    wanted = named.contributions | {each.subject for key, each in loaded.externals.items() if key[1] == "contribution"}
    for row in (yield from _ask(_CONTRIBUTIONS, _ones(wanted))):
        facts.contributions[row[0]] = Contribution(*row)
    for decision, contribution in (yield from _ask(_DECISIONS, _ones(named.decisions))):
        facts.decisions[decision] = contribution
    found = _ones(facts.contributions)
    for replaced, replacement in (yield from _ask(_REPLACEMENTS, found)):
        facts.contributions[replaced].replaced_by = replacement
    for contribution, decision, index, at_ms, verdict, score, supersedes in (yield from _ask(_STANDING, found)):
        facts.decisions[decision] = contribution
        facts.contributions[contribution].decision = Decision(
            decision, index, at_ms, cast(Verdict, verdict), score, supersedes is not None
        )


def _ask(sql: str, wanted: Collection[tuple[str, ...]]) -> Generator[Lookup, list[DbRow], list[DbRow]]:
    if not wanted:
        return []
    return (yield Lookup(sql, list(wanted)))


def _ones(ids: Iterable[str]) -> list[tuple[str, ...]]:
    return [(each,) for each in ids]


_EXTERNALS = """
SELECT t.platform, t.kind, t.external_id, t.subject, t.entry_index, t.salt, t.fingerprint
FROM {wanted} CROSS JOIN externals AS t
WHERE t.log = {log} AND t.platform = wanted.a
  AND t.kind = wanted.b AND t.external_id = wanted.c"""
_PEOPLE = """
SELECT t.platform, t.external_id, t.id
FROM {wanted} CROSS JOIN contributors AS t
WHERE t.log = {log} AND t.platform = wanted.a AND t.external_id = wanted.b"""
_PUBLIC_IDS = """
SELECT t.id, t.platform
FROM {wanted} CROSS JOIN contributors AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_CONTRIBUTED = """
SELECT t.id, t.platform
FROM {wanted} CROSS JOIN contributors AS t
WHERE t.log = {log} AND t.id = wanted.a
  AND EXISTS (SELECT 1 FROM contributions AS c WHERE c.log = t.log AND c.contributor = t.id)"""
_LINKS = """
SELECT t.contributor, t.entry_index, t.at_ms, t.address
FROM {wanted} CROSS JOIN wallet_links AS t
WHERE t.log = {log} AND t.contributor = wanted.a
ORDER BY t.entry_index"""
_PLATFORMS = """
SELECT t.id
FROM {wanted} CROSS JOIN platforms AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_KEY_IDS = """
SELECT t.id
FROM {wanted} CROSS JOIN api_keys AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_LIVE_KEYS = """
SELECT t.platform, t.id, t.scopes
FROM {wanted} CROSS JOIN api_keys AS t
WHERE t.log = {log} AND t.platform = wanted.a AND t.revoked IS NULL"""
_TASKS = """
SELECT t.id, t.campaign
FROM {wanted} CROSS JOIN tasks AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_CAMPAIGNS = """
SELECT t.statement, t.entry_index, t.closed, f.block
FROM {wanted} CROSS JOIN campaigns AS t
LEFT JOIN campaign_funds AS f ON f.log = t.log AND f.campaign = t.id
WHERE t.log = {log} AND t.id = wanted.a"""
_CONTRIBUTIONS = """
SELECT t.id, t.entry_index, t.at_ms, t.campaign, t.contributor, t.task
FROM {wanted} CROSS JOIN contributions AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_REPLACEMENTS = """
SELECT t.replaces, t.id
FROM {wanted} CROSS JOIN contributions AS t
WHERE t.log = {log} AND t.replaces = wanted.a"""
_DECISIONS = """
SELECT t.id, t.contribution
FROM {wanted} CROSS JOIN decisions AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_STANDING = """
SELECT t.contribution, t.id, t.entry_index, t.at_ms, t.verdict, t.score, t.supersedes
FROM {wanted} CROSS JOIN decisions AS t
WHERE t.log = {log} AND t.contribution = wanted.a
ORDER BY t.entry_index"""
