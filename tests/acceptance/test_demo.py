"""The demo as a user types it, on some of the real questions; every figure is counted again from the file."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "snow2008-rte.csv"
RATE = 5 * 10**16


def count(questions):
    """(answers, people, accepted) by the rule that the README tells, counted without the project's code."""
    groups = defaultdict(list)
    with DATA.open(newline="") as file:
        for row in csv.DictReader(file):
            groups[row["task"]].append(row)
    chosen = list(groups.values())[:questions]
    accepted = Counter()
    for rows in chosen:
        votes = Counter(row["label"] for row in rows).most_common()
        tied = len(votes) > 1 and votes[0][1] == votes[1][1]
        for row in rows:
            accepted[row["worker"]] += row["label"] == (row["truth"] if tied else votes[0][0])
    people = {row["worker"] for rows in chosen for row in rows}
    return sum(map(len, chosen)), len(people), accepted


def test_the_whole_job_on_forty_questions(tmp_path):
    command = [sys.executable, "-m", "ledger.cli", "demo", "--questions", "40", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    answers, people, accepted = count(40)
    assert (result["contributions"], result["decisions"], result["contributors"]) == (answers, answers, people)
    assert result["accepted"] == accepted.total()
    assert result["awarded_total"] == result["paid_total"] == str(RATE * accepted.total())
    assert result["claims"] == sum(1 for number in accepted.values() if number)
    assert (result["audit"], result["tampered_audit"]) == ("pass", "fail")
    old, new = result["tampered_range"]
    assert old <= result["tampered_entry"] < new
    assert result["anchored_size"] == result["entries"] > 2 * answers
    assert result["gas"].keys() == {"anchor", "propose", "claim"}
    assert all(gas["total"] >= gas["per_item"] > 0 for gas in result["gas"].values())
    assert sum(result["phases"].values()) <= result["seconds"]
    assert "DelayNotOver" in result["early_activation"]
    assert "InvalidProof" in result["early_claim"]
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_answers_is_refused_with_its_line(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("task,worker,label\nq1,a,yes\nq1,b\n")
    command = [sys.executable, "-m", "ledger.cli", "demo", "--data", str(bad)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "line 3" in done.stderr
