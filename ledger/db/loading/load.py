"""The queries, in the order in which one tells what the next has to ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ledger.db.loading.ask import Asking, ask, ones, together
from ledger.db.loading.counts import counts
from ledger.db.loading.names import Content, DbRow, External, LiveKey, Loaded, Loading, Named, Query
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.kinds import parse

_FEW_PEOPLE = 64
"""So many are asked about before it is known whether they are new: that costs less than to wait once more."""


def load(named: Named, beside: Asking) -> Loading:
    """Yield the queries for ``named`` and return what they found; a query for nothing is left out.

    ``beside`` is asked along with the first. There are few rounds: what the items name; what stands behind the
    external ids, decisions and reviews among it; their entries; and numbers, once it is known which campaigns count.
    """
    loaded = Loaded()
    told = named.campaigns | named.linked
    public_ids = named.public_ids | named.linked
    if len(named.people) <= _FEW_PEOPLE:
        public_ids = public_ids.union(*named.people.values())
    subjects: set[str] = set()
    entries: list[DbRow] = []
    judged: set[str] = set()
    yield from together(
        beside,
        _load_externals(named, loaded),
        _load_people(named, loaded),
        _load_public_ids(public_ids, named, loaded),
        _load_authors(named, loaded),
        _load_platforms(named, loaded),
        _load_tasks(named.tasks, loaded),
        _load_contents(named, loaded),
        _load_log(named, loaded),
        _load_lease(named, loaded),
        _find(_DECISIONS, named.decisions, judged),
        _find(_REVIEWS, named.reviews, judged),
        _find(_APPEALS, named.appeals, judged),
        _find(_CONTRIBUTIONS, named.contributions, subjects),
        _collect(told, entries),
    )
    tasks, contributions = (_external(kind, loaded) for kind in ("task", "contribution"))
    fresh = {each for pair, ids in named.people.items() if pair not in loaded.people for each in ids}
    yield from together(
        _load_public_ids(fresh - public_ids, named, loaded),
        _load_tasks(tasks - named.tasks, loaded),
        _find(_CONTRIBUTIONS, (contributions | judged) - named.contributions, subjects),
    )
    facts = loaded.facts
    subjects.update(*(each.values() for each in (facts.tasks, facts.results, facts.ratings)))
    yield from together(_collect(subjects - told, entries))
    _replay(entries, loaded)
    yield from together(_load_funds(named, loaded), *counts(named, loaded))
    return loaded


def _load_externals(named: Named, loaded: Loaded) -> Asking:
    for platform, kind, external_id, *rest in (yield from ask(_EXTERNALS, named.externals)):
        loaded.externals[platform, kind, external_id] = External(*rest)


def _load_people(named: Named, loaded: Loaded) -> Asking:
    for platform, external_id, public_id in (yield from ask(_PEOPLE, named.people)):
        loaded.people[platform, external_id] = public_id


def _load_public_ids(ids: Iterable[str], named: Named, loaded: Loaded) -> Asking:
    for public_id, platform in (yield from ask(_PUBLIC_IDS, ones(ids))):
        loaded.public_ids[public_id] = platform
        if public_id in named.linked:
            loaded.facts.contributors[public_id] = platform


def _load_authors(named: Named, loaded: Loaded) -> Asking:
    for public_id, statement in (yield from ask(_FIRST_WORKS, ones(named.linked))):
        first = parse(bytes(statement))
        signature = first.signature if isinstance(first, ContributionSubmitted) else None
        loaded.facts.authors[public_id] = "" if signature is None else signature.address


def _load_platforms(named: Named, loaded: Loaded) -> Asking:
    for (platform,) in (yield from ask(_PLATFORMS, ones(named.platforms))):
        loaded.facts.platforms.add(platform)
    for (key,) in (yield from ask(_KEY_IDS, ones(named.keys))):
        loaded.key_ids.add(key)
    for platform, *key in (yield from ask(_LIVE_KEYS, ones(named.keys_of))):
        live = LiveKey(*key)
        loaded.keys.setdefault(platform, {})[live.id] = live


def _load_tasks(tasks: Iterable[str], loaded: Loaded) -> Asking:
    for task, campaign in (yield from ask(_TASKS, ones(tasks))):
        loaded.facts.tasks[task] = campaign


def _load_contents(named: Named, loaded: Loaded) -> Asking:
    """What is not about one campaign's rules: results, mandates, ratings, erasures, openings, ids of notices."""
    facts = loaded.facts
    for result, campaign in (yield from ask(_RESULTS, ones(named.results))):
        facts.results[result] = campaign
    for source, campaign, index in (yield from ask(_SOURCES, ones(named.sources))):
        loaded.sources[source] = campaign, index
    for index, statement in (yield from ask(_MANDATES, ones(named.mandates))):
        facts.apply(parse(bytes(statement)), index)
    for (notice,) in (yield from ask(_NOTICES, ones(named.notices))):
        facts.notices.add(notice)
    for feedback, campaign in (yield from ask(_FEEDBACKS, ones(named.feedbacks))):
        facts.ratings[feedback] = campaign
    for who, subject in (yield from ask(_RATED, {(who, subject) for _, who, subject in named.ratings})):
        facts.feedback.add((who, subject))
    for purpose, subject, index in (yield from ask(_ERASED, named.erased)):
        facts.erased.add((purpose, subject))
        loaded.done["erased", purpose, subject] = index
    for purpose, subject, salt, preimage in (yield from ask(_CONTENTS, named.contents)):
        loaded.openings[Content(purpose, subject)] = bytes(salt), bytes(preimage)


def _load_log(named: Named, loaded: Loaded) -> Asking:
    facts = loaded.facts
    if named.linked or named.log_keys:  # entry 0 says how long a link waits, and names the first key
        for (statement,) in (yield Query(_LOG_OPENED)):
            facts.apply(parse(bytes(statement)), 0)
    if named.log_keys:
        for index, statement in (yield Query(_LOG_KEYS)):
            facts.apply(parse(bytes(statement)), index)


def _find(sql: str, ids: Iterable[str], found: set[str]) -> Asking:
    """All ids that a query finds."""
    for row in (yield from ask(sql, ones(ids))):
        found.update(row)


def _external(kind: str, loaded: Loaded) -> set[str]:
    """What the external ids of a kind stand for."""
    return {each.subject for key, each in loaded.externals.items() if key[1] == kind}


def _collect(subjects: Iterable[str], entries: list[DbRow]) -> Asking:
    """The entries about campaigns, first versions, people."""
    entries += yield from ask(_ENTRIES, ones(subjects))


def _replay(entries: Sequence[DbRow], loaded: Loaded) -> None:
    """Take the statements about the subjects again, in the order of the log."""
    facts = loaded.facts
    strangers: set[str] = set()
    for index, subject, data in sorted(entries):
        if subject in strangers:
            continue
        statement = parse(bytes(data))
        if isinstance(statement, ContributionSubmitted) and statement.campaign not in facts.campaigns:
            strangers.add(subject)  # somebody took the id of a contribution for a campaign's
            continue
        facts.apply(statement, index, counting=False)
        loaded.note(statement, index)
    for campaign in facts.campaigns.values():  # withdrawals count back what was not counted
        campaign.by_person.clear()
        campaign.by_task.clear()


def _load_funds(named: Named, loaded: Loaded) -> Asking:
    for campaign, block in (yield from ask(_FUNDS, ones(named.funds & loaded.facts.campaigns.keys()))):
        loaded.facts.campaigns[campaign].funds_block = block


def _load_lease(named: Named, loaded: Loaded) -> Asking:
    if named.lease:
        for holder, token in (yield Query(LEASE_SQL)):
            loaded.lease = holder, token


LEASE_SQL = "SELECT holder, token FROM leases WHERE log = {log} AND name = 'worker'"
"""The store adds what keeps the row as it is until the end of the transaction."""
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
_PLATFORMS = """
SELECT t.id
FROM {wanted} CROSS JOIN platforms AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_KEY_IDS = """
SELECT t.id
FROM {wanted} CROSS JOIN api_keys AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_LIVE_KEYS = """
SELECT t.platform, t.id, t.scopes, t.expires_ms
FROM {wanted} CROSS JOIN api_keys AS t
WHERE t.log = {log} AND t.platform = wanted.a AND t.revoked IS NULL"""
_TASKS = """
SELECT t.id, t.campaign
FROM {wanted} CROSS JOIN tasks AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_RESULTS = """
SELECT t.id, t.campaign
FROM {wanted} CROSS JOIN results AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_SOURCES = """
SELECT t.id, t.campaign, t.entry_index
FROM {wanted} CROSS JOIN contributions AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_MANDATES = """
SELECT t.entry_index, (SELECT e.statement FROM entries AS e WHERE e.log = {log} AND e.entry_index = t.entry_index)
FROM {wanted} CROSS JOIN mandates AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_NOTICES = """
SELECT t.id
FROM {wanted} CROSS JOIN notices AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_FEEDBACKS = """
SELECT t.id, t.campaign
FROM {wanted} CROSS JOIN feedbacks AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_RATED = """
SELECT t.contributor, t.subject
FROM {wanted} CROSS JOIN feedbacks AS t
WHERE t.log = {log} AND t.contributor = wanted.a AND t.subject = wanted.b"""
_ERASED = """
SELECT t.purpose, t.subject, t.entry_index
FROM {wanted} CROSS JOIN erasures AS t
WHERE t.log = {log} AND t.purpose = wanted.a AND t.subject = wanted.b"""
_CONTENTS = """
SELECT t.kind, t.subject, t.salt, t.preimage
FROM {wanted} CROSS JOIN contents AS t
WHERE t.log = {log} AND t.kind = wanted.a AND t.subject = wanted.b"""
_DECISIONS = """
SELECT t.contribution
FROM {wanted} CROSS JOIN decisions AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_REVIEWS = """
SELECT t.contribution
FROM {wanted} CROSS JOIN reviews AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_APPEALS = """
SELECT t.contribution
FROM {wanted} CROSS JOIN appeals AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_CONTRIBUTIONS = """
SELECT t.first, t.campaign
FROM {wanted} CROSS JOIN contributions AS t
WHERE t.log = {log} AND t.id = wanted.a"""
_LOG_OPENED = "SELECT statement FROM entries WHERE log = {log} AND entry_index = 0"
_LOG_KEYS = """
SELECT e.entry_index, e.statement
FROM logs CROSS JOIN entries AS e
WHERE logs.name = {log} AND e.log = logs.name AND e.subject = logs.origin AND e.kind = 'log.key_rotated'
ORDER BY e.entry_index"""
_FIRST_WORKS = """
SELECT t.contributor, (SELECT e.statement FROM entries AS e WHERE e.log = {log} AND e.entry_index = t.entry_index)
FROM {wanted} CROSS JOIN contributions AS t
WHERE t.log = {log} AND t.contributor = wanted.a
  AND t.entry_index = (SELECT MIN(c.entry_index) FROM contributions AS c WHERE c.log = {log}
    AND c.contributor = t.contributor)"""
_ENTRIES = """
SELECT t.entry_index, t.subject, t.statement
FROM {wanted} CROSS JOIN entries AS t
WHERE t.log = {log} AND t.subject = wanted.a"""
_FUNDS = """
SELECT t.campaign, t.block
FROM {wanted} CROSS JOIN campaign_funds AS t
WHERE t.log = {log} AND t.campaign = wanted.a"""
