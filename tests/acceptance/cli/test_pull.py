"""``crowdledger pull`` on a running service: once, again, from where it ended, as it comes, and what is refused."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.cli.pulling import rounds
from ledger.cli.pulling.asking import HttpPlatform
from ledger.errors import UnavailableError
from tests.acceptance.cli.served import Ended, Site
from tests.acceptance.cli.test_import import campaign_of
from tests.services.platform_api import Asked, PlatformApi, Reply, serving

RECORDED = Path(__file__).parents[2] / "data" / "connectors"


class Pybossa:
    """A server with one project, which grows."""

    def __init__(self) -> None:
        self.tasks: list[dict[str, Any]] = json.loads((RECORDED / "pybossa" / "live-task.json").read_text())
        self.runs: list[dict[str, Any]] = json.loads((RECORDED / "pybossa" / "live-taskrun.json").read_text())

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != "api-key":
            return Reply(status=401)
        things = self.tasks if asked.path == "/api/task" else self.runs
        return Reply([each for each in things if each["id"] > int(asked.query["last_id"])][:100])

    def answer(self, number: int, **more: Any) -> None:
        """One more run."""
        self.runs.append({**self.runs[-1], "id": number, **more})


@pytest.fixture
def pybossa() -> Pybossa:
    return Pybossa()


@pytest.fixture
def api(pybossa: Pybossa, site: Site) -> Iterator[PlatformApi]:
    (site.folder / "token").write_text("api-key\n")
    with serving(pybossa) as api:
        yield api


@pytest.fixture
def campaign(site: Site) -> str:
    return campaign_of(site)


def pull(site: Site, api: PlatformApi, campaign: str, *more: str) -> Ended:
    where = ("--from", api.url, "--token-file", "token", "--option", "project=1")
    return site.run("pull", "pybossa", "--campaign", campaign, *where, "--json", *more)


def said(ended: Ended, code: int = 0) -> dict[str, Any]:
    assert ended.code == code, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def test_once_again_and_what_is_new(site: Site, api: PlatformApi, pybossa: Pybossa, campaign: str) -> None:
    first = said(pull(site, api, campaign))
    assert (first["rows"], first["used"], first["refused"], first["rejects"]) == (6, 6, 0, None)
    assert first["written"] == {"task": 2, "contribution": 4}
    again = said(pull(site, api, campaign))
    assert (again["written"], again["known"]) == ({}, first["written"])
    pybossa.answer(5, user_id=9, info={"answer": "بله, «نه»\n"})
    assert said(pull(site, api, campaign))["written"] == {"contribution": 1}
    (line,) = site.client.contributions(campaign, external_id="pybossa:5", content=True)
    assert (line.contributor, line.content["answer"]) == ("9", "بله, «نه»\n")
    assert sorted(path.name for path in site.folder.iterdir()) == ["platform.key", "token"], "nothing is left behind"
    (told,) = [each for each in site.client.imports(campaign) if each.rows == 7]
    assert (told.connector, told.form, told.state) == ("pybossa", "pull", "done")


def test_a_state_asks_only_for_what_is_new(
    site: Site, api: PlatformApi, pybossa: Pybossa, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.connectors.pybossa._EARLIER", 0)
    assert said(pull(site, api, campaign, "--state", "p.state"))["rows"] == 6
    assert said(pull(site, api, campaign, "--state", "p.state"))["rows"] == 0
    pybossa.answer(5)
    pybossa.answer(6, user_id=None, user_ip=None)
    found = said(pull(site, api, campaign, "--state", "p.state"))
    assert (found["rows"], found["written"]) == (2, {"contribution": 2})
    other = pull(site, api, campaign_of(site), "--state", "p.state")
    assert (other.code, "is of another pull" in other.err) == (2, True)
    (site.folder / "p.state").write_text("{")
    broken = pull(site, api, campaign, "--state", "p.state")
    assert (broken.code, "cannot be used" in broken.err) == (2, True)


def test_what_is_refused_is_asked_for_again(site: Site, api: PlatformApi, pybossa: Pybossa, campaign: str) -> None:
    pybossa.answer(5, id=None)
    pybossa.runs[-1]["id"] = 5.5  # no id of anything
    pybossa.answer(6)
    found = said(pull(site, api, campaign, "--state", "p.state"), 1)
    assert (found["used"], found["refused"]) == (7, 1)
    with Path(found["rejects"]).open(newline="") as rejects:
        (row,) = csv.DictReader(rejects)
    assert row["line"] == "7"
    assert "no task run that can be used as an id" in row["reason"]
    assert "5.5" in row["row"]
    assert not (site.folder / "p.state").exists(), "an interval with something refused is not behind us"
    pybossa.runs[-2]["id"] = 55
    assert said(pull(site, api, campaign, "--state", "p.state"))["written"] == {"contribution": 1}
    assert (site.folder / "p.state").exists()
    assert not Path(found["rejects"]).exists(), "of the pull before"


def until(steps: list[Callable[[], object]]) -> Callable[[int], bool]:
    """Instead of waiting for the next round: something happens; when nothing does any more, it is Ctrl-C."""

    def sleep(_: int) -> bool:
        if not steps:
            return False
        steps.pop(0)()
        return True

    return sleep


def test_as_it_comes(
    site: Site, api: PlatformApi, pybossa: Pybossa, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounds until Ctrl-C: the same reject is written once, and a server that is away for a round ends nothing."""

    def away() -> None:
        api.first = [Reply(b"<html>We are back soon</html>")]

    steps = [
        lambda: pybossa.answer(5),
        lambda: pybossa.answer(6, id=0.5),
        lambda: None,
        away,
        lambda: pybossa.answer(7),
    ]
    monkeypatch.setattr(rounds, "_sleep", until(list(steps)))
    ended = pull(site, api, campaign, "--every", "60")
    assert ended.code == 1, "something was refused on the way"
    each = [json.loads(line) for line in ended.out.splitlines()]
    assert [one["written"].get("contribution", 0) for one in each] == [4, 1, 0, 0, 1]
    assert [one["refused"] for one in each] == [0, 0, 1, 1, 1]
    assert "is no JSON" in ended.err
    with Path(each[-1]["rejects"]).open(newline="") as rejects:
        assert len(list(csv.DictReader(rejects))) == 1
    (told,) = site.client.imports(campaign)
    assert (told.state, told.written.contribution) == ("done", 6)


def test_as_it_comes_in_words(
    site: Site, api: PlatformApi, pybossa: Pybossa, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "_sleep", until([lambda: None, lambda: pybossa.answer(5)]))
    where = ("--from", api.url, "--token-file", "token", "--option", "project=1", "--every", "1")
    ended = site.run("pull", "pybossa", "--campaign", campaign, *where)
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 2, "a round with nothing new says nothing"
    assert "contributions 1 new, 4 known" in ended.out.splitlines()[1]


def test_ctrl_c_within_a_round(site: Site, api: PlatformApi, campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = HttpPlatform.__call__

    def pressed(self: HttpPlatform, path: str, query: Any = None) -> Any:
        if path == "/api/taskrun":
            raise KeyboardInterrupt
        return ask(self, path, query)

    monkeypatch.setattr(HttpPlatform, "__call__", pressed)
    ended = pull(site, api, campaign)
    assert (ended.code, "Stopped within a round" in ended.err) == (130, True)
    monkeypatch.undo()
    monkeypatch.chdir(site.folder)
    site.monkeypatch = monkeypatch
    assert said(pull(site, api, campaign))["used"] == 6


def test_a_platform_that_does_not_answer(
    site: Site, api: PlatformApi, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> Any:
        raise UnavailableError("It does not answer.")

    monkeypatch.setattr(HttpPlatform, "__call__", silent)
    ended = pull(site, api, campaign)
    assert (ended.code, json.loads(ended.out)["error"]) == (2, "unavailable")
    monkeypatch.setattr(rounds, "_sleep", until([lambda: None]))
    ended = pull(site, api, campaign, "--every", "5")
    assert (ended.code, ended.err.count("It does not answer. Asked again in 5 s.")) == (0, 2)


def test_bonuses_decisions_and_their_rate(site: Site) -> None:
    """Toloka's replies, as its API gives them; the same rules as for files."""
    items = [
        item
        for line in (RECORDED / "toloka" / "replies.jsonl").read_text().splitlines()
        for item in json.loads(line)["items"]
    ]
    bonuses = {f"/user-bonuses/{each['id']}": each for each in items if "amount" in each}
    assignments = sorted((each for each in items if "amount" not in each), key=lambda each: str(each["id"]))

    def toloka(asked: Asked) -> Reply:
        found = bonuses.get(asked.path)
        return Reply(found or {"items": assignments, "has_more": False})

    with serving(toloka) as api:
        where = ("--from", api.url, "--option", "pool=533249", "--json")
        campaign = campaign_of(site)
        needs = site.run("pull", "toloka", "--campaign", campaign, *where)
        assert (needs.code, "--rate" in needs.err) == (2, True)
        alone = said(site.run("pull", "toloka", "--campaign", campaign, *where, "--no-decisions"))
        assert "decision" not in alone["written"]
        found = said(site.run("pull", "toloka", "--campaign", campaign, *where, "--rate", "100"))
        assert found["written"] == {"decision": 3}
        assert said(site.run("pull", "toloka", "--campaign", campaign, *where, "--rate", "100"))["written"] == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["zooniverse"], "Nothing can be pulled from Zooniverse"),
        (["nothing"], "There is no connector 'nothing'"),
        (["pybossa"], "--from"),
        (["pybossa", "--from", "http://example.org"], "is not https"),
        (["pybossa", "--from", "https://example.org"], "--option project=... is missing"),
        (["pybossa", "--from", "https://example.org", "--option", "projekt=1"], "There is no option 'projekt'"),
        (["pybossa", "--from", "https://example.org", "--option", "project=../x"], "is no id"),
        (["pybossa", "--from", "https://example.org", "--hit", "A1"], "There is no option 'hit'"),
        (["pybossa", "--from", "https://example.org", "--token-file", "none"], "'none' cannot be read"),
        (["pybossa", "--from", "https://example.org", "--token-file", "/dev/null"], "holds no token"),
        (["mturk", "--from", "https://example.org", "--hit", "A1"], "Leave out --from"),
    ],
)
def test_what_cannot_be_pulled(site: Site, campaign: str, arguments: list[str], words: str) -> None:
    ended = site.run("pull", *arguments, "--campaign", campaign)
    assert ended.code == 2
    assert words in ended.err
