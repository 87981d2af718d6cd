"""Lists, receipts, and the log as tiles."""

from __future__ import annotations

from ledger.statements import kinds
from ledger.tree import merkle
from ledger.tree.checkpoints import open_checkpoint
from ledger.tree.keys import LogSigner
from ledger.tree.proofs import TlogProof
from ledger.tree.receipts import Receipt, verify_log_part
from ledger.tree.tiles import Tile, decode_entries, decode_tile, entry_bundles_of, tiles_of
from tests.integration.api.running import Api, Platform


async def test_contributions_page_by_page(both: Api) -> None:
    platform = await both.platform()
    first, second = await platform.campaign(), await platform.campaign()
    items = [
        {"campaign": first, "contributor": f"c{number % 3}", "content": number, "external_id": f"x-{number}"}
        for number in range(7)
    ]
    await platform.post("/v1/contributions/batch", {"items": items})
    await platform.contribution(second, external_id="other")
    seen: list[str] = []
    cursor = None
    while True:
        query = {"campaign": first, "limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await platform.get("/v1/contributions", **query)).json()
        seen += [line["contributor"] for line in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        assert len(page["items"]) == 3
    assert seen == [f"c{number % 3}" for number in range(7)]
    (named,) = (await platform.get("/v1/contributions", external_id="x-4")).json()["items"]
    assert (await platform.get(f"/v1/contributions/{named['id']}")).json()["content"] == 4
    assert (await platform.get("/v1/contributions", external_id="none")).json() == {"items": [], "next": None}
    assert (await platform.get("/v1/contributions", external_id="x-4", campaign=second)).json()["items"] == []
    await platform.decision(named["id"], verdict="needs_work")
    (decided,) = (await platform.get("/v1/contributions", external_id="x-4")).json()["items"]
    assert decided["verdict"] == "needs_work"


async def test_campaigns_page_by_page(platform: Platform) -> None:
    ids = [await platform.campaign(external_id=f"c-{number}") for number in range(3)]
    page = (await platform.get("/v1/campaigns", limit=2)).json()
    rest = (await platform.get("/v1/campaigns", limit=2, cursor=page["next"])).json()
    assert [line["id"] for line in page["items"] + rest["items"]] == ids
    assert rest["next"] is None
    (named,) = (await platform.get("/v1/campaigns", external_id="c-1")).json()["items"]
    assert named["id"] == ids[1]


async def test_receipts_are_the_same_from_every_path(platform: Platform, log_signer: LogSigner) -> None:
    contribution = await platform.contribution(await platform.campaign())
    decision = await platform.decision(contribution["id"])
    for written, path in ((contribution, "contributions"), (decision, "decisions")):
        by_id = await platform.api.http.get(f"/v1/{path}/{written['id']}/receipt")
        by_index = await platform.api.http.get(f"/v1/entries/{written['index']}/receipt")
        assert by_id.content == by_index.content
        receipt = Receipt.parse(by_id.content)
        assert verify_log_part(receipt, log_signer.verifier_key).index == written["index"]
        proof = await platform.api.http.get(f"/v1/entries/{written['index']}/proof")
        assert TlogProof.parse(proof.content) == receipt.proof
        assert proof.headers["content-type"] == "text/plain; charset=utf-8"


async def test_replacement_is_shown(platform: Platform) -> None:
    campaign = await platform.campaign()
    old = await platform.contribution(campaign)
    new = await platform.contribution(campaign, replaces=old["id"], content="better")
    assert (await platform.get(f"/v1/contributions/{old['id']}")).json()["replaced_by"] == new["id"]
    page = await platform.api.http.get(f"/c/{old['id']}")
    assert "Replaced by a newer version" in page.text


async def test_the_log_can_be_read_as_tiles(platform: Platform, log_signer: LogSigner) -> None:
    campaign = await platform.campaign()
    items = [{"campaign": campaign, "contributor": "ann", "content": number} for number in range(300)]
    await platform.post("/v1/contributions/batch", {"items": items})
    http = platform.api.http
    head = await http.get("/logs/main/checkpoint")
    assert head.headers["cache-control"] == "no-cache"
    checkpoint = open_checkpoint(head.text, [log_signer.verifier_key], only=True)
    statements: list[bytes] = []
    for bundle in entry_bundles_of(checkpoint.size):
        reply = await http.get(f"/logs/main/{bundle.path}")
        assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
        statements += decode_entries(reply.content)
    leaves = [merkle.leaf_hash(statement) for statement in statements]
    assert merkle.root(leaves) == checkpoint.root
    assert len([statement for statement in statements if kinds.parse(statement)]) == checkpoint.size
    for tile in tiles_of(checkpoint.size):
        hashes = decode_tile((await http.get(f"/logs/main/{tile.path}")).content)
        assert len(hashes) == tile.width
        if tile.level == 0:
            assert hashes == leaves[tile.index * 256 : tile.index * 256 + tile.width]


async def test_tiles_that_are_not_there(platform: Platform) -> None:
    missing = ("0/001", "0/000.p/256", "0/0", "0/000.p/0", "9/000", "entries/x000/000", "entries/000", "../x")
    for path in missing:
        assert (await platform.api.http.get(f"/logs/main/tile/{path}")).status_code == 404, path
    assert (await platform.api.http.get(f"/logs/main/{Tile(0, 0, 2).path}")).status_code == 200


async def test_summary(both: Api, log_signer: LogSigner) -> None:
    platform = await both.platform()
    await platform.contribution(await platform.campaign())
    summary = (await platform.api.http.get("/v1/audit/summary")).json()
    checkpoint = open_checkpoint(summary["checkpoint"], [log_signer.verifier_key], only=True)
    assert (summary["size"], summary["origin"]) == (checkpoint.size, checkpoint.origin) == (4, log_signer.name)
    assert (summary["platforms"], summary["campaigns"], summary["contributions"]) == (1, 1, 1)
    assert (summary["contributors"], summary["decisions"]) == (1, 0)
    assert (summary["chain"], summary["anchor"], summary["settlement"]) == (None, None, None)
    assert (await platform.api.http.get("/ready")).json() == {"status": "ready", "size": 4}
