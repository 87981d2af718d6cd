"""Platforms that use the same external ids and the same names of people, written in one group, are kept apart."""

from __future__ import annotations

from ledger.db.loading import Lookup, Queries
from ledger.db.postgres import PostgresStore
from ledger.errors import NotFoundError
from ledger.log.items import Decide, Submit, Written
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.kinds import parse
from tests.integration.log.conftest import OpenLog
from tests.unit.log.samples import Maker

PLATFORMS = 6
IDS = [str(number) for number in range(20)]


async def test_the_same_ids_on_many_platforms_name_different_things(log: OpenLog) -> None:
    makers = [Maker(seed=f"platform {number}", start_ms=log.maker.start_ms) for number in range(PLATFORMS)]
    for maker in makers:
        await log.writer.write(maker.register())
        await log.writer.write(maker.open_campaign())

    def items() -> list[Submit]:
        return [
            maker.submit(f"w{int(each) % 7}", external_id=each, content={"by": number, "what": each})
            for number, maker in enumerate(makers)
            for each in IDS
        ]

    first = written(await log.writer.write_many(items()))
    assert not any(each.repeated for each in first)
    again = written(await log.writer.write_many(items()))
    assert [each.index for each in again] == [each.index for each in first]
    assert all(each.repeated for each in again)
    people = [submitted(each).contributor for each in first]
    assert len(set(people)) == PLATFORMS * 7
    assert [submitted(each).campaign for each in first] == [maker.campaign for maker in makers for _ in IDS]

    # The last platform has no such contribution, though the first has: in one group with one that asks rightly.
    new = makers[-1].submit("w0", external_id="only here")
    await log.writer.write(new)
    asking = [decided(maker, "only here") for maker in makers] + [decided(maker, IDS[0]) for maker in makers]
    results = await log.writer.write_many(asking)
    assert [type(each) for each in results] == [NotFoundError] * (PLATFORMS - 1) + [Written] * (PLATFORMS + 1)


async def test_a_group_of_many_platforms_reads_only_what_it_asks_for(log: OpenLog) -> None:
    """The rows grow with what is wanted, not with all combinations of platforms and ids."""
    if not log.url.startswith("postgresql"):
        return
    makers = [Maker(seed=f"platform {number}", start_ms=log.maker.start_ms) for number in range(PLATFORMS)]
    for maker in makers:
        await log.writer.write(maker.register())
        await log.writer.write(maker.open_campaign())
    await log.writer.write_many([maker.submit("ann", external_id=each) for maker in makers for each in IDS])
    store = log.writer._store
    assert isinstance(store, PostgresStore)
    wanted = [
        (maker.platform, "contribution", each) for number, maker in enumerate(makers) for each in IDS[number * 3 :][:3]
    ]
    driver = await store._driver()
    sql = (
        "SELECT t.platform, t.kind, t.external_id FROM {wanted} CROSS JOIN externals AS t "
        "WHERE t.log = {log} AND t.platform = wanted.a AND t.kind = wanted.b AND t.external_id = wanted.c"
    )
    assert sorted((await store._do(driver, Queries([Lookup(sql, wanted)])))[0]) == sorted(wanted)


def written(results: object) -> list[Written]:
    assert isinstance(results, list)
    assert all(isinstance(each, Written) for each in results), results
    return results


def submitted(result: Written) -> ContributionSubmitted:
    statement = parse(result.statement)
    assert isinstance(statement, ContributionSubmitted)
    return statement


def decided(maker: Maker, external_id: str) -> Decide:
    return maker.decide(contribution_external_id=external_id)
