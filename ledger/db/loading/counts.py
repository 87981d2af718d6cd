"""Numbers that a replay would have to count: loaded only where a campaign's limits, pilot or requirement ask for them,
and where somebody rates a campaign that they must have taken part in."""

from __future__ import annotations

from ledger.book.campaigns import Campaign
from ledger.book.facts import Record
from ledger.db.loading.ask import Asking, ask, ones
from ledger.db.loading.names import Loaded, Named, Pair, Submission


def counts(named: Named, loaded: Loaded) -> list[Asking]:
    """The parts that set the numbers in the facts of campaigns and the records of people."""
    campaigns = loaded.facts.campaigns
    rated = {(campaign, who) for campaign, who, _ in named.ratings if campaign in campaigns}
    submissions = [each for each in named.submissions if each.campaign in campaigns]
    limited = [each for each in submissions if campaigns[each.campaign].opened.limits is not None]
    return [
        _load_persons(limited, rated, loaded),
        _load_tasks(limited, loaded),
        _load_pilots(submissions, loaded),
        _load_records(submissions, loaded),
    ]


def _load_persons(limited: list[Submission], rated: set[Pair], loaded: Loaded) -> Asking:
    campaigns = loaded.facts.campaigns
    pairs = set(rated)
    newcomers = {}
    for each in limited:
        who = _who(each, loaded)
        newcomers[each.campaign, who] = each.campaign
        if who is not None:
            pairs.add((each.campaign, who))
    for campaign, who, count in (yield from ask(_BY_PERSON, pairs)):
        campaigns[campaign].by_person[who] = count
        newcomers.pop((campaign, who), None)
    counted = {each for each in newcomers.values() if _limits_people(each, loaded)}
    for campaign, count in (yield from ask(_PARTICIPANTS, ones(counted))):
        campaigns[campaign].participants = count


def _limits_people(campaign: str, loaded: Loaded) -> bool:
    limits = loaded.facts.campaigns[campaign].opened.limits
    return limits is not None and limits.participants is not None


def _load_tasks(limited: list[Submission], loaded: Loaded) -> Asking:
    campaigns = loaded.facts.campaigns
    tasks = set()
    for each in limited:
        external = loaded.externals.get((each.platform, "task", each.task_external_id or ""))
        task = external.subject if external else each.task
        if task is not None and _limits_answers(campaigns[each.campaign]):
            tasks.add(task)
    for task, campaign, count in (yield from ask(_BY_TASK, ones(tasks))):
        if campaign in campaigns and _limits_answers(campaigns[campaign]):  # a task of another campaign may be named
            campaigns[campaign].by_task[task] = count


def _limits_answers(campaign: Campaign) -> bool:
    limits = campaign.opened.limits
    return limits is not None and limits.per_task is not None


def _load_pilots(submissions: list[Submission], loaded: Loaded) -> Asking:
    campaigns = loaded.facts.campaigns
    pilots = {each.campaign for each in submissions if campaigns[each.campaign].piloting}
    for campaign, count in (yield from ask(_SUBMITTED, ones(pilots))):
        campaigns[campaign].submitted = count


def _load_records(submissions: list[Submission], loaded: Loaded) -> Asking:
    campaigns = loaded.facts.campaigns
    asking = [each for each in submissions if campaigns[each.campaign].opened.requires is not None]
    known = {_who(each, loaded) for each in asking}
    for who, accepted, decided in (yield from ask(_RECORDS, ones(each for each in known if each))):
        loaded.facts.records[who] = Record(accepted, decided)


def _who(submission: Submission, loaded: Loaded) -> str | None:
    return loaded.people.get((submission.platform, submission.contributor))


_COUNT = "SUM(CASE WHEN t.replaces IS NULL THEN 1 ELSE 0 END) - SUM(CASE WHEN t.withdrawn IS NULL THEN 0 ELSE 1 END)"
"""Contributions, later versions not counted, without those that were withdrawn."""
_BY_PERSON = f"""
SELECT t.campaign, t.contributor, {_COUNT}
FROM {{wanted}} CROSS JOIN contributions AS t
WHERE t.log = {{log}} AND t.contributor = wanted.b AND t.campaign = wanted.a
GROUP BY t.campaign, t.contributor"""  # noqa: S608 - our own words
_BY_TASK = f"""
SELECT t.task, t.campaign, {_COUNT}
FROM {{wanted}} CROSS JOIN contributions AS t
WHERE t.log = {{log}} AND t.task = wanted.a
GROUP BY t.task, t.campaign"""  # noqa: S608 - our own words
_PARTICIPANTS = """
SELECT t.campaign, COUNT(DISTINCT t.contributor)
FROM {wanted} CROSS JOIN contributions AS t
WHERE t.log = {log} AND t.campaign = wanted.a
GROUP BY t.campaign"""
_SUBMITTED = """
SELECT t.campaign, COUNT(*)
FROM {wanted} CROSS JOIN contributions AS t
WHERE t.log = {log} AND t.campaign = wanted.a AND t.replaces IS NULL
GROUP BY t.campaign"""
_RECORDS = """
SELECT stood.contributor, SUM(CASE WHEN stood.verdict = 'accepted' THEN 1 ELSE 0 END), COUNT(*)
FROM (
  SELECT t.contributor, (
    SELECT d.verdict FROM decisions AS d
    WHERE d.log = {log} AND d.contribution = t.id ORDER BY d.entry_index DESC LIMIT 1
  ) AS verdict
  FROM {wanted} CROSS JOIN contributions AS t
  WHERE t.log = {log} AND t.contributor = wanted.a
) AS stood
WHERE stood.verdict <> 'needs_work'
GROUP BY stood.contributor"""
