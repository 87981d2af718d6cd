from __future__ import annotations

import csv
import io

from tests.unit.connectors.files import DATA, read, table

RESULTS = DATA / "turkle" / "turkle-3.1.0-batch-results.csv"
FORM = "batch-results"


def test_a_live_servers_results_are_counted_as_csv_counts_them() -> None:
    rows = table(RESULTS)
    found = read("turkle", RESULTS, FORM)
    # The file ends within its last row: that is said of it, and no half of it is used.
    assert [(each.line, "cut off" in each.reason) for each in found.refused] == [(len(rows) + 1, True)]
    whole = rows[:-1]
    assert len(found.contributions) == len({row["AssignmentId"] for row in whole}) == 14
    assert found.tasks.keys() == {f"turkle:{row['HITId']}" for row in whole}
    assert {each.contributor for each in found.contributions} == {row["WorkerId"] for row in whole}
    assert found.decisions == []


def test_answers_and_inputs_stand_as_they_were_given() -> None:
    found = read("turkle", RESULTS, FORM)
    given = found.contribution("turkle:6")
    assert given.content == {"comment": 'نظر, "quoted"', "entails": "1", "_at": "2026-11-22T02:09:54.000Z"}
    assert (given.contributor, given.task) == ("4", "turkle:1")
    assert found.tasks["turkle:1"].content == {"hypothesis": "Hyp 1", "orig_id": "1", "text": "Text, no 1"}


def test_who_works_without_an_account_is_somebody_new_each_time() -> None:
    rows = table(RESULTS)[:2]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows({**row, "WorkerId": "", "Turkle.Username": ""} for row in rows)
    found = read("turkle", text.getvalue().encode(), FORM)
    assert [each.contributor for each in found.contributions] == ["anonymous:1", "anonymous:6"]
