"""What a platform types to run a campaign: from a file to its results."""

from __future__ import annotations

import json

import pytest

from ledger.cli.campaign_template import TYPES
from ledger.wire import NewContribution, NewDecision
from tests.acceptance.cli.served import Site


def opened(site: Site, type: str = "processing", *more: str) -> str:
    """The id of a campaign that was opened from its template."""
    text = site.run("campaign", "template", "--type", type, connected=False).out
    file = site.folder / f"{type}.toml"
    file.write_text("".join(more) + text)
    return str(site.run("campaign", "open", file, "--json").json["id"])


@pytest.mark.parametrize("type", TYPES)
def test_every_template_opens_a_campaign(site: Site, type: str) -> None:
    campaign = opened(site, type)
    found = site.client.campaign(campaign)
    assert (found.type, found.onchain, found.version) == (type, None, 1)
    assert set(found.brief) >= {"problem", "mode", "rules", "example_accepted", "example_rejected", "rights"}
    assert (found.judging is not None) == (type == "solving")


def test_the_commented_members_are_members(site: Site) -> None:
    text = site.run("campaign", "template", "--type", "processing", connected=False).out
    for line in ('reviewer_rate = "10"', 'bonus_limit = "500"', "pilot = 50", 'second_looks = "0.1"', "direct = true"):
        assert f"# {line}" in text
        text = text.replace(f"# {line}", line)
    text = text.replace("# closing_date", "closing_date").replace("# external_id", "external_id")
    for part in ("[requires]", "accepted = 10", 'acceptance = "0.8"', "[revisions]", "window = 604800", "rounds = 3"):
        assert f"# {part}" in text
        text = text.replace(f"# {part}", part)
    text = text.replace("[limits]", "[limits]\nparticipants = 500\nper_person = 3")
    (site.folder / "all.toml").write_text(text)
    first = site.run("campaign", "open", site.folder / "all.toml", "--json").json
    assert site.run("campaign", "open", site.folder / "all.toml", "--json").json["id"] == first["id"]
    found = site.client.campaign(first["id"])
    assert (found.reviewer_rate, found.bonus_limit, found.pilot, found.direct) == ("10", "500", 50, True)
    assert found.closing_date == "2031-06-01T00:00:00.000Z"


def test_a_campaign_from_the_first_day_to_the_last(site: Site) -> None:
    campaign = opened(site)
    assert campaign in site.run("campaign", "list").out
    assert [line["id"] for line in site.run("campaign", "list", "--json").json["items"]] == [campaign]

    (site.folder / "more.json").write_text('{"policy": {"name": "piece_rate", "amount": "150"}}')
    assert site.run("campaign", "amend", campaign, site.folder / "more.json").code == 0
    shown = site.run("campaign", "show", campaign, "--json").json
    assert (shown["version"], shown["policy"]["amount"]) == (2, "150")
    assert "150 points" in site.run("campaign", "show", campaign).out
    assert site.run("campaign", "costs", campaign, "--json").json["wei"] == "0"
    assert site.run("campaign", "costs", campaign).out == "This log has no chain.\n"

    said = site.run("campaign", "notice", campaign, "Dogs count too.", "--answer", "--external-id", "dogs", "--json")
    again = site.run("campaign", "notice", campaign, "Dogs count too.", "--answer", "--external-id", "dogs", "--json")
    assert said.json["index"] == again.json["index"]
    assert [(each.type, each.text) for each in site.client.notices(campaign)] == [("answer", "Dogs count too.")]

    assert site.run("campaign", "pause", campaign).code == 0
    assert "paused" in site.run("campaign", "show", campaign).out
    assert site.run("campaign", "resume", campaign).code == 0
    for number, (label, verdict) in enumerate([("cat", "accepted"), ("dog", "accepted"), ("sofa", "rejected")]):
        sent = site.client.submit(NewContribution(campaign=campaign, contributor=f"p{number}", content={"a": label}))
        why = None if verdict == "accepted" else "It is no animal."
        site.client.decide(NewDecision(contribution=sent.id, verdict=verdict, feedback=why))  # type: ignore[arg-type]
    assert site.run("campaign", "close", campaign).code == 0
    assert "closed" in site.run("campaign", "show", campaign).out

    made = site.run("campaign", "results", campaign, "--make", "tally", "--field", "a", "--json").json
    assert json.loads(site.client.result_document(made["id"]))["tally"] == {"cat": 1, "dog": 1}
    assert made["id"] in site.run("campaign", "results", campaign).out
    assert [line["count"] for line in site.run("campaign", "results", campaign, "--json").json["items"]] == [2]

    file = site.folder / "accepted.jsonl"
    assert site.run("campaign", "export", campaign, file, "--json").json == {"count": 2, "file": str(file)}
    lines = [json.loads(line) for line in file.read_bytes().split(b"\n")[:-1]]
    assert [line["content"]["a"] for line in lines] == ["cat", "dog"]
    assert "exists already" in site.run("campaign", "export", campaign, file).err
    assert list(site.folder.glob("*.part")) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("title = ", "neither TOML nor JSON"),
        ('title = "x"\nbudgets = "5"\n', "budgets: it is not a member"),
        ('title = "x"\nbudget = 5\n', "budget: Input should be a valid string"),
        ('{"title": "x", "policy": {"name": "lottery"}}', "policy: "),
        ("[1]", "brief: Field required"),
    ],
)
def test_a_file_that_is_not_right(site: Site, text: str, named: str) -> None:
    (site.folder / "wrong").write_text(text)
    ended = site.run("campaign", "open", site.folder / "wrong")
    assert ended.code == 2
    assert named in ended.err
    assert "Traceback" not in ended.err
    assert list(site.client.campaigns()) == []


def test_errors_in_plain_words(site: Site) -> None:
    campaign = opened(site)
    assert "is not a campaign's id" in site.run("campaign", "show", "../keys").err
    assert "There is no campaign" in site.run("campaign", "show", "01900000-0000-7000-8000-000000000000").err
    assert "There is no type" in site.run("campaign", "template", "--type", "lottery", connected=False).err
    assert site.run("campaign", "results", campaign, "--field", "a").code == 2
    refused = site.run("campaign", "resume", campaign, "--json")
    assert json.loads(refused.out)["error"] == "rule-broken"
    (site.folder / "less.toml").write_text('budget = "1"\n')
    assert "budget" in site.run("campaign", "amend", campaign, site.folder / "less.toml").err
    site.key_file.write_text("two words\n")
    assert "holds no API key" in site.run("campaign", "list").err
    site.key_file.write_text("cl_0_0\n")
    ended = site.run("campaign", "list")
    assert (ended.code, "cl_0_0" in ended.err) == (2, False)
