"""A live Turkle: people answer in their browsers, the answers are pulled as they come, decided, paid and audited."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ledger.cli.importing.command import STOPPED
from ledger.demo import payment
from ledger.demo.outside import Auditor, own_environment
from ledger.demo.people import Person, meet
from ledger.demo.platform import Platform, brief, wait_until
from ledger.demo.stage import Stage, private_file
from ledger.wire import CampaignWritten, NewCampaign, PieceRate
from tests.acceptance.cli.served import Site
from tests.acceptance.conftest import DELAY_SECONDS, Staged
from tests.acceptance.live.turkle import PASSWORD, Browser, Turkle, running

TOKEN = 10**18
LION, MILK = "شیر", "milk, or lion"
TEXTS = ('شیرِ "بیشه", یا خوردنی؟\nسطر دوم', "شیرِ گاو", "شیرِ آب؛ \u200f(faucet)")
REASONS = (
    'چون گفت: "شیر", بله',
    "دو\r\nسطر و\n\nیک خط خالی",
    "\u200fراست\u200cبه\u200cچپ؛ tab\tand ;",
    "—'<b>&amp;</b>\"",
)
NAMES = ("ann", "babak", "cem", "dorna")


@pytest.fixture(scope="module")
def turkle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Turkle]:
    with running(tmp_path_factory.mktemp("turkle") / "site") as site:
        yield site


@pytest.fixture(scope="module")
def stage(staged: Staged) -> Stage:
    return staged.stage


@pytest.fixture(scope="module")
def platform(staged: Staged) -> Iterator[Platform]:
    with Platform(staged.stage, staged.server.url, "Words Ltd", Console(quiet=True)) as platform:
        yield platform


class Pulling:
    """``crowdledger pull --every``, and what it said of each round."""

    def __init__(self, folder: Path, arguments: Sequence[str]) -> None:
        self.rounds: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ledger.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=own_environment(),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_written(self, contributions: int) -> None:
        """Wait until the rounds wrote so many; then it is Ctrl-C, wherever the next round is."""

        def written() -> bool | None:
            assert self._process.poll() is None, self._process.communicate()
            return self.total("contribution") >= contributions or None

        wait_until("all are pulled", written)
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(30) in (0, STOPPED)
        self._reader.join()

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.communicate()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.rounds.append(json.loads(line))

    def total(self, kind: str) -> int:
        return sum(each["written"].get(kind, 0) for each in self.rounds)


class Office:
    """Where the platform's people sit: a folder with their keys, in which they type commands."""

    def __init__(self, site: Site, turkle: Turkle) -> None:
        self.site, self.turkle, self.client = site, turkle, site.client
        private_file(site.folder / "turkle.token", turkle.token.encode())
        private_file(site.folder / "turkle.password", f"{PASSWORD}\n".encode())
        self.pulling: list[Pulling] = []
        self.by_account = ("--option", "account=admin", "--token-file", "turkle.password")
        self.by_token = ("--token-file", "turkle.token")

    def pulls(self, campaign: str, batch: int, *more: str) -> list[str]:
        """The command that pulls a batch."""
        what = ("--from", self.turkle.url, "--option", f"batch={batch}", "--campaign", campaign)
        return ["pull", "turkle", *what, *more, "--json"]

    def run(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run a command to its end; what it says as JSON."""
        ended = self.site.run(*arguments)
        assert ended.code == code, ended.out + ended.err
        said: dict[str, Any] = json.loads(ended.out.splitlines()[-1])
        return said

    def start(self, *arguments: str) -> Pulling:
        """Start a command that goes on, as a process of its own."""
        ours = ("--url", self.site.url, "--api-key-file", str(self.site.key_file))
        self.pulling.append(Pulling(self.site.folder, [*arguments, *ours]))
        return self.pulling[-1]

    def count(self, campaign: str) -> int:
        """How many contributions CrowdLedger has."""
        return len(list(self.client.contributions(campaign)))

    def check(self, campaign: str, batch: int) -> None:
        """CrowdLedger has what Turkle's own database has: who answered, what was asked, what was answered."""
        finished = self.turkle.finished(batch)
        assert self.count(campaign) == len(finished)
        for number, person, answers in finished:
            (line,) = self.client.contributions(campaign, external_id=f"turkle:{number}", content=True)
            assert isinstance(line.content, dict)
            assert line.content.pop("_at").endswith("Z")
            assert (line.contributor, line.content) == (person or f"anonymous:{number}", answers)


@pytest.fixture
def office(
    tmp_path: Path,
    turkle: Turkle,
    platform: Platform,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    key = platform.client.add_key(["submit", "review"]).key
    assert key is not None
    key_file = private_file(tmp_path / "platform.key", key.encode())
    monkeypatch.chdir(tmp_path)
    office = Office(Site(platform.url, platform.client, key_file, tmp_path, capsys, monkeypatch), turkle)
    yield office
    for each in office.pulling:
        each.kill()


def campaign_of(platform: Platform, funds: int = 0) -> CampaignWritten:
    new = NewCampaign(
        title="Which word is meant?",
        type="processing",
        brief=brief("Say which.", "One label a text.", {"label": LION}, {"label": ""}),
        terms="Answers may be published.",
        policy=PieceRate(amount=str(TOKEN)),
        budget=str(100 * TOKEN),
        appeal_window=DELAY_SECONDS,
        opener=platform.account if funds else None,
    )
    return platform.open(new, funds) if funds else platform.client.open_campaign(new)


def answer_of(person: int) -> Callable[[str], Mapping[str, str]]:
    """The last person is wrong about the second text; everybody has reasons of their own."""

    def answer(page: str) -> Mapping[str, str]:
        wrong = person == len(NAMES) - 1 and TEXTS[1] in page
        return {"label": MILK if wrong else LION, "reason": REASONS[person]}

    return answer


def test_answers_in_turkle_are_recorded_decided_paid_and_audited(
    office: Office, turkle: Turkle, stage: Stage, platform: Platform
) -> None:
    people = turkle.people(NAMES)
    batch = turkle.batch(TEXTS, assignments_per_task=len(NAMES))
    campaign = campaign_of(platform, funds=100 * TOKEN)
    pulling = office.start(*office.pulls(campaign.id, batch, *office.by_account, "--every", "1"))
    with ThreadPoolExecutor(len(NAMES)) as pool:
        worked = pool.map(
            lambda place: Browser(turkle.url, NAMES[place]).work(batch, answer_of(place)), range(len(NAMES))
        )
        assert list(worked) == [len(TEXTS)] * len(NAMES)
    everything = len(NAMES) * len(TEXTS)
    pulling.wait_until_written(everything)
    assert (pulling.total("contribution"), pulling.total("task")) == (everything, len(TEXTS))
    assert {each["refused"] for each in pulling.rounds} == {0}

    crowd: list[Person] = meet(list(people))
    platform.link(crowd)
    office.check(campaign.id, batch)
    again = office.run(*office.pulls(campaign.id, batch, *office.by_account))
    assert (again["rows"], again["written"]) == (everything, {})
    assert again["known"] == {"task": len(TEXTS), "contribution": everything}

    decided = office.run("decide", campaign.id, "--method", "majority", "--field", "label", "--json")
    assert decided["written"] == everything, decided
    platform.wait_until_passed(DELAY_SECONDS)
    settled = payment.settle(stage, platform)
    payment.wait_until_active(platform, settled.number)
    payment.claim(platform, crowd)
    rights = dict.fromkeys(people, 3 * TOKEN)
    rights[next(number for number, name in people.items() if name == NAMES[-1])] = 2 * TOKEN
    assert {each.name: each.balance(stage.node, stage.deployment.token) for each in crowd} == rights

    platform.wait_until_anchored()
    report = Auditor(office.site.folder, stage.chain.url).audit(platform.url)
    assert report["verdict"] == "pass", report
    assert "fail" not in {check["verdict"] for check in report["checks"]}


@pytest.mark.long
def test_the_api_token_alone_does_for_ascii_and_says_what_it_cannot(
    office: Office, turkle: Turkle, platform: Platform
) -> None:
    """Turkle's API cuts off as many bytes as its letters have more than one: that must never pass for all."""
    turkle.people(["eva"])
    eva = Browser(turkle.url, "eva")
    plain, persian = (turkle.batch(texts, assignments_per_task=1) for texts in (("one", 'two, "2"\n'), TEXTS))
    assert eva.work(plain, lambda _: {"label": MILK, "reason": 'a, "b"\nc'}) == 2
    campaign = campaign_of(platform).id
    found = office.run(*office.pulls(campaign, plain, *office.by_token))
    assert (found["used"], found["refused"]) == (2, 0)
    office.check(campaign, plain)

    assert eva.work(persian, lambda _: {"label": LION, "reason": "بله"}) == 3
    campaign = campaign_of(platform).id
    cut = office.run(*office.pulls(campaign, persian, *office.by_token, "--state", "persian.state"), code=1)
    assert cut["used"] < 3
    said = (office.site.folder / cut["rejects"]).read_text()
    assert "is cut off: of 3 finished assignments" in said
    assert "--option account=NAME" in said
    assert not (office.site.folder / "persian.state").exists(), "what was cut off must be asked for again"
    whole = office.run(*office.pulls(campaign, persian, *office.by_account, "--state", "persian.state"))
    assert (whole["used"], whole["written"]["contribution"]) == (3, 3 - cut["used"])
    office.check(campaign, persian)
    nothing = office.run(*office.pulls(campaign, persian, *office.by_account, "--state", "persian.state"))
    assert nothing["rows"] == 0, "its progress says that there is nothing new"


def test_what_the_server_refuses(office: Office, turkle: Turkle, platform: Platform) -> None:
    campaign = campaign_of(platform).id
    private_file(office.site.folder / "wrong", b"wrong")
    pulls = [*office.pulls(campaign, 1), "--token-file", "wrong"]
    assert "refuses the token" in office.run(*pulls, code=2)["detail"]
    assert "does not know the account" in office.run(*pulls, "--option", "account=admin", code=2)["detail"]
    assert "There is no" in office.run(*office.pulls(campaign, 99, *office.by_token), code=2)["detail"]


@pytest.mark.long
def test_a_long_day_in_turkle(office: Office, turkle: Turkle, platform: Platform) -> None:
    """Two batches at once, people who give tasks back or have no name, a Turkle that is gone for a while."""
    names = [f"worker{number}" for number in range(12)]
    turkle.people(names)
    texts = [f"«متن {number}»,\n{TEXTS[number % len(TEXTS)]}" for number in range(25)]
    batch = turkle.batch(texts, assignments_per_task=4)
    nobodys = turkle.batch(texts, assignments_per_task=1, login_required=False)
    campaigns = [campaign_of(platform).id for _ in range(2)]
    pulling = [
        office.start(*office.pulls(campaign, number, *office.by_account, "--every", "1", "--rejects", f"{number}.csv"))
        for campaign, number in zip(campaigns, (batch, nobodys), strict=True)
    ]

    def work(place: int) -> int:
        browser = Browser(turkle.url, names[place])
        first = browser.accept(batch)
        if first is not None:
            browser.give_back(first)
        return browser.work(batch, answer_of(place % len(NAMES)))

    with ThreadPoolExecutor(7) as pool:
        first = sum(pool.map(work, range(6)))
        turkle.stop()
        turkle.start()
        nobody = pool.submit(lambda: Browser(turkle.url).work(nobodys, answer_of(0)))
        assert first + sum(pool.map(work, range(6, 12))) == 100
        assert nobody.result() == len(texts)
    assert len(turkle.finished(batch)) == 100
    assert len(turkle.finished(nobodys)) == len(texts)
    for campaign, process, number in zip(campaigns, pulling, (batch, nobodys), strict=True):
        everything = len(turkle.finished(number))
        process.wait_until_written(everything)
        assert process.total("contribution") == everything
        assert {each["refused"] for each in process.rounds} == {0}
        office.check(campaign, number)
