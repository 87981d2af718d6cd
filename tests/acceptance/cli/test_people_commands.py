"""What contributors type, against a real server: seal, reveal, appeal; and the client's calls behind them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ledger.cli import app
from ledger.client import Client
from ledger.errors import NotFoundError, RuleError, UnauthorizedError
from ledger.statements.values import format_time
from ledger.wire import NewCampaign, NewContribution, NewDecision
from ledger.wire.appeals import NewResolution
from ledger.wire.people import Erase, NewFeedback, NewSession
from tests.integration.api.running import ADMIN_KEY, BRIEF, ORIGIN


def type_in(*arguments: object) -> dict[str, Any]:
    """What a command prints with --json."""
    run = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    if run.exception is not None and not isinstance(run.exception, SystemExit):
        raise run.exception
    assert run.exit_code == 0, run.output
    return dict(json.loads(run.output))


def opened(platform: Client, **more: Any) -> str:
    """The id of a new campaign."""
    members = {"title": "Ideas", "type": "solving", "brief": BRIEF, "terms": "", "budget": "10", "appeal_window": 3600}
    policy = {"name": "piece_rate", "amount": "5"}
    return platform.open_campaign(NewCampaign.model_validate(members | {"policy": policy} | more)).id


def test_seal_reveal_and_appeal(server_url: str, tmp_path: Path) -> None:
    deadline = time.time() + 5
    sealed = {
        "deadline": format_time(int(deadline * 1000)),
        "reveal_until": format_time(int(deadline * 1000) + 600_000),
    }
    with Client(server_url, ADMIN_KEY) as operator:
        key = operator.register_platform("P").key
    assert key is not None
    with Client(server_url, key) as platform:
        campaign = opened(platform, sealed=sealed)
    (tmp_path / "key").write_text(key)
    (tmp_path / "idea.json").write_text('{"idea":"a wheel"}')
    where = ("--url", server_url)
    kept = type_in(
        *("seal", tmp_path / "idea.json", "--campaign", campaign, "--opening", tmp_path / "kept.json"),
        *("--submit-as", "ann", "--api-key-file", tmp_path / "key", *where),
    )
    assert kept["log"] == ORIGIN
    with Client(server_url, key) as platform, Client(server_url) as stranger:
        session = stranger.open_session(NewSession(token=platform.sign_in_link("ann").token))
        (tmp_path / "token").write_text(session.token)
        token = ("--token-file", tmp_path / "token", *where)
        time.sleep(max(deadline - time.time(), 0) + 0.05)
        type_in("reveal", tmp_path / "kept.json", "--contribution", kept["contribution"], *token)
        assert platform.contribution(kept["contribution"]).content == {"idea": "a wheel"}
        made = platform.decide(
            NewDecision(contribution=kept["contribution"], verdict="rejected", feedback="No.", reviewer="carl")
        )
        appeal = type_in(
            *("appeal", kept["contribution"], "--grounds", "It rolls.", "--opening", tmp_path / "kept.json", *token)
        )
        with Client(server_url, session.token) as ann:
            walk_through(ann, platform, kept["contribution"], appeal["id"], campaign, made.id)
    with pytest.raises(UnauthorizedError):
        type_in("appeal", kept["contribution"], "--grounds", "again", *token)


def walk_through(ann: Client, platform: Client, contribution: str, appeal: str, campaign: str, decision: str) -> None:
    """Every other call of the client once."""
    (line,) = ann.my_contributions()
    assert (line.id, line.state) == (contribution, "appealed")
    assert [each.id for each in platform.appeals()] == [appeal]
    resolved = platform.resolve(appeal, NewResolution(reviewer="dora", reason="It does.", verdict="accepted"))
    assert resolved.changed
    assert [each.outcome for each in ann.appeals()] == [resolved.decision]
    (person,) = ann.me().people
    assert ann.reputation(person.id).accepted == 1
    assert (ann.my_earnings().items[0].campaign, ann.my_earnings().paid_to[0].wallet) == (campaign, None)
    rated = NewFeedback(campaign=campaign, about="decision", subject=decision, score="0", words="unfair")
    assert ann.feedback(rated).opening is not None
    assert ann.certificate(campaign).startswith(b'{"campaign":{')
    assert ann.export() == platform.export("ann")
    with pytest.raises(RuleError, match="judged or is decided"):
        ann.withdraw(contribution)
    assert platform.erase("ann", Erase(reason="law")).contents > 3
    with pytest.raises(NotFoundError):
        platform.erase("ann")
    with pytest.raises(UnauthorizedError):
        ann.me()
    second = platform.submit(NewContribution(campaign=opened(platform), contributor="bob", content=1))
    assert platform.withdraw(second.id).index > second.index
    with Client(platform.base_url) as stranger:
        session = stranger.open_session(NewSession(token=platform.sign_in_link("bob").token))
    with Client(platform.base_url, session.token) as bob:
        assert bob.end_session().ended
        with pytest.raises(UnauthorizedError):
            bob.me()
