from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ledger.demo.survey import read_votes, repeated, tally
from ledger.errors import FormatError

DATA = Path(__file__).parents[2] / "data" / "surveys" / "frackfinder-oh-2014-task_run.json"


def run(number: int, **change: Any) -> dict[str, Any]:
    members = {"id": number, "task_id": 1, "user_id": 7, "user_ip": None, "finish_time": f"2014-01-01T00:00:0{number}"}
    return members | {"info": {"selection": "pad"}} | change


def written(path: Path, *runs: dict[str, Any]) -> Path:
    path.write_text(json.dumps(runs))
    return path


def test_the_real_survey_is_counted_as_by_hand() -> None:
    votes = read_votes(DATA)
    runs = json.loads(DATA.read_text())
    seen: set[tuple[object, ...]] = set()
    counts: Counter[str] = Counter()
    for each in sorted(runs, key=lambda one: (one["finish_time"], one["id"])):
        who = (each["task_id"], each["user_id"], each["user_ip"])
        counts[each["info"]["selection"]] += who not in seen
        seen.add(who)
    invalid = repeated(votes)
    assert (len(votes), len({vote.person for vote in votes}), len({vote.question for vote in votes})) == (1422, 17, 142)
    assert invalid == {"run-136427", "run-136428", "run-136429", "run-137489", "run-137490"}
    assert tally(vote.choice for vote in votes if vote.run not in invalid) == dict(sorted(counts.items()))


def test_who_answers_again_has_one_voice_the_first(tmp_path: Path) -> None:
    votes = read_votes(written(tmp_path / "runs.json", run(2), run(1), run(3, user_id=8), run(4, task_id=2)))
    assert [vote.run for vote in votes] == ["run-1", "run-2", "run-3", "run-4"]
    assert repeated(votes) == {"run-2"}


def test_an_account_and_an_address_are_different_people(tmp_path: Path) -> None:
    path = written(tmp_path / "runs.json", run(1), run(2, user_id=None, user_ip="7"))
    assert [vote.person for vote in read_votes(path)] == ["user-7", "address-7"]


def test_some_questions_only(tmp_path: Path) -> None:
    path = written(tmp_path / "runs.json", run(1, task_id=9), run(2, task_id=3))
    assert [vote.question for vote in read_votes(path, questions=1)] == ["task-3"]


@pytest.mark.parametrize("text", ["", "{}", '[{"id":1}]', "[]", '[{"id":1,"task_id":1,"info":{},"finish_time":""}]'])
def test_what_is_no_export_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "runs.json").write_text(text)
    with pytest.raises(FormatError):
        read_votes(tmp_path / "runs.json")


def test_an_answer_of_nobody_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="task run 5"):
        read_votes(written(tmp_path / "runs.json", run(5, user_id=None)))
