from __future__ import annotations

from tests.unit.connectors.files import DATA, read, table

REPORT = DATA / "kickstarter" / "backer-report.csv"
INDIEGOGO = """Perk ID,Pledge ID,Fulfillment Status,Funding Date,Payment Method,Appearance,Name,Email,Amount,Perk
5,901,Unfulfilled,03/24/2016,Card,Visible,Eli,eli@example.org,"$1,025.00",Early bird
,902,Unfulfilled,03/25/2016,Card,Anonymous,Flo,flo@example.org,30.00,
,903,Unfulfilled,03/25/2016,Card,Anonymous,Gil,gil@example.org,much,
"""


def test_a_backer_report_is_evidence_of_what_was_collected() -> None:
    rows = table(REPORT)
    found = read("kickstarter", REPORT, "backer-report")
    collected = [row for row in rows if row["Pledged Status"] == "collected" and row["Backer UID"]]
    assert [each.backer for each in found.pledges] == [row["Backer UID"] for row in collected]
    assert [each.reason for each in found.skipped] == ["The pledge is dropped."]
    assert [(each.line, "Backer UID" in each.reason) for each in found.refused] == [(6, True)]
    ada = found.pledge("kickstarter:1:1111111111")
    assert (ada.amount, ada.currency) == ("25.00", "USD")
    assert ada.content == {
        "Reward Title": "Book, signed",
        "Reward ID": "77",
        "Reward Minimum": "$20.00 USD",
        "Shipping Country": "US",
        "Pledged Status": "collected",
        "_at": "2015-01-03T15:47:00.000Z",
    }
    other = found.pledge("kickstarter:2:2222222222")
    assert (other.amount, other.currency) == ("1250.50", "GBP")


def test_names_and_addresses_of_backers_are_not_kept() -> None:
    for found in (read("kickstarter", REPORT, "backer-report"), read("indiegogo", INDIEGOGO.encode(), "contributions")):
        assert "example.org" not in repr(found.pledges)
        assert "Ada" not in repr(found.pledges)
        assert "Eli" not in repr(found.pledges)


def test_contributions_to_a_campaign_with_and_without_a_currency() -> None:
    found = read("indiegogo", INDIEGOGO.encode(), "contributions", currency="CAD")
    assert [(each.external_id, each.amount, each.currency) for each in found.pledges] == [
        ("indiegogo:901", "1025.00", "USD"),
        ("indiegogo:902", "30.00", "CAD"),
    ]
    assert found.pledges[0].content == {
        "Perk": "Early bird",
        "Perk ID": "5",
        "Fulfillment Status": "Unfulfilled",
        "Payment Method": "Card",
        "_at": "2016-03-24T00:00:00.000Z",
    }
    assert [each.line for each in found.refused] == [4]
    assert [each.line for each in read("indiegogo", INDIEGOGO.encode(), "contributions").refused] == [3, 4]


def test_days_that_could_be_two_are_not_guessed() -> None:
    head = "Backer Number,Backer UID,Pledge Amount,Pledged At,Pledged Status\n"
    found = read(
        "kickstarter", (head + "1,7,$5 USD,05/12/2014,collected\n2,8,$5,2014/05/12,?!\n").encode(), "backer-report"
    )
    assert "two days" in found.refused[0].reason
    assert [each.reason for each in found.skipped] == ["The pledge is not collected."]
