"""What is refused under the lock because of what the log already says."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.errors import FieldError, RuleError
from ledger.log.items import AddKey, Item, Record, RevokeKey
from ledger.log.plan import Outcome, Planned
from ledger.statements.kinds import parse
from ledger.statements.log import LogOpened
from ledger.statements.platforms import MAX_KEYS, KeyRotated
from ledger.statements.values import format_time, time_ms
from tests.unit.log.memory import MemoryLog, outcomes
from tests.unit.log.samples import ORIGIN, PLACE, Maker


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def log(maker: Maker) -> MemoryLog:
    """A log with a platform."""
    log = MemoryLog()
    opened = LogOpened(v=1, at=format_time(0), origin=ORIGIN, key="key", wallet_delay=3)
    log.write(Record(statement=opened), maker.register())
    return log


def outcome(log: MemoryLog, item: Item) -> Outcome:
    (one,) = log.write(item).outcomes
    return one


def test_the_last_admin_key_stays(log: MemoryLog, maker: Maker) -> None:
    (first,) = log.loaded.keys[maker.platform]
    submit_only = replace(maker.add_key().key, scopes=("submit",))
    revoke_first = RevokeKey(platform=maker.platform, key_id=first)
    log.write(AddKey(platform=maker.platform, key=submit_only))
    refused = outcome(log, revoke_first)
    assert isinstance(refused, RuleError)
    assert refused.rule == "last-admin-key"
    assert "Add another key" in refused.remedy
    added = maker.add_key()
    revoke_added = RevokeKey(platform=maker.platform, key_id=added.key.id)
    revoke_other = RevokeKey(platform=maker.platform, key_id=submit_only.id)
    made = log.write(added, revoke_first, revoke_added, revoke_other)
    assert outcomes(made) == ["Planned", "Planned", "RuleError", "Planned"]


def test_a_platform_has_so_many_keys_and_is_told_so(log: MemoryLog, maker: Maker) -> None:
    for _ in range(MAX_KEYS - len(log.loaded.keys[maker.platform])):
        log.write(maker.add_key())
    refused = outcome(log, maker.add_key())
    assert isinstance(refused, RuleError)
    assert refused.rule == "keys-bounded"
    log.write(RevokeKey(platform=maker.platform, key_id=next(iter(log.loaded.keys[maker.platform]))))
    log.write(maker.add_key())


def test_the_last_admin_key_does_not_expire(log: MemoryLog, maker: Maker) -> None:
    (first,) = log.loaded.keys[maker.platform]
    soon = replace(maker.add_key().key, expires_ms=10**13)
    log.write(AddKey(platform=maker.platform, key=soon))
    for refused in (
        outcome(log, RevokeKey(platform=maker.platform, key_id=first)),
        outcome(
            log, AddKey(platform=maker.platform, key=replace(maker.add_key().key, scopes=("submit",)), rotates=first)
        ),
    ):
        assert isinstance(refused, RuleError)
        assert refused.rule == "last-admin-key"
    rotated = AddKey(platform=maker.platform, key=maker.add_key().key, rotates=first, overlap_ms=5000, by=first)
    (planned,) = log.write(rotated).outcomes
    assert isinstance(planned, Planned)
    statement = parse(planned.statement)
    assert isinstance(statement, KeyRotated)
    assert statement.by == first
    ends = {key.id: key.expires for key in statement.keys}
    assert ends[first] == format_time(time_ms(statement.at) + 5000)
    assert ends[rotated.key.id] is None
    assert ends[soon.id] == format_time(10**13)


def test_a_rotated_key_is_not_good_for_longer(log: MemoryLog, maker: Maker) -> None:
    soon = replace(maker.add_key().key, expires_ms=10**12 * 9)
    log.write(AddKey(platform=maker.platform, key=soon))
    never = 10**13
    made = AddKey(platform=maker.platform, key=maker.add_key().key, rotates=soon.id, overlap_ms=never)
    log.write(made)
    assert log.loaded.keys[maker.platform][soon.id].expires_ms == 10**12 * 9


def test_a_key_whose_time_is_over(log: MemoryLog, maker: Maker) -> None:
    refused = outcome(log, AddKey(platform=maker.platform, key=replace(maker.add_key().key, expires_ms=1)))
    assert isinstance(refused, FieldError)
    assert refused.field == "expires"


def test_a_record_of_older_funds_is_refused(log: MemoryLog, maker: Maker) -> None:
    log.write(maker.open_campaign(place=PLACE))
    made = log.write(*[maker.funded(maker.campaign, block) for block in (7, 6, 7)])
    assert outcomes(made) == ["Planned", "RuleError", "Planned"]
    again = outcome(log, maker.funded(maker.campaign, 6))
    assert isinstance(again, RuleError)
    assert again.rule == "funds-newest"
