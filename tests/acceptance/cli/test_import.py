"""``crowdledger import`` on a running service: once, twice, stopped and gone on with, with rows that cannot be used."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.cli.importing import choosing, running
from ledger.cli.importing.sending import Sender
from ledger.errors import UnavailableError
from ledger.wire import Brief, NewCampaign, PieceRate
from ledger.wire.imports import Import
from tests.acceptance.cli.served import Ended, Site
from tests.integration.api.running import BRIEF

MAPPING = """
name = "{name}"
[contribution]
id = ["worker", "task"]
contributor = "worker"
[task]
id = ["task"]
content = ["question"]
[decision]
verdict = "status"
accepted = ["Approved"]
rejected = ["Rejected"]
bonus = "bonus"
currency = "USD"
"""
HEAD = "worker,task,question,label,status,bonus\n"


def campaign_of(site: Site, **more: object) -> str:
    asked = {
        "title": "Which?",
        "type": "processing",
        "brief": Brief.model_validate(BRIEF),
        "terms": "Answer honestly.",
        "policy": PieceRate(amount="5"),
        "budget": "5000000",
        "bonus_limit": "1000",
    }
    return site.client.open_campaign(NewCampaign.model_validate(asked | more)).id


@pytest.fixture
def campaign(site: Site) -> str:
    (site.folder / "map.toml").write_text(MAPPING.format(name=f"m{os.urandom(6).hex()}"))
    return campaign_of(site)


def table(site: Site, rows: int, *more: str) -> Path:
    path = site.folder / "answers.csv"
    lines = [f'w{row % 7},t{row // 7},Which {row // 7}?,"نه, {row}",,' for row in range(rows)]
    path.write_text(HEAD + "".join(f"{line}\n" for line in (*lines, *more)))
    return path


def run(site: Site, campaign: str, file: Path, *more: object) -> Ended:
    return site.run("import", file, "--campaign", campaign, "--mapping", "map.toml", "--rate", "100", "--json", *more)


def shown(site: Site, campaign: str) -> list[Import]:
    """The imports as the service shows them, the newest first."""
    return list(site.client.imports(campaign))


def said(ended: Ended, code: int = 0) -> dict[str, object]:
    assert ended.code == code, ended.err
    found: dict[str, object] = json.loads(ended.out)
    return found


def test_once_and_again(site: Site, campaign: str) -> None:
    file = table(site, 30, "ann,x,?,yes,Approved,$0.05", "ann,y,?,no,Rejected,")
    first = said(run(site, campaign, file))
    assert (first["rows"], first["used"], first["refused"]) == (32, 32, 0)
    assert first["written"] == {"task": 7, "contribution": 32, "decision": 2}
    again = said(run(site, campaign, file))
    assert (again["written"], again["known"]) == ({}, first["written"])
    lines = list(site.client.contributions(campaign, content=True))
    assert [line.content for line in lines[:2]] == [{"label": "نه, 0"}, {"label": "نه, 1"}]
    assert [line.verdict for line in lines[30:]] == ["accepted", "rejected"]
    assert not list(site.folder.glob("*.crowdledger-import*"))
    with file.open("a") as grown:
        grown.write("bob,x,?,new,,\n")
    assert said(run(site, campaign, file))["written"] == {"contribution": 1}
    told = shown(site, campaign)
    assert [(each.state, each.rows, each.used, each.expected) for each in told] == [
        *(("done", 33, 33, 33), ("done", 32, 32, 32), ("done", 32, 32, 32))
    ]
    assert (told[2].connector, told[2].form, told[2].file) == (first["format"], "table", "answers.csv")
    assert told[2].written.model_dump() == first["written"]
    assert told[1].known == told[2].written


def test_what_cannot_be_used_is_said_row_by_row(site: Site, campaign: str) -> None:
    file = table(
        site, 3, "ann,x", ",x,?,yes,,", "w0,t0,Which 0?,other,,", "bob,x,?,z,Approved,much", "cem,t0,Another?,z,,"
    )
    found = said(run(site, campaign, file), 1)
    assert (found["rows"], found["used"], found["refused"]) == (8, 3, 5)
    with Path(str(found["rejects"])).open(newline="") as rejects:
        rows = list(csv.DictReader(rejects))
    assert [row["line"] for row in rows] == ["5", "6", "7", "8", "9"]
    for row, words in zip(
        rows, ("2 fields", "no worker", "names contribution", "no amount of money", "names task"), strict=True
    ):
        assert words in row["reason"], row
        assert row["remedy"]
    assert rows[0]["row"] == "ann,x"
    mended = table(site, 3)
    assert said(run(site, campaign, mended))["refused"] == 0
    assert not Path(str(found["rejects"])).exists(), "the refused rows of an earlier run"


def test_a_decision_that_is_refused(site: Site, campaign: str) -> None:
    file = table(site, 0, "ann,x,?,yes,Approved,$99")
    found = said(run(site, campaign, file), 1)
    assert found["written"] == {"task": 1, "contribution": 1}
    assert "The contribution is recorded, its decision is not." in Path(str(found["rejects"])).read_text()


def test_a_dry_run_writes_nothing(site: Site, campaign: str) -> None:
    file = table(site, 5, "ann,x")
    before = sorted(site.folder.iterdir())
    found = said(run(site, campaign, file, "--dry-run"), 1)
    assert (found["rows"], found["used"], found["refused"]) == (6, 5, 1)
    assert found["things"] == {"task": 5, "contribution": 5, "decision": 0}
    assert found["first"][1]["content"] == {"label": "نه, 0"}  # type: ignore[index]
    assert list(site.client.contributions(campaign)) == []
    assert sorted(site.folder.iterdir()) == before
    assert shown(site, campaign) == []


@pytest.mark.parametrize("at", [1, 2, 4])
def test_a_stop_at_any_batch_is_gone_on_from(
    site: Site, campaign: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_BATCH_ITEMS", 10)
    file = table(site, 45, "ann,x", "bob,x,?,yes,,")
    real, calls = Sender.rest, []

    def stopped(self: Sender, *arguments: object) -> object:
        calls.append(1)
        if len(calls) >= at:
            raise KeyboardInterrupt if at == 2 else UnavailableError("Gone.")
        return real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Sender, "rest", stopped)
    ended = run(site, campaign, file)
    assert ended.code == (130 if at == 2 else 2)
    assert (site.folder / "answers.csv.crowdledger-import").exists() == (at > 1)
    (told,) = shown(site, campaign)
    assert (told.state, told.detail) == (("stopped", None) if at == 2 else ("failed", "Gone."))
    monkeypatch.setattr(Sender, "rest", real)
    found = said(run(site, campaign, file), 1)
    assert (found["rows"], found["used"], found["refused"]) == (47, 46, 1)
    assert found["written"]["contribution"] + found["known"].get("contribution", 0) == 46  # type: ignore
    assert len(list(site.client.contributions(campaign))) == 46
    assert (site.folder / "answers.csv.rejects.csv").read_text().count("\n") == 2
    again = shown(site, campaign)
    assert (again[0].state, again[0].rows, again[0].used, again[0].refused) == ("done", 47, 46, 1)
    assert ([each.id for each in again] == [told.id]) == (at > 1), "what goes on is the same import"


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_stopped_by_a_signal_and_gone_on_with(site: Site, campaign: str, sent: signal.Signals, code: int) -> None:
    file = table(site, 3_000, "ann,x")
    place = ["--url", site.url, "--api-key-file", str(site.key_file), "--mapping", "map.toml", "--json"]
    command = [sys.executable, "-m", "ledger.cli", "import", str(file), "--campaign", campaign, *place]
    state = site.folder / "answers.csv.crowdledger-import"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    with subprocess.Popen(command, cwd=site.folder, env=environment, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not state.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(sent)
    assert process.returncode == code
    assert state.exists()
    ended = subprocess.run(command, cwd=site.folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    assert "Going on after row" in ended.stderr
    found = json.loads(ended.stdout)
    assert (found["rows"], found["used"], found["refused"]) == (3_001, 3_000, 1)
    assert sum(1 for _ in site.client.contributions(campaign)) == 3_000
    told = shown(site, campaign)[0]
    assert (told.state, told.rows, told.expected) == ("done", 3_001, 3_001)


def test_another_file_under_the_name_of_an_unfinished_one(
    site: Site, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_BATCH_ITEMS", 10)
    file = table(site, 25)
    real, calls = Sender.rest, []

    def stopped(self: Sender, *arguments: object) -> object:
        calls.append(1)
        if len(calls) > 1:
            raise UnavailableError("Gone.")
        return real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Sender, "rest", stopped)
    assert run(site, campaign, file).code == 2
    ended = run(site, campaign, file, "--no-decisions")
    assert (ended.code, "had another decisions" in ended.err) == (2, True)
    file.write_text(HEAD.replace("label", "answer"))
    ended = run(site, campaign, file)
    assert (ended.code, "another one than an unfinished import began with" in ended.err) == (2, True)


def test_errors_in_plain_words(site: Site, campaign: str) -> None:
    file = table(site, 1, "ann,x,?,yes,Approved,$1")
    for words, named in (
        (("import", "none.csv", "--campaign", campaign), "cannot be read"),
        (("import", file, "--campaign", "x"), "not a campaign's id"),
        (("import", "nothing", file, "--campaign", campaign), "no connector 'nothing'"),
        (("import", file, "--campaign", campaign), "looks like no export that is known"),
        (("import", file, "--campaign", campaign, "--mapping", "map.toml"), "--rate"),
        (("import", file, "--campaign", campaign, "--mapping", "map.toml", "--rate", "much"), "is no rate"),
        (("import", file, "--campaign", campaign, "--mapping", "map.toml", "--option", "x"), "NAME=VALUE"),
        (("import", "turkle", file, "--campaign", campaign), "no column"),
    ):
        ended = site.run(*words)
        assert (ended.code, named in ended.err) == (2, True), (words, ended.err)
    (site.folder / "map.toml").write_text("name = 'x'\n[contribution]\nid = ['nope']\ncontributor = 'worker'")
    assert "no column 'nope'" in run(site, campaign, file).err
    (site.folder / "map.toml").write_text("name = 'x'\nnames = 'y'")
    assert "The mapping cannot be used" in run(site, campaign, file).err


def answered(site: Site, *answers: str) -> None:
    """Somebody sits before the terminal and types these."""
    site.monkeypatch.setattr(choosing, "_somebody_looks", lambda: True)
    site.monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))


def test_the_mapping_is_asked_for_and_kept(site: Site, campaign: str) -> None:
    file = site.folder / "board.csv"
    name = f"board-{os.urandom(4).hex()}"
    file.write_text("TeamName,Problem,Score,Verdict\nred,p1,0.5,ok\nblue,p1,0.7,no\nred,p2,0.9,?\n")
    answered(site, "Team", "TeamName", "", "", "-", "-", "", "Name!", name, "ok, fine", "no")
    first = said(site.run("import", file, "--campaign", campaign, "--json"))
    assert first["written"] == {"task": 2, "contribution": 3, "decision": 2}
    kept = (site.folder / "board.csv.mapping.toml").read_text()
    assert f'name = "{name}"' in kept
    assert 'id = ["TeamName", "Problem"]' in kept
    answered(site)
    assert said(site.run("import", file, "--campaign", campaign, "--json"))["known"] == first["written"]


def test_a_known_export_is_told_by_its_columns(site: Site, campaign: str) -> None:
    file = site.folder / "results.csv"
    own = os.urandom(4).hex()
    file.write_text(
        '"HITId","AssignmentId","WorkerId","AcceptTime","SubmitTime","Input.text","Answer.label","Turkle.Username"\n'
        f'"h{own}","a{own}","3","Sun Nov 22 02:09:50 UTC 2026","Sun Nov 22 02:09:51 UTC 2026","?","نظر, ""x""","w"\n'
    )
    answered(site, "y")
    found = said(site.run("import", file, "--campaign", campaign, "--json"))
    assert (found["format"], found["used"]) == ("turkle", 1)
    (line,) = site.client.contributions(campaign, content=True)
    assert line.content["label"] == 'نظر, "x"'
