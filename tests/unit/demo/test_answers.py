from pathlib import Path

import pytest

from ledger.demo.answers import judge, method_of, read_answers
from ledger.errors import FormatError

DATA = Path(__file__).parents[2] / "data" / "snow2008-rte.csv"


def test_the_real_answers_are_judged_as_counted_independently():
    answers = read_answers(DATA)
    judgements = judge(answers)
    assert (len(answers), len({answer.worker for answer in answers}), len(judgements)) == (8000, 164, 8000)
    assert sum(each.accepted for each in judgements if not each.by_person) == 5672
    assert len({each.answer.task for each in judgements if each.by_person}) == 65
    assert sum(each.accepted for each in judgements if each.by_person) == 325
    assert {method_of(each).type for each in judgements} == {"human", "consensus"}


def test_some_questions_only():
    answers = read_answers(DATA, questions=40)
    assert len({answer.task for answer in answers}) == 40
    assert len(answers) == 400


def test_without_gold_answers_a_tie_rejects_nobody(tmp_path):
    path = tmp_path / "poll.csv"
    path.write_text("task,worker,label\nq,a,yes\nq,b,no\n")
    assert [(each.accepted, each.by_person) for each in judge(read_answers(path))] == [(True, True), (True, True)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1"),
        ("task,worker\n", "line 1"),
        ("task,worker,label\n", "no answers"),
        ("task,worker,label\nq,a,yes\nq,b\n", "line 3"),
        ("task,worker,label\nq,,yes\n", "line 2"),
        (f"task,worker,label\nq,a,{'x' * 300}\n", "line 2"),
        ("task,worker,label\nq,a,   \n", "line 2: a value is empty"),
        ("task,worker,label\nq,a,1\nq\x01,b,1\n", "line 3: a value holds a control character"),
        ('task,worker,label\nq,"Ann\nB",1\n', "a value holds a control character"),
    ],
)
def test_bad_files_are_named_with_their_line(tmp_path, text, words):
    path = tmp_path / "answers.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=words):
        read_answers(path)


def test_spaces_around_values_do_not_count(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("task, worker, label\nq, ann, yes\nq, bob,yes \n")
    assert [(each.worker, each.label) for each in read_answers(path)] == [("ann", "yes"), ("bob", "yes")]


def test_a_missing_or_binary_file(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00task")
    for name in ("x.csv", "none.csv"):
        with pytest.raises(FormatError, match="cannot be read"):
            read_answers(tmp_path / name)
