"""``--option NAME=VALUE`` of the formats that have one, through the command: what it changes in what is recorded."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.cli.served import Site
from tests.acceptance.cli.test_import_platforms import RECORDED, campaign_of, imported


def contents(site: Site, campaign: str) -> list[object]:
    return [line.content for line in site.client.contributions(campaign, content=True)]


def test_pybossas_runs_without_their_tasks(site: Site) -> None:
    campaign, runs = campaign_of(site, 5), RECORDED / "pybossa" / "live-taskrun.json"
    refused = imported(site, campaign, "pybossa", runs, code=1)
    assert (refused["used"], refused["refused"]) == (0, 4), "their tasks are not there"
    found = imported(site, campaign, "pybossa", runs, "--option", "tasks=none")
    assert found["written"] == {"contribution": 4}
    assert {line.task for line in site.client.contributions(campaign)} == {None}


def test_tolokas_tasks_one_by_one(site: Site) -> None:
    file = RECORDED / "toloka" / "replies.jsonl"
    whole, apart = campaign_of(site, 5), campaign_of(site, 5)
    assert imported(site, whole, "toloka", file, "--no-decisions")["written"] == {"task": 2, "contribution": 4}
    # The same assignments in another unit are other contributions.
    found = imported(site, apart, "toloka", file, "--no-decisions", "--option", "unit=task")
    assert found["written"] == {"task": 3, "contribution": 6}
    assert all("solutions" not in str(content) for content in contents(site, apart))


def test_label_studios_answers_are_named(site: Site) -> None:
    file = RECORDED / "label-studio" / "ls-1.23.2-export.csv"
    named, all_of_it = campaign_of(site, 5), campaign_of(site, 5)
    imported(site, named, "label-studio", file, "--option", "answers=sentiment")
    assert all(set(content) == {"sentiment", "_at"} for content in contents(site, named))  # type: ignore[call-overload]
    assert all(line.task for line in site.client.contributions(named))
    ended = site.run("import", "label-studio", file, "--campaign", all_of_it, "--json", "--dry-run")
    first = json.loads(ended.out)["first"][0]
    assert "task_external_id" not in first
    assert set(first["content"]) > {"sentiment", "_at"}


def test_crowdflowers_answers_are_named(site: Site) -> None:
    file = RECORDED / "crowdflower" / "crowdtruth-relex-binary-choice.csv"
    asked = ["import", "crowdflower", file, "--campaign", campaign_of(site, 5), "--json", "--dry-run"]
    told = json.loads(site.run(*asked, "--option", "answers=sent_id,top_member_employee").out)
    (answer,) = [each for each in told["first"] if "contributor" in each][:1]
    assert set(answer["content"]) == {"sent_id", "top_member_employee", "_at"}
    missing = site.run(*asked, "--option", "answers=nothing")
    assert (missing.code, "no column 'nothing'" in missing.err) == (2, True)


@pytest.mark.parametrize("currency", ["USD", "IRT"])
def test_what_money_without_a_sign_is(site: Site, currency: str) -> None:
    file = site.folder / "backers.csv"
    head = (RECORDED / "kickstarter" / "backer-report.csv").read_text("utf-8-sig").splitlines()[0]
    file.write_text(f'{head}\n9,{currency}9,,,,,,,,"1,250","2015/01/03, 15:47",,collected,\n')
    asked = ["import", "kickstarter", file, "--campaign", campaign_of(site, 5), "--json", "--dry-run"]
    without = site.run(*asked)
    assert (without.code, json.loads(without.out)["refused"]) == (1, 1)
    (first,) = json.loads(site.run(*asked, "--option", f"currency={currency}").out)["first"]
    pledge = first["content"]["pledge"]
    assert (pledge["amount"], pledge["currency"]) == ("1250", currency)
