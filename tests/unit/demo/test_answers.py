from pathlib import Path

import pytest

from ledger.demo.answers import mixed, read_answers, tasks_of, truth_of, workers_of
from ledger.errors import FormatError

DATA = Path(__file__).parents[2] / "data" / "snow2008-rte.csv"


def test_the_real_answers_are_read_whole():
    answers = read_answers(DATA)
    assert (len(answers), len(workers_of(answers)), len(tasks_of(answers))) == (8000, 164, 800)
    assert len(truth_of(answers, DATA)) == 800


def test_some_questions_only():
    answers = read_answers(DATA, questions=40)
    assert len({answer.task for answer in answers}) == 40
    assert len(answers) == 400


def test_questions_of_every_class_in_turn(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("task,worker,label,truth\n" + "".join(f"{task},a,1,{int(task > 3)}\n" for task in range(6)))
    answers = read_answers(path)
    assert tasks_of(mixed(answers, truth_of(answers, path), 3)) == ["0", "1", "4"]
    assert mixed(answers, truth_of(answers, path), None) == answers


@pytest.mark.parametrize(
    ("rows", "words"), [("q,a,1,\n", "line 2: question q has no"), ("q,a,1,1\nq,b,1,0\n", "line 3")]
)
def test_a_question_needs_one_gold_answer_where_there_are_judges(tmp_path, rows, words):
    path = tmp_path / "answers.csv"
    path.write_text(f"task,worker,label,truth\n{rows}")
    with pytest.raises(FormatError, match=words):
        truth_of(read_answers(path), path)


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
