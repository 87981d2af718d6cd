"""Reputation: public figures whose entries prove them, and certificates that verify offline."""

from __future__ import annotations

import asyncio
import re
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import event
from typer.testing import CliRunner

from ledger.audit.certificates import check_certificate
from ledger.book.reputation import Judged, reputation
from ledger.cli import app
from ledger.statements import canonical, kinds
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.values import format_score
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt, verify_log_part
from ledger.wire.reputation import figures
from tests.integration.api.people import signed_in
from tests.integration.api.running import Api, Platform

METHOD = {"type": "consensus", "name": "majority", "version": "1"}


async def some_work(platform: Platform) -> tuple[str, str]:
    """A campaign with decided work of ann's, and her public id."""
    campaign, other = await platform.campaign(), await platform.campaign(revisions={"window": 60, "rounds": 1})
    for score in ("1", "0.5", None):
        made = await platform.contribution(campaign, content=score)
        no = {"verdict": "rejected", "feedback": "no"}
        await platform.decision(made["id"], method=METHOD, **(no if score is None else {"score": score}))
    wrong = await platform.decision(
        (turned := await platform.contribution(campaign, content="turned"))["id"], verdict="rejected", method=METHOD
    )
    await platform.decision(turned["id"], score="0.5", supersedes=wrong["id"], method=METHOD)
    again = await platform.contribution(other)
    await platform.decision(again["id"], verdict="needs_work", feedback="more")
    newer = await platform.contribution(other, replaces=again["id"], content="more")
    await platform.decision(newer["id"], score="0.25")
    await platform.contribution(other, content="undecided")
    await platform.decision((await platform.contribution(campaign, contributor="bob"))["id"])
    line = (await platform.get(f"/v1/contributions/{newer['id']}")).json()
    return campaign, str(line["public_contributor"])


async def test_every_figure_is_proved_by_its_entries(both: Api) -> None:
    """An outsider fetches the receipts of the entries and computes the figures anew."""
    campaign, public_id = await some_work(await both.platform())
    reply = await both.http.get(f"/v1/people/{public_id}/reputation")
    assert reply.headers["access-control-allow-origin"] == "*"
    told = reply.json()
    assert (told["decided"], told["accepted"], told["acceptance"], told["weighted_score"]) == (5, 4, "0.8", "0.45")
    assert (told["compared"], told["agreed"], told["reliability"], told["left_out"]) == (4, 3, "0.666666", 0)
    judged = []
    for each in told["campaigns"]:
        for pair in each["entries"]:
            statements = []
            for index in (pair["contribution"], pair["decision"]):
                receipt = Receipt.parse((await both.http.get(f"/v1/entries/{index}/receipt")).content)
                verify_log_part(receipt)
                statements.append(kinds.parse(receipt.statement))
            submitted, made = statements
            assert isinstance(submitted, ContributionSubmitted)
            assert isinstance(made, DecisionMade)
            assert (submitted.contributor, submitted.campaign) == (public_id, each["campaign"])
            assert made.contribution == submitted.id
            found = Judged.of(pair["contribution"], each["campaign"], pair["decision"], made)
            assert found is not None
            judged.append(found)
    again = reputation(judged)
    assert again.reliability is not None
    assert (again.decided, again.accepted, format_score(again.reliability)) == (5, 4, "0.666666")
    assert {each["campaign"]: each["decided"] for each in told["campaigns"]}[campaign] == 4


async def test_nobody_can_be_found_by_guessing(api: Api, platform: Platform) -> None:
    """A public id that nobody has and one that nobody decided on yet look the same."""
    made = await platform.contribution(await platform.campaign())
    known = (await platform.get(f"/v1/contributions/{made['id']}")).json()["public_contributor"]
    never = str(uuid.uuid4())
    replies = [(await api.http.get(f"/v1/people/{each}/reputation")).text.replace(each, "?") for each in (known, never)]
    assert replies[0] == replies[1]
    for text in ("ann", "%00", known.upper()):
        assert (await api.http.get(f"/v1/people/{text}/reputation")).status_code == 404


async def test_a_certificate_verifies_offline(
    api: Api, platform: Platform, log_signer: LogSigner, tmp_path: Path
) -> None:
    campaign, public_id = await some_work(platform)
    ann = await signed_in(platform)
    reply = await ann.get("/v1/contributors/me/certificate", campaign=campaign, name="Ann Example")
    assert reply.status_code == 200, reply.text
    checked = check_certificate(reply.content, log_signer.verifier_key)
    assert (checked.verdict, checked.contributor, checked.campaign, checked.name) == (
        "pass",
        public_id,
        campaign,
        "Ann Example",
    )
    assert (checked.trusted, checked.figures["decided"], checked.figures["accepted"]) == (True, 4, 3)
    assert check_certificate(reply.content, LogSigner.generate("example.org/crowd").verifier_key).verdict == "fail"
    path = tmp_path / "certificate.json"
    path.write_bytes(reply.content)
    run = CliRunner().invoke(app, ["verify", str(path), "--key", log_signer.verifier_key.vkey])
    assert run.exit_code == 0, run.output
    assert f"the work of {public_id}" in run.output
    path.write_bytes(reply.content.replace(b'"accepted":3', b'"accepted":4'))
    assert CliRunner().invoke(app, ["verify", str(path)]).exit_code == 1
    bare = (await ann.get("/v1/contributors/me/certificate", campaign=campaign)).content
    assert not re.search(rb"\bann\b", bare.lower())  # as a word: signatures in base64 may have the letters
    bob = await signed_in(platform, "bob")
    other = (await platform.get("/v1/campaigns")).json()["items"][1]["id"]
    assert (await bob.get("/v1/contributors/me/certificate", campaign=other)).status_code == 404


def figures_of(work: list[Any]) -> dict[str, Any]:
    """What follows from the decisions of some work."""
    judged = []
    for number, each in enumerate(work):
        made = kinds.parse(Receipt.parse(canonical.encode(each["decision"])).statement)
        assert isinstance(made, DecisionMade)
        found = Judged.of(number, "c", number, made)
        assert found is not None
        judged.append(found)
    return dict(figures(judged))


async def test_a_certificate_of_lies_fails(api: Api, platform: Platform) -> None:
    """Whatever is left out, put in, exchanged or changed is named."""
    campaign, _ = await some_work(platform)
    ann, bob = await signed_in(platform), await signed_in(platform, "bob")
    mine: Any = canonical.decode((await ann.get("/v1/contributors/me/certificate", campaign=campaign)).content)
    bobs: Any = canonical.decode((await bob.get("/v1/contributors/me/certificate", campaign=campaign)).content)
    first, second, third, fourth = mine["work"]
    lies: list[dict[str, Any]] = [
        {"work": [first, second]},
        {"work": [first, second, third, third]},
        {"work": [first, second, bobs["work"][0]]},
        {"work": [first, second, {"contribution": third["contribution"], "decision": first["decision"]}]},
        {"work": [first, second, {"contribution": third["decision"], "decision": third["contribution"]}]},
        {"work": []},
        {"contributor": bobs["contributor"]},
        {"campaign": first["contribution"]},
        {"log": "example.org/other"},
        {"figures": bobs["figures"]},
        {"v": 2},
        {"certificate": "other"},
        {"name": 1},
        {"more": 1},
        {
            "work": [
                first,
                second,
                {**third, "decision": {**third["decision"], "proof": third["decision"]["proof"][:-3] + "A==\n"}},
            ]
        },
    ]
    assert check_certificate(canonical.encode(mine)).verdict == "pass"
    for lie in lies:
        checked = check_certificate(canonical.encode(mine | lie))
        assert checked.verdict == "fail", lie
        assert checked.failure
    for work in (  # with figures that follow from the decisions in it
        [first, {"contribution": second["contribution"], "decision": first["decision"]}],
        [first, {"contribution": second["decision"], "decision": second["decision"]}],
        [first, bobs["work"][0]],
        [first, first],
    ):
        checked = check_certificate(canonical.encode(mine | {"work": work, "figures": figures_of(work)}))
        assert checked.failure is not None
        assert "figures" not in checked.failure
    honest = mine | {"work": [fourth, first], "figures": figures_of([fourth, first])}
    assert check_certificate(canonical.encode(honest)).verdict == "pass"
    assert check_certificate(b'{"campaign":{').verdict == "fail"


async def test_a_crowd_of_strangers_asks_the_database_once(api: Api, platform: Platform) -> None:
    _, public_id = await some_work(platform)
    queries: list[str] = []
    event.listen(
        api.service.reads.database.engine.sync_engine,
        "before_cursor_execute",
        lambda *arguments: queries.append(arguments[2]),
    )
    replies = await asyncio.gather(*(api.http.get(f"/v1/people/{public_id}/reputation") for _ in range(20)))
    assert {reply.text for reply in replies} == {replies[0].text}
    assert len([query for query in queries if "decisions" in query]) <= 4
