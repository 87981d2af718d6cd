"""The life of a campaign against a real service, by either client, every receipt checked on arrival."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from ledger import wire
from ledger.client import Client
from ledger.errors import (
    ConfigError,
    FieldError,
    ForbiddenError,
    IdReusedError,
    NotFoundError,
    RuleError,
    UnauthorizedError,
)
from ledger.statements import canonical
from ledger.tree.keys import LogSigner
from ledger.wire.appeals import NewAppeal, NewResolution
from ledger.wire.imports import ImportProgress, NewImport
from ledger.wire.people import NewFeedback, NewSession
from tests.integration.api.running import BRIEF
from tests.integration.api.serving import Server
from tests.integration.client.awaited import KINDS, connected, every

pytestmark = pytest.mark.parametrize("kind", KINDS)


def campaign(**more: object) -> wire.NewCampaign:
    members = {
        "title": "RTE",
        "type": "rating",
        "brief": BRIEF,
        "terms": "Answer honestly.",
        "policy": {"name": "piece_rate", "amount": "5"},
        "budget": "50000",
    }
    return wire.NewCampaign.model_validate(members | more)


async def test_work_and_decisions(kind: type, server: Server, key: str, log_signer: LogSigner) -> None:
    async with connected(kind, server.url, key, verify=log_signer.verifier_key.vkey) as client:
        opened = await client.open_campaign(campaign(external_id="c"))
        assert (await client.open_campaign(campaign(external_id="c"))).id == opened.id
        assert [line.id for line in await every(client.campaigns(external_id="c"))] == [opened.id]
        tasks = [wire.NewTask(content={"q": n}, external_id=f"t-{n}") for n in range(3)]
        assert all(isinstance(task, wire.Written) for task in await client.add_tasks(opened.id, tasks))
        new = [
            wire.NewContribution(
                campaign=opened.id,
                contributor=f"p-{n % 7}",
                content={"a": n, "half": n / 2},
                task_external_id=f"t-{n % 4}",
                external_id=f"w-{n}",
            )
            for n in range(1100)
        ]
        results = await client.submit_many(iter(new))
        assert [isinstance(result, wire.Written) for result in results] == [n % 4 < 3 for n in range(1100)]
        assert isinstance(results[3], NotFoundError)
        again = await client.submit_many(new[:3])
        assert [each.id for each in again] == [each.id for each in results[:3]]
        one = results[0]
        assert one.receipt_file() == await client.receipt(one.id) == await client.receipt_of("w-0")
        assert one.opening_file() == await client.opening(one.id)
        decisions = await client.decide_many(
            wire.NewDecision(contribution=each.id, verdict="rejected", feedback="No.", external_id=each.id)
            for each in (results[0], results[1], results[0])
        )
        assert [isinstance(each, wire.Written) for each in decisions] == [True, True, True]
        with pytest.raises(RuleError):
            await client.decide(wire.NewDecision(contribution=one.id, verdict="accepted"))
        assert await client.decision_receipt(decisions[0].id) == await client.entry_receipt(decisions[0].index)
        lines = await every(client.contributions(opened.id, content=True))
        assert len(lines) == 1100 // 4 * 3
        assert [line.content for line in lines if line.id == one.id] == [{"a": 0, "half": 0}]
        (named,) = await every(client.contributions(external_id="w-9"))
        assert named.id == results[9].id


async def test_what_is_public_and_the_log(kind: type, server: Server, key: str, tmp_path: Path) -> None:
    async with connected(kind, server.url, key, verify=True) as client, connected(kind, server.url) as nobody:
        opened = await client.open_campaign(campaign())
        assert client.vkey == (await nobody.audit_summary()).vkey
        assert nobody.vkey is None
        await client.publish_notice(opened.id, wire.NewNotice(text="Welcome."))
        await client.amend_campaign(opened.id, wire.NewAmendment(version=2, budget="60000"))
        await client.pause_campaign(opened.id)
        await client.resume_campaign(opened.id)
        assert [each.text for each in await every(nobody.notices(opened.id))] == ["Welcome."]
        assert [each.budget for each in await nobody.brief(opened.id)] == ["50000", "60000"]
        assert opened.id in {each.id for each in await every(nobody.open_campaigns())}
        written = await client.submit(wire.NewContribution(campaign=opened.id, contributor="ann", content="é"))
        await client.decide(wire.NewDecision(contribution=written.id, verdict="accepted"))
        assert (await nobody.campaign_record(opened.id)).figures.campaign == opened.id
        assert [each.earned for each in await every(nobody.campaign_rewards(opened.id))] == ["5"]
        assert (await nobody.figures(opened.id)).money.limit == "60000"
        entry = await nobody.entry(written.index)
        assert [each.index for each in await every(nobody.entries(id=written.id))] == [written.index]
        assert await nobody.find_statement(canonical.encode(entry.statement)) == entry
        assert (await nobody.entry_proof(written.index)).startswith("c2sp.org/tlog-proof@v1\n")
        assert len((await nobody.log_keys()).keys) == 1
        assert (await nobody.history(5)).entries
        summary = await nobody.audit_summary()
        assert await nobody.tile("tile/0/000.p/3") == (await nobody.tile(f"tile/0/000.p/{summary.size % 256}"))[:96]
        assert await every(nobody.settlements()) == []
        assert (await nobody.rewards("0x" + "11" * 20)).rewards == []
        await nobody.download_mirror(tmp_path / "mirror.tar")
        assert (tmp_path / "mirror.tar").read_bytes()[257:262] == b"ustar"
        assert await nobody.ready() is True
        result = await client.publish_result(opened.id, wire.NewResult(make="tally"))
        assert [each.id for each in await every(nobody.results(opened.id))] == [result.id]
        assert [line["content"] for line in await every(client.export_accepted(opened.id))] == ["é"]
        await client.close_campaign(opened.id)


async def test_files(kind: type, server: Server, key: str, tmp_path: Path) -> None:
    data = bytes(range(256)) * 12_345
    source, copy = tmp_path / "source.bin", tmp_path / "copy.bin"
    source.write_bytes(data)
    async with connected(kind, server.url, key) as client:
        content = await client.upload(source, "application/octet-stream")
        assert content == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "type": content["type"]}
        await client.download(content["sha256"], copy)
        assert copy.read_bytes() == data
        with pytest.raises(ConfigError):
            await client.download(content["sha256"], tmp_path / "none" / "copy.bin")
        await client.erase_file(content["sha256"])
        with pytest.raises(NotFoundError):
            await client.download(content["sha256"], tmp_path / "gone.bin")
        assert sorted(os.listdir(tmp_path)) == ["copy.bin", "source.bin"]


async def test_people_judges_and_programs(kind: type, server: Server, key: str) -> None:
    strange = "ann / é?#%"
    async with connected(kind, server.url, key, verify=True) as client:
        opened = await client.open_campaign(campaign(judging={"judges": 2, "agree": 2}))
        work = await client.submit(wire.NewContribution(campaign=opened.id, contributor=strange, content={"l": "yes"}))
        (item,) = await client.queue(opened.id, "bob")
        assert item.contribution == work.id
        new = wire.NewReview(contribution=work.id, reviewer="bob", verdict="rejected", words="No.")
        last = await client.review(new)
        assert (await client.decide_by_reviews(work.id)).id == last.decision  # two cannot accept any more
        assert len((await client.reviewers(opened.id)).reviewers) == 1
        assert (await client.signals(opened.id, "l")).signals == []
        wallet = Account.create()
        message = (await client.wallet_message(strange, wallet.address)).message
        signature = wallet.sign_message(encode_defunct(text=message)).signature.to_0x_hex()
        linked = await client.link_wallet(strange, message, signature)
        assert (await client.link_wallet(strange, message, signature)).index == linked.index
        taken_back = await client.submit(wire.NewContribution(campaign=opened.id, contributor=strange, content="x"))
        assert (await client.withdraw(taken_back.id)).id == taken_back.id
        link = await client.sign_in_link(strange)
        session = await client.open_session(NewSession(token=link.token))
        async with connected(kind, server.url, session.token, verify=client.vkey) as ann:
            assert [each.id for each in (await ann.me()).people] == session.people
            mine = await every(ann.my_contributions("newest"))
            assert [each.id for each in mine] == [taken_back.id, work.id]
            assert (await ann.my_payments()).accounts == [wallet.address.lower()]
            assert (await ann.my_earnings()).items[0].pending == "0"
            appeal = await ann.appeal(NewAppeal(contribution=work.id, grounds="It is right."))
            await ann.feedback(NewFeedback(campaign=opened.id, about="campaign", subject=opened.id, score="0.5"))
            (line,) = await every(client.appeals())
            assert line.id == appeal.id
            resolution = NewResolution(verdict="accepted", reviewer="eve", reason="You are right.")
            await client.resolve(appeal.id, resolution)
            assert (await ann.reputation(session.people[0])).contributor == session.people[0]
            assert (await ann.export()).keys() == (await client.export(strange)).keys()
            await ann.end_session()
            with pytest.raises(UnauthorizedError):
                await ann.me()
        assert (await client.erase(strange)).contents > 1
        begun = await client.begin_import(NewImport(campaign=opened.id, connector="mturk", form="batch", file="a.csv"))
        told = await client.tell_import(begun.id, ImportProgress(state="done", rows=3, used=2, refused=1))
        assert await client.import_state(begun.id) == told
        assert [each.id for each in await every(client.imports(opened.id))] == [begun.id]


async def test_problems_come_back_as_errors(kind: type, server: Server, key: str) -> None:
    async with connected(kind, server.url, key, patience_seconds=0) as client:
        await client.open_campaign(campaign(external_id="c"))
        with pytest.raises(IdReusedError):
            await client.open_campaign(campaign(external_id="c", budget="1"))
        with pytest.raises(FieldError) as wrong:
            await client.submit(wire.NewContribution(campaign="x", contributor="ann", content=1))
        assert wrong.value.field == "campaign"
        with pytest.raises(NotFoundError):
            await client.campaign("../platforms?x=1")  # one name of a path, whatever its characters
        assert (await client.current_key()).platform_name == "Answers Ltd"
        made = await client.add_key(["submit"])
        async with connected(kind, server.url, made.key) as restricted:
            with pytest.raises(ForbiddenError):
                await restricted.keys()
            assert key not in repr(restricted)
        assert len(await client.keys()) == 2
        await client.revoke_key(made.key.split("_")[1])
        assert len(await client.keys()) == 1


def test_the_blocking_client_works_inside_an_event_loop(kind: type, server: Server, key: str) -> None:
    """It never needs one, and never meets one that runs."""
    if kind is not Client:
        return
    import asyncio

    async def inside() -> int:
        with Client(server.url, key) as client:
            walked = client.open_campaigns()
            next(walked, None)
            del walked  # given up in the middle
            return len(client.keys())

    assert asyncio.run(inside(), debug=True) == 1
