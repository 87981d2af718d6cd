from __future__ import annotations

import pytest

from ledger.errors import FormatError
from ledger.statements.decisions import Method
from tests.unit.connectors.files import DATA, read, table

FORM = "full-report"
REPORT = DATA / "crowdflower" / "crowdtruth-relex-binary-choice.csv"
HEADER = (
    "_unit_id,_created_at,_golden,_id,_missed,_started_at,_tainted,_channel,_trust,_worker_id,q,a,a_gold,a_gold_reason"
)


def report(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


def test_a_real_report_is_counted_as_csv_counts_it() -> None:
    rows = table(REPORT)
    found = read("crowdflower", REPORT, FORM)
    assert found.refused == found.skipped == []
    assert [each.external_id for each in found.contributions] == [f"crowdflower:{row['_id']}" for row in rows]
    assert len(found.contributions) == 150
    assert found.tasks.keys() == {f"crowdflower:{row['_unit_id']}" for row in rows}
    assert {each.contributor for each in found.contributions} == {row["_worker_id"] for row in rows}
    for row, given, made in zip(rows, found.contributions, found.decisions, strict=True):
        assert isinstance(given.content, dict)
        assert given.content.keys() == {"top_member_employee", "_at"}
        assert given.content["top_member_employee"] == row["top_member_employee"]
        assert made.verdict == "accepted"
        assert float(made.score or 0) == float(row["_trust"])
        assert made.method == Method(type="gold", name="crowdflower.trust", parameters={"trust": row["_trust"]})


def test_what_was_shown_is_no_answer() -> None:
    task = read("crowdflower", REPORT, FORM).tasks["crowdflower:897534786"]
    assert isinstance(task.content, dict)
    assert task.content["term1"] == "Karim Benzema"
    assert "top_member_employee" not in task.content


def test_the_tainted_and_the_missed_are_rejected_with_words() -> None:
    found = read(
        "crowdflower",
        report(
            "1,3/24/2016 17:57:02,false,7,,3/24/2016 17:56:00,true,x,0.4,w1,q1,yes,no,because",
            "1,3/24/2016 17:57:02,true,8,true,3/24/2016 17:56:00,false,x,0.9,w2,q1,yes,no,because",
            "1,3/24/2016 17:57:02,true,9,false,3/24/2016 17:56:00,false,x,0.9,w3,q1,no,no,because",
        ),
        FORM,
    )
    tainted, missed, right = found.decisions
    assert (tainted.verdict, tainted.score, missed.verdict, right.verdict, right.score) == (
        "rejected",
        "0",
        "rejected",
        "accepted",
        "0.9",
    )
    assert "tainted" in str(tainted.feedback)
    assert "because" in str(missed.feedback)
    assert found.tasks["crowdflower:1"].content == {"q": "q1"}


def test_where_nothing_tells_the_answers_the_option_does() -> None:
    text = report("1,3/24/2016 17:57:02,,7,,3/24/2016 17:56:00,false,x,1,w1,q1,yes,,").replace(b"a_gold", b"a_note")
    with pytest.raises(FormatError, match="answers"):
        read("crowdflower", text, FORM)
    assert read("crowdflower", text, FORM, answers="a").contributions[0].content == {
        "a": "yes",
        "_at": "2016-03-24T17:57:02.000Z",
    }
    with pytest.raises(FormatError, match="no column 'b'"):
        read("crowdflower", text, FORM, answers="b")


def test_a_trust_that_is_none_costs_its_row() -> None:
    rows = [
        f"1,3/24/2016 17:57:02,,{n},,3/24/2016 17:56:00,false,x,{t},w1,q1,yes,no,"
        for n, t in enumerate(("2", "x", "1"))
    ]
    found = read("crowdflower", report(*rows), FORM)
    assert [each.line for each in found.refused] == [2, 3]
    assert len(found.records) == 1
