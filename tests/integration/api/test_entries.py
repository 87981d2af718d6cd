"""Entries are found by all that they name, on both databases, without a scan; what a reused id names is data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.statements import canonical
from ledger.tree.keys import LogSigner
from ledger.tree.merkle import leaf_hash
from ledger.tree.proofs import TlogProof
from ledger.tree.receipts import Receipt, verify_log_part
from ledger.wire import Entry
from tests.integration.api.running import ON_BOTH, Api, Platform, statements_of


async def found(api: Api, limit: int = 100, **query: Any) -> list[Entry]:
    """All entries of a search, page by page, each checked against the leaf hash it is given with."""
    entries: list[Entry] = []
    cursor: str | None = None
    while True:
        asked = {"limit": limit} | query | ({} if cursor is None else {"cursor": cursor})
        reply = await api.http.get("/v1/entries", params=asked)
        assert reply.status_code == 200, reply.text
        page = [Entry.model_validate(item) for item in reply.json()["items"]]
        assert len(page) <= limit
        entries += page
        cursor = reply.json()["next"]
        if cursor is None:
            break
    for entry in entries:
        assert leaf_hash(canonical.encode(entry.statement)).hex() == entry.leaf_hash
        assert (entry.statement["kind"], entry.statement["at"]) == (entry.kind, entry.at)
    return entries


def names(entries: list[Entry]) -> list[tuple[int, str]]:
    return [(entry.index, entry.kind) for entry in entries]


FOLLOWING = ("contribution.", "review.", "decision.", "appeal.")


def expected(log: list[Entry], **wanted: str) -> list[tuple[int, str]]:
    """What a search must find, the slow way: all heads that name what is wanted, each with what is about it."""
    kind = wanted.pop("kind", None)
    first: dict[str, str] = {}
    heads: list[Entry] = []
    followers: dict[str, list[Entry]] = {}
    for entry in log:
        said = entry.statement
        if entry.kind.startswith(FOLLOWING):
            about = said.get("replaces") or said.get("contribution") or first.get(said.get("appeal", "")) or said["id"]
            first[said.get("id", "")] = about = first.get(about, about)
            if about != said.get("id"):
                followers.setdefault(about, []).append(entry)
                continue
        heads.append(entry)

    def is_named(entry: Entry, name: str, value: str) -> bool:
        said = entry.statement
        if name == "contribution":
            return entry.kind == "contribution.submitted" and said["id"] == first.get(value)
        own = {"campaign": "campaign.", "task": "task.added", "contributor": "?"}[name]
        return said.get(name) == value or (entry.kind.startswith(own) and said.get("id") == value)

    led = [head for head in heads if all(is_named(head, name, value) for name, value in wanted.items())]
    all_of_them = [each for head in led for each in [head, *followers.get(head.statement.get("id", ""), [])]]
    return [line for line in names(all_of_them) if kind in (None, line[1])]


class Story:
    """Two campaigns, a task, three people, and much that can be said about contributions."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.api = platform.api
        self.log: list[Entry] = []

    async def tell(self) -> Story:
        self.campaign = await self.platform.campaign(external_id="c")
        self.other = await self.platform.campaign()
        task = await self.write(f"/v1/campaigns/{self.campaign}/tasks", content="photo", external_id="t")
        self.task = task["id"]
        self.first = await self.platform.contribution(self.campaign, task=self.task, external_id="w")
        self.second = await self.platform.contribution(self.campaign, contributor="ben", external_id="c")
        self.elsewhere = await self.platform.contribution(self.other)
        await self.platform.decision(self.first["id"], verdict="needs_work", external_id="d")
        better = {"contributor": "ann", "task": self.task, "content": "better", "replaces": self.first["id"]}
        self.version = await self.write("/v1/contributions", campaign=self.campaign, **better)
        self.decision = await self.platform.decision(self.version["id"], verdict="rejected")
        self.appeal = await self.write("/v1/appeals", contribution=self.version["id"], grounds="Look again.")
        rating = {"contributor": "ann", "campaign": self.campaign, "about": "campaign", "words": "fine"}
        await self.write("/v1/feedback", **rating, subject=self.campaign, score="0.5")
        await self.write(f"/v1/campaigns/{self.campaign}/notices", type="notice", text="Thank you.")
        await self.write("/v1/mandates", name="Audit Ltd", campaign=self.campaign, until="2027-01-01T00:00:00Z")
        await self.write("/v1/mandates", name="Audit Ltd", until="2027-01-01T00:00:00Z")
        await self.write(f"/v1/contributions/{self.second['id']}/withdraw")
        await self.write(f"/v1/appeals/{self.appeal['id']}/resolve", reviewer="rita", verdict="accepted", reason="Yes.")
        await self.write(f"/v1/campaigns/{self.campaign}/close")
        self.log = await found(self.api)
        self.ann = next(each for each in self.log if each.index == self.first["index"]).statement["contributor"]
        return self

    async def write(self, path: str, **body: Any) -> dict[str, Any]:
        reply = await self.platform.post(path, body or None)
        assert reply.status_code == 201, reply.text
        return dict(reply.json())


@pytest.fixture
async def story(api: Api) -> Story:
    """The story on SQLite."""
    return await Story(await api.platform()).tell()


@pytest.fixture
async def on_both(both: Api) -> Story:
    """The story; the test runs once on SQLite and once on PostgreSQL."""
    return await Story(await both.platform()).tell()


async def test_all_entries_are_listed_in_order(story: Story) -> None:
    size = (await story.api.service.reader.head()).size
    assert [entry.index for entry in story.log] == list(range(size))
    assert names(await found(story.api, 4)) == names(story.log)


async def test_entries_are_found_by_all_that_they_name(on_both: Story) -> None:
    searches: list[dict[str, str]] = [
        *({"campaign": each} for each in (on_both.campaign, on_both.other)),
        *({"contribution": each["id"]} for each in (on_both.first, on_both.version, on_both.second)),
        {"contributor": on_both.ann},
        {"task": on_both.task},
        {"campaign": on_both.campaign, "contributor": on_both.ann},
        {"campaign": on_both.other, "contributor": on_both.ann},
        {
            "campaign": on_both.campaign,
            "task": on_both.task,
            "contributor": on_both.ann,
            "contribution": on_both.first["id"],
        },
        {"campaign": on_both.other, "task": on_both.task},
    ]
    kinds = ("decision.made", "task.added", "contribution.submitted", "feedback.given", "campaign.closed")
    searches += [search | {"kind": kind} for search in searches[::2] for kind in kinds[:3]]
    searches += [{"kind": kind} for kind in kinds]
    for search in searches:
        right = expected(on_both.log, **search) if search.keys() - {"kind"} else None
        right = right if right is not None else [line for line in names(on_both.log) if line[1] == search["kind"]]
        for limit in (2, 100):
            assert names(await found(on_both.api, limit, **search)) == right, search
    everything = {kind for search in searches[:7] for _, kind in expected(on_both.log, **search)}
    assert len(everything) == 11  # the searches reach all that is told


async def test_one_entry_is_found_by_digest_id_own_id_and_bytes(on_both: Story) -> None:
    api, decision = on_both.api, on_both.log[on_both.decision["index"]]
    assert await found(api, digest=decision.leaf_hash) == [decision]
    assert await found(api, id=on_both.decision["id"]) == [decision]
    assert await found(api, id=on_both.decision["id"], digest=decision.leaf_hash, kind="decision.made") == [decision]
    assert await found(api, id=on_both.decision["id"], digest=on_both.log[0].leaf_hash) == []
    assert await found(api, digest="00" * 32) == []
    assert await found(api, id=on_both.task) == [on_both.log[3 + 1]]
    as_json = {"Content-Type": "application/json"}
    sent = await api.http.post("/v1/entries/find", content=canonical.encode(decision.statement), headers=as_json)
    assert [Entry.model_validate(item) for item in sent.json()["items"]] == [decision]
    other = await api.http.post(
        "/v1/entries/find", content=canonical.encode(decision.statement) + b" ", headers=as_json
    )
    assert other.json() == {"items": [], "next": None}
    assert Entry.model_validate((await api.http.get(f"/v1/entries/{decision.index}")).json()) == decision


async def test_own_ids_need_the_key_of_their_platform(story: Story) -> None:
    api = story.api
    by_c = (await story.platform.get("/v1/entries", external_id="c")).json()["items"]
    assert [item["kind"] for item in by_c] == ["campaign.opened", "contribution.submitted"]
    one = (await story.platform.get("/v1/entries", external_id="c", kind="contribution.submitted")).json()["items"]
    assert [item["index"] for item in one] == [story.second["index"]]
    assert (await story.platform.get("/v1/entries", external_id="c", kind="clock.tick")).json()["items"] == []
    stranger = await api.platform("Others")
    assert (await stranger.get("/v1/entries", external_id="c")).json()["items"] == []
    assert (await api.http.get("/v1/entries", params={"external_id": "c"})).status_code == 401


async def test_receipt_and_proof_of_an_entry_verify(story: Story, log_signer: LogSigner) -> None:
    for entry in story.log[:: len(story.log) - 1]:
        receipt = await story.api.http.get(entry.receipt)
        checked = verify_log_part(Receipt.parse(receipt.content), log_signer.verifier_key)
        assert leaf_hash(checked.statement).hex() == entry.leaf_hash
        proof = await story.api.http.get(entry.proof)
        assert proof.headers["content-disposition"] == f'attachment; filename="entry-{entry.index}.tlog-proof"'
        assert TlogProof.parse(proof.content).index == entry.index


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"digest": "00"}, "digest"),
        ({"kind": "decision.unmade"}, "kind"),
        ({"campaign": "x"}, "campaign"),
        ({"contributor": "01a20377-2df9-7128-ad6d-f1c9388d70c4"}, "contributor"),
        ({"cursor": "x"}, "cursor"),
        ({"limit": "201"}, "limit"),
    ],
)
async def test_what_is_asked_wrongly_is_named(api: Api, query: dict[str, str], field: str) -> None:
    reply = await api.http.get("/v1/entries", params=query)
    assert (reply.status_code, reply.json()["field"]) == (422, field)


async def test_nothing_there(api: Api) -> None:
    assert (await api.http.get("/v1/entries/1")).status_code == 404
    assert (await api.http.get("/v1/entries/x")).status_code == 404
    assert (await api.http.post("/v1/entries/find", json="x" * 60_000)).status_code == 413
    nobody = "2f728ba6-cef5-4a55-b56d-c762dd4a87eb"
    assert await found(api, contributor=nobody) == []


# ---- no search reads a whole table ----


@pytest.fixture
def asked(both: Api) -> Iterator[list[tuple[str, Any]]]:
    """The statements that reach the database, with their values."""
    with statements_of(both) as statements:
        yield statements


@ON_BOTH
async def test_no_search_reads_a_whole_table(both: Api, asked: list[tuple[str, Any]]) -> None:
    platform = await both.platform()
    campaign = await platform.campaign()
    person, id = "2f728ba6-cef5-4a55-b56d-c762dd4a87eb", "01a20377-2df9-7128-ad6d-f1c9388d70c4"
    members = {"campaign": campaign, "task": id, "contribution": id, "contributor": person, "id": id}
    searches = [*({name: value} for name, value in members.items()), {"kind": "decision.made"}, {"digest": "00" * 32}]
    searches += [{"campaign": campaign, "contributor": person}, {"external_id": "x"}, {}]
    await platform.get("/v1/keys")
    asked.clear()
    for search in searches:
        assert (await platform.get("/v1/entries", **search)).status_code == 200
    # The service looks for deliveries by itself now and then, which has nothing to do with this.
    statements = [each for each in asked if "deliveries" not in each[0] and "hooks" not in each[0]]
    whole = "SCAN" if both.service.reads.database.engine.dialect.name == "sqlite" else "Seq Scan"
    async with both.service.reads.database.engine.connect() as connection:
        if whole == "Seq Scan":  # so small a table would be read whole: ask for the plan of a large one
            await connection.exec_driver_sql("SET enable_seqscan = off")
        for sql, values in statements:
            explain = "EXPLAIN QUERY PLAN " if whole == "SCAN" else "EXPLAIN "
            plan = [str(row[-1]) for row in await connection.exec_driver_sql(explain + sql, values)]
            for line in plan:
                assert not (whole in line and not re.match(r"SCAN (?:\(subquery-|anon_|stretch|CONSTANT)", line)), (
                    sql,
                    plan,
                )
                newest = "INDEX ix_anchors_size" in line  # read from its end, one row
                assert newest or not re.search(r"\(log=\?(?: AND entry_index>\?)?\)$", line), (sql, plan)
