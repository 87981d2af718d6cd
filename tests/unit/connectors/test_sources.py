"""Platforms' own APIs, asked over HTTP as the command asks them: what platforms recorded or publish, page by page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from ledger.cli.pulling.asking import HttpPlatform
from ledger.connectors.connector import Options
from ledger.connectors.pulling import Mark
from ledger.connectors.records import Refused
from ledger.connectors.registry import connectors, find
from ledger.errors import ConfigError, FormatError
from tests.services.platform_api import Asked, PlatformApi, Reply, serving
from tests.unit.connectors.files import DATA, Found, read

TOKEN = "t0ken"
RUNS = DATA.parent / "surveys" / "frackfinder-oh-2014-task_run.json"
REPLIES = DATA / "toloka" / "replies.jsonl"
TASKS = DATA / "pybossa" / "frackfinder-oh-2014-task.json"


class Pulled(Found):
    """All that one pull handed over, and its last mark."""

    def __init__(self, api: PlatformApi, name: str, since: str | None, options: Mapping[str, str]) -> None:
        source = find(name).source
        assert source is not None
        with HttpPlatform(api.url, TOKEN, source.headers(TOKEN), pause=lambda _: None) as ask:
            found = list(source.pull(ask, Options(options), since))
        reads = [each for each in found if not isinstance(each, Mark)]
        super().__init__(reads)
        assert [each.line for each in reads] == sorted({each.line for each in reads}), "lines count up"
        last = found[-1]
        assert isinstance(last, Mark)
        assert all(each.line <= last.line for each in reads)
        self.since = last.since


def pull(api: PlatformApi, name: str, since: str | None = None, **options: str) -> Pulled:
    return Pulled(api, name, since, options)


@contextmanager
def limited(answer: Callable[[Asked], Reply]) -> Iterator[PlatformApi]:
    """A server that has enough of each page's first request, as rate limits and restarts are."""
    seen: set[str] = set()

    def sometimes(asked: Asked) -> Reply:
        what = f"{asked.path} {sorted(asked.query.items())}"
        if what in seen:
            return answer(asked)
        seen.add(what)
        return Reply(status=429 if len(seen) % 2 else 503, headers={"Retry-After": "0"})

    with serving(sometimes) as api:
        yield api


def pybossa(tasks: list[dict[str, Any]], runs: list[dict[str, Any]]) -> Callable[[Asked], Reply]:
    """docs.pybossa.com, "RESTful API": ``last_id``, at most a hundred."""
    lists = {"/api/task": tasks, "/api/taskrun": runs}

    def answer(asked: Asked) -> Reply:
        assert asked.headers["authorization"] == TOKEN
        behind = [each for each in lists[asked.path] if each["id"] > int(asked.query["last_id"])]
        behind.sort(key=lambda each: each["id"])
        return Reply(behind[: min(100, int(asked.query["limit"]))])

    return answer


def test_pybossas_project_is_what_its_export_is() -> None:
    tasks, runs = json.loads(TASKS.read_text()), json.loads(RUNS.read_text())
    with limited(pybossa(tasks, runs)) as api:
        found = pull(api, "pybossa", project="1")
        again = pull(api, "pybossa", found.since, project="1")
    by_file = read("pybossa", RUNS, "task-runs")
    assert sorted(found.contributions, key=str) == sorted(by_file.contributions, key=str)
    assert found.tasks == read("pybossa", TASKS, "tasks").tasks
    assert found.refused == found.skipped == []
    assert found.since == f"{max(each['id'] for each in tasks)},{max(each['id'] for each in runs)}"
    newest = {f"pybossa:{each['id']}" for each in runs if each["id"] > max(one["id"] for one in runs) - 200}
    assert {each.external_id for each in again.contributions} == newest
    assert again.since == found.since


def test_a_pybossa_that_turns_in_circles_is_given_up() -> None:
    page = [{"id": number, "info": {}, "task_id": 1, "user_id": 1} for number in range(1, 101)]
    with serving(lambda _: Reply(page)) as api, pytest.raises(FormatError, match="same page again"):
        pull(api, "pybossa", project="1")


def test_what_is_kept_of_another_platform() -> None:
    with serving(lambda _: Reply([])) as api:
        for since in ("2026-01-01", "1,", "1,2,3", "-1,5", "٣,٤"):
            with pytest.raises(ConfigError, match="is none of this platform"):
                pull(api, "pybossa", since, project="1")


def toloka(assignments: list[dict[str, Any]], bonuses: list[dict[str, Any]]) -> Callable[[Asked], Reply]:
    """toloka.ai/docs/api/result (``sort=id``, ``id_gt``, ``has_more``), toloka.ai/docs/api/get-one-bonus."""

    def answer(asked: Asked) -> Reply:
        assert asked.headers["authorization"] == f"OAuth {TOKEN}"
        if asked.path != "/assignments":
            found = [each for each in bonuses if asked.path == f"/user-bonuses/{each['id']}"]
            return Reply(found[0]) if found else Reply(status=404)
        assert (asked.query["pool_id"], asked.query["sort"]) == ("533249", "id")
        states = asked.query["status"].split(",")
        behind = [
            each for each in assignments if each["id"] > asked.query.get("id_gt", "") and each["status"] in states
        ]
        return Reply({"items": behind[:2], "has_more": len(behind) > 2})

    return answer


def replies() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Assignments, each with the bonuses that it names, and bonuses."""
    items = [item for line in (REPLIES).read_text().splitlines() for item in json.loads(line)["items"]]
    bonuses = [item for item in items if "amount" in item]
    assignments = [item for item in items if "amount" not in item]
    for each in assignments:
        each["bonus_ids"] = [bonus["id"] for bonus in bonuses if bonus["assignment_id"] == each["id"]]
    return assignments, bonuses


def test_tolokas_pool_is_what_its_replies_are() -> None:
    assignments, bonuses = replies()
    by_file = read("toloka", REPLIES, "replies")
    with limited(toloka(assignments, bonuses)) as api:
        found = pull(api, "toloka", pool="533249")
        per_task = pull(api, "toloka", pool="533249", unit="task")
        without = pull(api, "toloka", pool="533249", bonuses="no")
    assert (found.contributions, found.decisions, found.tasks) == (
        by_file.contributions,
        by_file.decisions,
        by_file.tasks,
    )
    assert {each.bonus for each in found.decisions} == {"1.5", "0.1", None}
    assert {each.bonus for each in without.decisions} == {None}
    assert per_task.contributions == read("toloka", REPLIES, "replies", unit="task").contributions
    assert found.since is None, "an old assignment may be decided any day"


def test_a_bonus_of_another_assignment() -> None:
    assignments, bonuses = replies()
    bonuses[0]["assignment_id"] = "assign-9"
    with serving(toloka(assignments, bonuses)) as api:
        found = pull(api, "toloka", pool="533249")
    (refused,) = found.refused
    assert (refused.line, "another assignment's" in refused.reason) == (1, True)
    assert len(found.records) == len([each for each in assignments if each["status"] not in ("EXPIRED", "ACTIVE")]) - 1


def prolific(submissions: list[dict[str, Any]], links: bool) -> Callable[[Asked], Reply]:
    """docs.prolific.com/api-reference/submissions/get-submissions: ``page``, ``page_size``, ``_links``."""

    def answer(asked: Asked) -> Reply:
        assert asked.headers["authorization"] == f"Token {TOKEN}"
        assert (asked.path, asked.query["study"]) == ("/submissions/", "671b8ae84509b9a624b95e13")
        page, size = int(asked.query["page"]), min(3, int(asked.query["page_size"])) if links else 100
        part = submissions[(page - 1) * size : page * size]
        following = f"{asked.path}?page={page + 1}" if page * size < len(submissions) else None
        body: dict[str, Any] = {"results": part, "meta": {"count": len(submissions)}}
        return Reply(body | ({"_links": {"next": {"href": following, "title": "Next"}}} if links else {}))

    return answer


@pytest.mark.parametrize("links", [True, False])
def test_prolifics_study_is_what_its_list_is(links: bool) -> None:
    file = DATA / "prolific" / "submissions.json"
    first = json.loads(file.read_text())["results"]
    more = [{**first[0], "id": f"671b8e95b17f8805064{number:05d}"} for number in range(200 - len(first))]
    with limited(prolific(first + more, links)) as api:
        found = pull(api, "prolific", study="671b8ae84509b9a624b95e13")
    by_file = read("prolific", file, "submission-list")
    assert found.contributions[: len(by_file.contributions)] == by_file.contributions
    assert found.decisions[: len(by_file.decisions)] == by_file.decisions
    assert len(found.records) + len(found.skipped) == 200
    assert len(found.contributions) == len(by_file.contributions) + len(more)


@pytest.mark.parametrize(("token", "scheme"), [("abc123", "Token"), ("eyJh.eyJz.c2ln", "Bearer")])
def test_label_studios_export(token: str, scheme: str) -> None:
    """The export of a live 1.23.2, at the address that api.labelstud.io documents ("Easy export")."""
    file = DATA / "label-studio" / "ls-1.23.2-export.json"
    source = find("label-studio").source
    assert source is not None
    assert source.headers(token) == {"Authorization": f"{scheme} {token}"}
    with limited(lambda _: Reply(file.read_bytes())) as api:
        found = pull(api, "label-studio", project="7")
        assert api.asked[-1].path == "/api/projects/7/export"
        assert api.asked[-1].query == {"exportType": "JSON"}
    by_file = read("label-studio", file, "json")
    assert (found.records, found.refused) == (by_file.records, [])
    assert len(found.contributions) == 3


def turkle(file: bytes, finished: int) -> Callable[[Asked], Reply]:
    """Turkle's docs/API.rst: progress and results of a batch."""

    def answer(asked: Asked) -> Reply:
        if asked.path == "/api/batches/4/progress/":
            return Reply({"total_tasks": 9, "total_finished_task_assignments": finished})
        return Reply(file) if asked.path == "/api/batches/4/results/" else Reply(status=404)

    return answer


def test_turkles_results_that_are_cut_off_are_not_all() -> None:
    """The file of a live 3.1.0, whose API counts letters as bytes: its 15th row is cut off."""
    file = (DATA / "turkle" / "turkle-3.1.0-batch-results.csv").read_bytes()
    with limited(turkle(file, 15)) as api:
        found = pull(api, "turkle", batch="4")
        assert len(found.contributions) == 14
        assert "of 15 finished assignments 14 came whole" in found.refused[-1].reason
        assert "account=NAME" in found.refused[-1].remedy
        assert pull(api, "turkle", "15", batch="4").records == [], "nothing new since"
        assert len(pull(api, "turkle", "14", batch="4").records) == 14
    whole = file[: file.rindex(b'\n"') + 1]
    with serving(turkle(whole, 14)) as api:
        assert (len(pull(api, "turkle", batch="4").records), pull(api, "turkle", batch="4").refused) == (14, [])
    with serving(turkle(whole, 20)) as api:
        (refused,) = pull(api, "turkle", batch="4").refused
        assert "of 20 finished assignments 14 came whole" in refused.reason


def pulls() -> list[tuple[str, str]]:
    """Connectors that are asked by HTTP, each with the option that says what is pulled."""
    found = [(name, each.source) for name, each in sorted(connectors().items())]
    return [(name, next(iter(source.options))) for name, source in found if source and source.speaks == "http"]


def test_these_can_be_pulled() -> None:
    assert [name for name, _ in pulls()] == ["label-studio", "prolific", "pybossa", "toloka", "turkle"]


@pytest.mark.parametrize(("name", "option"), pulls())
def test_an_id_leads_nowhere_else(name: str, option: str) -> None:
    with serving(lambda _: Reply([])) as api:
        with pytest.raises(ConfigError, match=f"--option {option}=... is missing"):
            pull(api, name)
        for value in ("../../admin", "1/../2", "1?x=y", "%2e%2e", " ", "1 2", "۱/۲"):
            with pytest.raises(ConfigError, match=f"--option {option}"):
                pull(api, name, None, **{option: value})
        assert api.asked == []


@pytest.mark.parametrize(("name", "option"), pulls())
@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b'"x"', b"[1]", b'{"results":{}}', b'{"items":[1]}', b"7"])
def test_replies_of_something_else(name: str, option: str, body: bytes) -> None:
    """They are refused with words, or there is nothing in them; nothing breaks."""
    with serving(lambda _: Reply(body)) as api:
        try:
            found = pull(api, name, None, **{option: "1"})
        except FormatError:
            return
    assert found.records == []
    assert all(isinstance(each, Refused) for each in found.refused)


def test_a_prolific_that_turns_in_circles_is_given_up() -> None:
    first = json.loads((DATA / "prolific" / "submissions.json").read_text())["results"]
    body = {"results": first, "_links": {"next": {"href": "?page=2"}}}
    with limited(lambda _: Reply(body)) as api, pytest.raises(FormatError, match="same page again"):
        pull(api, "prolific", study="671b8ae84509b9a624b95e13")
