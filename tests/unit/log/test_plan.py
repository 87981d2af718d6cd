"""Planning: one outcome an item, the book's rules, isolation of platforms, idempotency."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from ledger.book.fold import Book
from ledger.db.rows import CampaignRow, ContentRow, ContributionRow, DecisionRow, FundsRow
from ledger.errors import (
    ClockError,
    FieldError,
    IdReusedError,
    NotFoundError,
    RuleError,
    SignatureError,
)
from ledger.log.items import Item, PoolPlace, Record, RevokeKey
from ledger.log.plan import Planned, Repeated
from ledger.statements import canonical, onchain, signatures
from ledger.statements.campaigns import CampaignFunded, CampaignOpened, PieceRate
from ledger.statements.commitments import Place, commit, verify_opening
from ledger.statements.contributions import ContributionSubmitted, Signature
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import parse
from ledger.statements.log import ClockTick, LogOpened
from ledger.statements.platforms import KeyRotated
from ledger.statements.values import format_time
from tests.unit.log.memory import MemoryLog, outcomes
from tests.unit.log.samples import DAY_MS, ORIGIN, START_MS, Maker
from tests.unit.log.wallets import Wallet

HASH = "0x" + 64 * "1"
ADDRESS = "0x" + 40 * "2"


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def log(maker: Maker) -> MemoryLog:
    """A log with a platform and a campaign."""
    log = MemoryLog()
    opened = LogOpened(v=1, at=format_time(0), origin=ORIGIN, key="key", wallet_delay=3)
    made = log.write(Record(statement=opened), maker.register(), maker.open_campaign())
    assert outcomes(made) == ["Planned"] * 3
    return log


def planned(log: MemoryLog, item: Item, **at: Any) -> Planned:
    (outcome,) = log.write(item, **at).outcomes
    assert isinstance(outcome, Planned), outcome
    return outcome


def refused(log: MemoryLog, item: Item, **at: Any) -> Exception:
    before = (log.tree, len(log.loaded.externals), len(log.loaded.people))
    (outcome,) = log.write(item, **at).outcomes
    assert isinstance(outcome, Exception), outcome
    assert (log.tree, len(log.loaded.externals), len(log.loaded.people)) == before
    return outcome


def repeated(log: MemoryLog, item: Item, **at: Any) -> int:
    """The entry that an item is answered with; nothing new is written."""
    before = log.tree
    (outcome,) = log.write(item, **at).outcomes
    assert isinstance(outcome, Repeated), outcome
    assert log.tree == before
    return outcome.index


def rule(log: MemoryLog, item: Item, **at: Any) -> str:
    error = refused(log, item, **at)
    assert isinstance(error, RuleError), error
    return error.rule


def test_a_contribution_becomes_a_statement_with_a_commitment_to_its_content(log: MemoryLog, maker: Maker) -> None:
    item = maker.submit("ann", content={"label": "spiral"})
    outcome = planned(log, item)
    statement = parse(outcome.statement)
    assert isinstance(statement, ContributionSubmitted)
    assert (statement.id, statement.campaign, statement.contributor) == (item.id, maker.campaign, item.fresh_id)
    assert statement.terms == canonical.digest({"text": "Fair pay."})
    assert outcome.opening is not None
    assert verify_opening(outcome.opening, statement.commitment) == {"label": "spiral"}
    preimage = canonical.decode(outcome.opening.preimage)
    assert isinstance(preimage, dict)
    assert (preimage["log"], preimage["contributor"], preimage["purpose"]) == (ORIGIN, item.fresh_id, "contribution")
    assert b"ann" not in outcome.statement


def test_a_person_keeps_the_first_public_id(log: MemoryLog, maker: Maker) -> None:
    first, second = maker.submit("ann"), maker.submit("ann")
    made = log.write(first, second)
    again = planned(log, maker.submit("ann"))
    statements = [parse(each.statement) for each in (*made.outcomes, again) if isinstance(each, Planned)]
    assert {each.contributor for each in statements if isinstance(each, ContributionSubmitted)} == {first.fresh_id}


def test_a_public_id_of_somebody_else_is_refused(log: MemoryLog, maker: Maker) -> None:
    first = maker.submit("ann")
    planned(log, first)
    error = refused(log, maker.submit("bob", fresh_id=first.fresh_id))
    assert isinstance(error, RuleError)
    assert error.rule == "id-unused"


def test_a_failed_submission_makes_nobody_known(log: MemoryLog, maker: Maker) -> None:
    assert isinstance(refused(log, maker.submit("ann", terms="0" * 64)), RuleError)
    item = maker.submit("ann")
    statement = parse(planned(log, item).statement)
    assert isinstance(statement, ContributionSubmitted)
    assert statement.contributor == item.fresh_id


def test_items_of_a_group_see_those_before_them(log: MemoryLog, maker: Maker) -> None:
    task = maker.add_task(external_id="t1")
    work = maker.submit("ann", task_external_id="t1", external_id="c1")
    decision = maker.decide(contribution_external_id="c1", reviewer="rev", feedback="Well done")
    made = log.write(task, work, decision)
    assert outcomes(made) == ["Planned"] * 3
    submitted, decided = (parse(each.statement) for each in made.outcomes[1:] if isinstance(each, Planned))
    assert isinstance(submitted, ContributionSubmitted)
    assert isinstance(decided, DecisionMade)
    assert submitted.task == task.id
    assert decided.contribution == work.id
    last = made.outcomes[2]
    assert isinstance(last, Planned)
    assert last.opening is not None
    place = Place("feedback", ORIGIN, maker.campaign, contributor=decided.reviewer, subject=work.id)
    preimage = canonical.decode(last.opening.preimage)
    assert isinstance(preimage, dict)
    assert (preimage["subject"], preimage["contributor"]) == (place.subject, place.contributor)
    assert [type(row) for row in made.rows.new[ContributionRow] + made.rows.new[DecisionRow]]
    assert len(made.rows.new[ContentRow]) == 3


def test_a_bad_item_leaves_the_others_of_its_group_alone(log: MemoryLog, maker: Maker) -> None:
    bad_score = maker.submit("ann")
    made = log.write(
        maker.submit("ann"),
        maker.submit("ann", campaign=maker.id()),
        bad_score,
        maker.decide(bad_score.id, score="1.5"),
        maker.decide(bad_score.id),
    )
    assert outcomes(made) == ["Planned", "NotFoundError", "Planned", "FieldError", "Planned"]
    assert [each.index for each in made.outcomes if isinstance(each, Planned)] == [3, 4, 5]


def test_nobody_decides_on_their_own_work(log: MemoryLog, maker: Maker) -> None:
    work = maker.submit("ann")
    planned(log, work)
    error = refused(log, maker.decide(work.id, reviewer="ann"))
    assert isinstance(error, RuleError)
    assert error.rule == "no-self-review"


def test_another_platforms_things_are_missing(log: MemoryLog, maker: Maker) -> None:
    other = Maker("other")
    log.write(other.register(), other.open_campaign())
    task, work = maker.add_task(external_id="t"), maker.submit("ann", external_id="c")
    log.write(task, work)
    strange: dict[str, Item] = {
        "campaign": other.submit(campaign=maker.campaign),
        "task": other.submit(task=task.id),
        "task_external_id": other.submit(task_external_id="t"),
        "replaces": other.submit(replaces=work.id),
        "contribution": other.decide(work.id),
        "contribution_external_id": other.decide(contribution_external_id="c"),
        "add_task": other.add_task(campaign=maker.campaign),
        "close": other.close_campaign(campaign=maker.campaign),
        "link": other.link(work.fresh_id, ADDRESS, "m", HASH),
        "key": RevokeKey(platform=other.platform, key_id=next(iter(log.loaded.keys[maker.platform]))),
    }
    for name, item in strange.items():
        error = refused(log, item)
        assert isinstance(error, NotFoundError), name
    missing = refused(log, other.decide(other.id()))
    known = refused(log, other.decide(work.id))
    assert str(missing).split()[5:] == str(known).split()[5:]  # nothing tells which of the two it was


def test_the_same_external_id_with_the_same_content_is_repeated(log: MemoryLog, maker: Maker) -> None:
    first = maker.submit("ann", external_id="c1")
    again = maker.submit("ann", external_id="c1")  # new id, salt and fresh_id
    made = log.write(first, again)
    index = planned_index(made.outcomes[0])
    assert made.outcomes[1] == Repeated(first.id, index, "contribution")
    assert log.write(again).outcomes == [Repeated(first.id, index, "contribution")]
    assert len(log.entries) == index + 1


def planned_index(outcome: object) -> int:
    assert isinstance(outcome, Planned)
    return outcome.index


@pytest.mark.parametrize(
    "members",
    [{"content": {"label": "elliptic"}}, {"contributor": "bob"}, {"terms": "0" * 64}, {"task": "x"}, {"content": None}],
)
def test_the_same_external_id_with_other_content_is_refused(
    log: MemoryLog, maker: Maker, members: dict[str, Any]
) -> None:
    planned(log, maker.submit("ann", external_id="c1"))
    assert isinstance(refused(log, replace(maker.submit("ann", external_id="c1"), **members)), IdReusedError)


def test_an_external_id_of_a_refused_item_is_free(log: MemoryLog, maker: Maker) -> None:
    refused(log, maker.submit("ann", external_id="c1", terms="0" * 64))
    planned(log, maker.submit("ann", external_id="c1"))


def test_external_ids_are_of_one_platform_and_kind(log: MemoryLog, maker: Maker) -> None:
    other = Maker("other")
    log.write(other.register(), other.open_campaign())
    made = log.write(
        maker.submit("ann", external_id="1"), other.submit("ann", external_id="1"), maker.add_task(external_id="1")
    )
    assert outcomes(made) == ["Planned"] * 3


@pytest.mark.parametrize("kind", ["submit", "decide", "add_task", "open_campaign", "register"])
def test_an_id_used_before_is_refused(log: MemoryLog, maker: Maker, kind: str) -> None:
    work = maker.submit("ann")
    planned(log, work)
    item: Item = maker.decide(work.id) if kind == "decide" else getattr(maker, kind)()
    if kind in ("submit", "decide", "add_task"):
        planned(log, item)
    error = refused(log, item)
    assert isinstance(error, RuleError)


def test_a_campaign_in_a_pool_carries_the_charter_that_the_book_recomputes(log: MemoryLog, maker: Maker) -> None:
    place = PoolPlace(chain_id=31337, pool=ADDRESS, log_id=HASH, opener=ADDRESS)
    goal = {"goal": "10", "funding_deadline": format_time(START_MS + DAY_MS)}
    made = log.write(maker.open_campaign(id=maker.id(), place=place, **goal))
    (outcome,) = made.outcomes
    assert isinstance(outcome, Planned)
    statement = parse(outcome.statement)
    assert isinstance(statement, CampaignOpened)
    assert statement.onchain is not None
    assert statement.onchain.id == onchain.campaign_id(ADDRESS, HASH, onchain.charter(statement))
    (row,) = made.rows.new[CampaignRow]
    assert isinstance(row, CampaignRow)
    assert (row.title, row.brief) == ("Galaxies", '{"question":"Which shape?"}')
    funded = CampaignFunded(
        v=1,
        at=format_time(0),
        campaign=statement.id,
        block=7,
        block_hash=HASH,
        funded="10",
        returned="0",
        goal_reached=True,
        closed=False,
    )
    recorded = log.write(Record(statement=funded))
    assert recorded.rows.funds == [FundsRow(statement.id, "10", "0", True, False, 7, 4)]
    assert parse(recorded.outcomes[0].statement).at == format_time(START_MS)  # type: ignore[union-attr]


def test_a_malformed_opener_is_a_field_error(log: MemoryLog, maker: Maker) -> None:
    place = PoolPlace(chain_id=31337, pool=ADDRESS, log_id=HASH, opener="0xzz")
    assert isinstance(refused(log, maker.open_campaign(id=maker.id(), place=place)), FieldError)


def test_a_closed_campaign_takes_nothing_more(log: MemoryLog, maker: Maker) -> None:
    made = log.write(maker.close_campaign(), maker.submit("ann"), maker.close_campaign())
    assert outcomes(made) == ["Planned", "RuleError", "Repeated"]
    assert made.rows.changed == [("close", (maker.campaign, 3))]
    assert log.write(maker.close_campaign()).outcomes == [Repeated(maker.campaign, 3, "")]


def test_keys_are_stated_whole_and_sorted(log: MemoryLog, maker: Maker) -> None:
    made = log.write(*[maker.add_key() for _ in range(3)])
    statement = parse(made.outcomes[2].statement)  # type: ignore[union-attr]
    assert isinstance(statement, KeyRotated)
    ids = [key.id for key in statement.keys]
    assert ids == sorted(log.loaded.keys[maker.platform])
    revoked = log.write(RevokeKey(platform=maker.platform, key_id=ids[0]))
    after = parse(revoked.outcomes[0].statement)  # type: ignore[union-attr]
    assert isinstance(after, KeyRotated)
    assert [key.id for key in after.keys] == ids[1:]
    assert revoked.rows.changed == [("revoke", (ids[0], 6))]
    assert isinstance(refused(log, RevokeKey(platform=maker.platform, key_id=ids[0])), NotFoundError)


def test_a_wallet_is_linked_once_with_one_message(log: MemoryLog, maker: Maker) -> None:
    """The same signed message again is answered with the link it made, even after a later one; it links nothing."""
    work = maker.submit("ann")
    log.write(work)
    who, wallet = work.fresh_id, Wallet(7)

    def link(wallet: Wallet, replaces: int | None, contributor: str = who, start_ms: int = START_MS) -> Item:
        message = wallet.message(contributor, replaces, start_ms)
        return maker.link(contributor, wallet.address, message, wallet.sign(message))

    first = planned(log, link(wallet, None))
    assert repeated(log, link(wallet, None)) == first.index
    assert rule(log, link(wallet, None, start_ms=START_MS - 1000)) == "link-replaces-latest"  # another message
    assert isinstance(refused(log, link(wallet, None, maker.submit("bob").fresh_id)), NotFoundError)
    later = START_MS + 4_000
    second = planned(log, link(Wallet(8), first.index), now_ms=later)
    assert repeated(log, link(wallet, None)) == first.index
    assert repeated(log, link(Wallet(8), first.index), now_ms=later) == second.index
    assert rule(log, link(wallet, None, start_ms=later), now_ms=later) == "link-replaces-latest"
    latest = log.loaded.facts.links[who]
    assert (latest.index, latest.address, latest.previous) == (second.index, Wallet(8).address, wallet.address)


def test_a_link_with_another_consent_is_no_repetition(log: MemoryLog, maker: Maker) -> None:
    work = maker.submit("ann")
    log.write(work)
    old, new = Wallet(7), Wallet(8)
    message = old.message(work.fresh_id, None)
    first = planned(log, maker.link(work.fresh_id, old.address, message, old.sign(message)))
    message = new.message(work.fresh_id, first.index)
    item = maker.link(work.fresh_id, new.address, message, new.sign(message))
    later = START_MS + 4_000
    planned(log, item, now_ms=later)
    assert rule(log, replace(item, consent=old.sign(message)), now_ms=later) == "link-replaces-latest"


def test_a_reviewer_may_link_a_wallet(log: MemoryLog, maker: Maker) -> None:
    work = maker.submit("ann")
    decision = maker.decide(work.id, reviewer="rev")
    log.write(work, decision)
    message = Wallet(7).message(decision.fresh_id, None)
    planned(log, maker.link(decision.fresh_id, Wallet(7).address, message, Wallet(7).sign(message)))


def test_a_signed_contribution_is_checked(maker: Maker) -> None:
    domain = signatures.Domain(31337, ADDRESS, HASH)
    log = MemoryLog(domain)
    opened = LogOpened(v=1, at=format_time(0), origin=ORIGIN, key="key", wallet_delay=3)
    log.write(Record(statement=opened), maker.register(), maker.open_campaign())
    item = maker.submit("ann")
    unsigned = MemoryLog()
    unsigned.loaded, unsigned.tree, unsigned.at_ms = log.loaded, log.tree, log.at_ms
    wallet = Wallet(7)
    place = Place("contribution", ORIGIN, maker.campaign, contributor=item.fresh_id)
    digest = signatures.contribution_digest(
        domain,
        campaign=maker.campaign,
        contributor=item.fresh_id,
        commitment=commit(place, item.content, item.salt).commitment,
        terms=canonical.digest({"text": "Fair pay."}),
    )
    signature = Signature(address=wallet.address, value=wallet.sign_digest(digest))
    wrong = Signature(address=ADDRESS, value=signature.value)
    assert isinstance(refused(unsigned, replace(item, signature=signature)), FieldError)
    assert isinstance(refused(log, replace(item, signature=wrong)), SignatureError)
    planned(log, replace(item, signature=signature))


def test_the_service_records_its_own_kinds_only(log: MemoryLog, maker: Maker) -> None:
    planned(log, Record(statement=ClockTick(v=1, at=format_time(0))))
    statement = parse(planned(log, maker.submit("ann")).statement)
    assert isinstance(refused(log, Record(statement=statement)), FieldError)
    again = LogOpened(v=1, at=format_time(0), origin=ORIGIN, key="key", wallet_delay=3)
    assert isinstance(refused(log, Record(statement=again)), RuleError)


def test_time_never_goes_back_and_never_leaps(log: MemoryLog, maker: Maker) -> None:
    planned(log, maker.submit("ann"), now_ms=START_MS + 1000)
    assert parse(planned(log, maker.submit("ann"), now_ms=START_MS).statement).at == format_time(START_MS + 1000)
    with pytest.raises(ClockError):
        log.write(maker.submit("ann"), now_ms=START_MS - 60_000)
    later = START_MS + 3 * DAY_MS
    with pytest.raises(ClockError):
        log.write(maker.submit("ann"), now_ms=later)
    with pytest.raises(ClockError):
        log.write(maker.submit("ann"), now_ms=later, confirmed_ms=START_MS + DAY_MS)
    planned(log, maker.submit("ann"), now_ms=later, confirmed_ms=later - DAY_MS)


def test_what_is_planned_takes_effect_in_a_replay(log: MemoryLog, maker: Maker) -> None:
    work = maker.submit("ann", external_id="1")
    log.write(work, maker.decide(work.id), maker.submit("bob"), maker.close_campaign())
    book = Book()
    for entry in log.entries:
        book.fold(parse(entry.statement), entry.entry_index)
    assert not book.findings
    assert book.size == len(log.entries) == 7


def test_an_amount_that_no_contract_holds_is_a_field_error(log: MemoryLog, maker: Maker) -> None:
    too_much = maker.open_campaign(id=maker.id(), policy=PieceRate(amount=str(2**120)))
    assert isinstance(refused(log, too_much), FieldError)
