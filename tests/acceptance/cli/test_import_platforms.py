"""Every file that a platform wrote goes in through the command, twice; the awards are what the platform paid."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book.fold import Book
from ledger.statements import canonical, kinds
from ledger.statements.values import format_time, time_ms
from ledger.wire import Brief, NewCampaign, PieceRate
from tests.acceptance.cli.served import Site
from tests.integration.api.running import BRIEF

DATA = Path(__file__).parents[2] / "data"
RECORDED = DATA / "connectors"
CENTS = 100


def campaign_of(site: Site, reward_cents: int) -> str:
    asked = {
        "title": "From elsewhere",
        "type": "processing",
        "brief": Brief.model_validate(BRIEF),
        "terms": "Answer honestly.",
        "policy": PieceRate(amount=str(reward_cents)),
        "budget": "5000000",
        "bonus_limit": "100000",
        "appeal_window": 60,
    }
    return site.client.open_campaign(NewCampaign.model_validate(asked)).id


def imported(site: Site, campaign: str, format: str, file: Path, *more: str, code: int = 0) -> dict[str, object]:
    (site.folder / file.name).write_bytes(file.read_bytes())
    ended = site.run("import", format, file.name, "--campaign", campaign, "--rate", CENTS, "--json", *more)
    assert ended.code == code, ended.err
    found: dict[str, object] = json.loads(ended.out)
    return found


def awards(site: Site, campaign: str) -> dict[str, int]:
    """By the platform's id of a contribution: what the fold of the log gives it once its decision is final.

    Other tests write to the same log, which grows long: only the campaign's entries and who has it are folded.
    """
    parts = ({"kind": "log.opened"}, {"kind": "platform.registered"}, {"campaign": campaign})
    entries = sorted((entry for part in parts for entry in site.client.entries(**part)), key=lambda entry: entry.index)
    book = Book()
    for index, entry in enumerate(entries):
        book.fold_bytes(canonical.encode(entry.statement), index)
    assert book.findings == []
    later = format_time(time_ms(entries[-1].at) + int(timedelta(hours=1).total_seconds() * 1000))
    book.fold(kinds.parse(canonical.encode({"v": 1, "kind": "clock.tick", "at": later})), len(entries))
    found: dict[str, int] = {}
    for award in book.campaigns[campaign].awards:
        found[award.contribution] = found.get(award.contribution, 0) + award.units
    return found


@pytest.mark.parametrize(
    ("format", "files", "options", "things"),
    [
        ("mturk", ["mturk/crowdtruth-platform_amt2.csv"], [], (63, 0)),
        ("mturk", ["mturk/crowdtruth-platform_amt4.csv"], [], (16, 0)),
        ("zooniverse", ["zooniverse/ap-aas229-test-classifications.csv"], [], (63, 9)),
        ("zooniverse", ["zooniverse/wildcam_gorongosa_sample.csv"], [], (20, 0)),
        ("crowdflower", ["crowdflower/crowdtruth-relex-binary-choice.csv"], [], (150, 150)),
        ("pybossa", ["pybossa/live-task.json", "pybossa/live-taskrun.json", "pybossa/live-result.json"], [], (4, 0)),
        (
            "pybossa",
            ["pybossa/frackfinder-oh-2014-task.json", "../surveys/frackfinder-oh-2014-task_run.json"],
            [],
            (1422, 0),
        ),
        (
            "label-studio",
            [f"label-studio/ls-1.23.2-export.{suffix}" for suffix in ("json", "json_min", "csv", "tsv")],
            ["--option", "answers=sentiment"],
            (3, 1),
        ),
    ],
    ids=[
        "mturk-2",
        "mturk-4",
        "zooniverse-ap",
        "zooniverse-wild",
        "crowdflower",
        "pybossa",
        "frackfinder",
        "label-studio",
    ],
)
def test_recorded_files_go_in_whole_and_twice_gives_nothing_new(
    site: Site, format: str, files: Sequence[str], options: Sequence[str], things: tuple[int, int]
) -> None:
    campaign = campaign_of(site, 5)
    for name in files:
        found = imported(site, campaign, format, RECORDED / name, *options)
        assert found["refused"] == 0, found
    assert len(list(site.client.contributions(campaign))) == things[0]
    assert len([line for line in site.client.contributions(campaign) if line.verdict]) == things[1]
    for name in files:
        assert imported(site, campaign, format, RECORDED / name, *options)["written"] == {}


def test_a_file_that_ends_within_a_row_says_so(site: Site) -> None:
    campaign = campaign_of(site, 5)
    file = RECORDED / "turkle" / "turkle-3.1.0-batch-results.csv"
    found = imported(site, campaign, "turkle", file, code=1)
    assert (found["used"], found["refused"]) == (14, 1)
    again = imported(site, campaign, "turkle", file, code=1)
    assert (again["written"], again["refused"]) == ({}, 1)


@pytest.mark.parametrize(
    ("format", "file", "reward_cents"),
    [("mturk", "mturk/api-replies.jsonl", 15), ("toloka", "toloka/replies.jsonl", 2)],
)
def test_awards_are_what_the_platform_paid(site: Site, format: str, file: str, reward_cents: int) -> None:
    replies = [json.loads(line) for line in (RECORDED / file).read_text().splitlines()]
    paid: dict[str, Decimal] = {}
    for reply in replies:
        for each in (*reply.get("Assignments", []), *reply.get("items", [])):
            if each.get("AssignmentStatus") == "Approved" or each.get("status") == "ACCEPTED":
                own = each.get("AssignmentId") or each["id"]
                paid[own] = paid.get(own, Decimal(0)) + Decimal(reward_cents)
        for each in (*reply.get("BonusPayments", []), *(one for one in reply.get("items", []) if "amount" in one)):
            own = each.get("AssignmentId") or each["assignment_id"]
            paid[own] = paid.get(own, Decimal(0)) + Decimal(str(each.get("BonusAmount") or each["amount"])) * CENTS
    campaign = campaign_of(site, reward_cents)
    assert imported(site, campaign, format, RECORDED / file)["refused"] == 0
    by_id = awards(site, campaign)
    named = {}
    for own in paid:
        (entry,) = site.client.entries(external_id=f"{format}:{own}", kind="contribution.submitted")
        named[own] = Decimal(by_id.pop(entry.statement["id"]))
    assert named == paid
    assert by_id == {}, "somebody was paid whom the platform did not pay"
