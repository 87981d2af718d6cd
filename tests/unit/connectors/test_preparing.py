"""What a record becomes on the wire."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from ledger.connectors.preparing import Prepared, Preparer, rate_of
from ledger.connectors.records import ContributionRecord, DecisionRecord, PledgeRecord, Record, Refused
from ledger.errors import ConfigError

CAMPAIGN = "01900000-0000-7000-8000-000000000001"


def paid(bonus: str) -> Record:
    return Record(1, decisions=(DecisionRecord("x:1", "accepted", "x:1:approved", bonus=bonus),))


def bonus_of(money: str, rate: str) -> str | None:
    made = Preparer(CAMPAIGN, rate=rate_of(rate)).prepare(paid(money))
    assert isinstance(made, Prepared), made
    found: str | None = msgspec.json.decode(made.decisions[0].body).get("bonus")
    return found


@pytest.mark.parametrize(
    ("money", "rate", "units"),
    [
        ("0.05", "100", "5"),
        ("3.00", "1", "3"),
        ("0.05", "0", None),
        ("0.00", "100", None),
        ("1.0000000000000000000000001", "1" + "0" * 25, "1" + "0" * 24 + "1"),
    ],
)
def test_a_bonus_is_exact(money: str, rate: str, units: str | None) -> None:
    assert bonus_of(money, rate) == units


@pytest.mark.parametrize(
    ("money", "rate"),
    [
        ("1.0000000000000000000000000001", "1" + "0" * 18),  # 28 digits of a Decimal would make it whole
        ("0.05", "10"),
        ("-1", "100"),
        ("1e3", "100"),
        ("9" * 30, "9" * 30),
    ],
)
def test_a_bonus_that_is_no_whole_number_of_units(money: str, rate: str) -> None:
    refused = Preparer(CAMPAIGN, rate=rate_of(rate)).prepare(paid(money))
    assert isinstance(refused, Refused)
    assert "no whole number of base units" in refused.reason


def test_bonuses_need_a_rate() -> None:
    with pytest.raises(ConfigError, match="platform's money"):
        Preparer(CAMPAIGN).prepare(paid("1"))


@pytest.mark.parametrize("text", ["", "-1", "1e9", "1.", ".5", "١", "1" * 31])
def test_no_rate(text: str) -> None:
    with pytest.raises(ConfigError, match="is no rate"):
        rate_of(text)
    assert rate_of("0.5") == Decimal("0.5")


def test_pledges_where_recorded_work_is_paid() -> None:
    """A backer must not earn tokens for having pledged."""
    pledge = Record(1, pledges=(PledgeRecord("kickstarter:1", "ann", "10.00", "USD", {"Reward": "Mug"}),))
    made = Preparer(CAMPAIGN).prepare(pledge)
    assert isinstance(made, Prepared)
    assert msgspec.json.decode(made.contributions[0].body)["content"]["pledge"]["amount"] == "10.00"
    with pytest.raises(ConfigError, match="pays tokens"):
        Preparer(CAMPAIGN, pays_tokens=True).prepare(pledge)


@pytest.mark.parametrize("own", ["", "x" * 201, "a\nb", "a\x7fb"])
def test_ids_that_cannot_be_kept(own: str) -> None:
    for record in (ContributionRecord(own, "ann", {}), ContributionRecord("x:1", own, {})):
        assert isinstance(Preparer(CAMPAIGN).prepare(Record(1, contributions=(record,))), Refused)
