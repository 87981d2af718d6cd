"""Which connector reads a file: the one that is named, the one it looks like, a mapping that is kept or asked for."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from ledger.cli.importing import choosing
from ledger.cli.importing.choosing import Choice, ask, choose, fitting
from ledger.connectors.mapping import ContributionMapping, Mapping
from ledger.connectors.reading.glance import glance
from ledger.connectors.registry import find
from ledger.errors import ConfigError

TURKLE = '"HITId","AssignmentId","WorkerId","AcceptTime","SubmitTime","Input.text","Answer.label","Turkle.Username"\n'
MAPPING = 'name = "board"\n[contribution]\nid = ["Team"]\ncontributor = "Team"\n'


def file(folder: Path, text: str, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def typed(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Somebody sits before the terminal and types these."""
    monkeypatch.setattr(choosing, "_somebody_looks", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))


def test_as_named(tmp_path: Path) -> None:
    path = file(tmp_path, "worker,label\nann,yes\n")
    found = choose("turkle", path, None)
    assert (found.connector.name, found.form.name, found.how) == ("turkle", "batch-results", "as named")
    found = choose("pybossa:tasks", path, None)
    assert (found.connector.name, found.form.name, found.how) == ("pybossa", "tasks", "as named")


def test_the_form_of_a_named_one_by_its_columns(tmp_path: Path) -> None:
    columns = ("Participant id", "Submission id", "Status", "Started at", "Completed at", "Time taken", "Custom study")
    path = file(tmp_path, ",".join(columns) + "\n")
    found = choose("prolific", path, None)
    assert (found.form.name, found.how) == ("submissions-csv", "by its columns")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing", "no connector 'nothing'"),
        ("pybossa:what", "no form 'what'"),
        ("forms", "has no files"),
        ("prolific", "looks like none of the files of Prolific"),
    ],
)
def test_names_that_do_not_fit(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        choose(name, file(tmp_path, "a,b\n1,2\n"), None)


def test_a_name_and_a_mapping_exclude_each_other(tmp_path: Path) -> None:
    path = file(tmp_path, "a,b\n1,2\n")
    with pytest.raises(ConfigError, match="exclude"):
        choose("turkle", path, file(tmp_path, MAPPING, "map.toml"))


def test_by_its_columns_without_a_word_where_nobody_looks(tmp_path: Path) -> None:
    found = choose(None, file(tmp_path, TURKLE), None)
    assert (found.connector.name, found.how) == ("turkle", "by its columns")
    with pytest.raises(ConfigError, match="looks like no export that is known here"):
        choose(None, file(tmp_path, TURKLE.replace("HITId", "Hit"), "other.csv"), None)


def test_who_looks_is_asked_whether_the_guess_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, TURKLE + '"h","a","w","","","?","yes","u"\n')
    typed(monkeypatch, "")
    assert choose(None, path, None).connector.name == "turkle"
    typed(monkeypatch, "n", "WorkerId", "", "AssignmentId", "-", "-", "-", "turk")
    found = choose(None, path, None)
    assert found.connector.name == "turk"
    assert found.how == f"by the mapping {path}.mapping.toml"


def test_a_mapping_beside_the_file_is_used_before_any_guess(tmp_path: Path) -> None:
    path = file(tmp_path, TURKLE)
    file(tmp_path, MAPPING, "answers.csv.mapping.toml")
    found = choose(None, path, None)
    assert (found.connector.name, found.form.name) == ("board", "table")


def test_a_mapping_is_told_by_what_it_says(tmp_path: Path) -> None:
    path = file(tmp_path, "Team,Score\nred,1\n")
    mapping = tmp_path / "map.toml"
    digests = []
    for text in (MAPPING, f"# Ours.\nv = 1\n{MAPPING}", MAPPING.replace("board", "other")):
        mapping.write_text(text)
        digests.append(choose(None, path, mapping).mapping)
    assert digests[0] == digests[1] != digests[2]
    assert choose("turkle", path, None).mapping == ""


def asked(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, *answers: str) -> Mapping:
    typed(monkeypatch, *answers)
    path = file(folder, text, "My board «۴».csv")
    return ask(glance(path), path)


def test_what_is_asked_has_likely_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Submission Date,User-ID,Response_ID,Task,answer,Status\n2026-01-02,ann,1,t,yes,ok\n"
    found = asked(tmp_path, monkeypatch, text, "", "", "", "Submission Date", "", "", "", "ok , fine", "no")
    assert (found.name, found.contribution.contributor) == ("my-board", "User-ID")
    assert (found.contribution.id, found.contribution.at) == (["Response_ID"], "Submission Date")
    assert found.task is not None
    assert (found.task.id, found.task.content) == (["Task"], [])
    assert found.decision is not None
    assert (found.decision.verdict, found.decision.accepted) == ("Status", ["ok", "fine"])


def test_wrong_answers_are_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    who = ("nobody", "who")
    found = asked(
        tmp_path, monkeypatch, "who,a+b,c\nann,1,2\n", *who, "-", "-", "who+x", "who+c", "-", "-", "A B", "ab"
    )
    assert found.contribution == ContributionMapping(id=["who", "c"], contributor="who")
    assert (found.name, found.task, found.decision) == ("ab", None, None)
    said = capsys.readouterr().err
    for words in ("no column 'nobody'", "no column '-'", "no column 'x'", "Small letters"):
        assert words in said


def test_a_column_may_have_a_plus_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(tmp_path, monkeypatch, "who,a+b,c\nann,1,2\n", "who", "-", "a+b", "-", "-", "ab")
    assert found.contribution.id == ["a+b"]


def test_nothing_is_asked_of_a_file_without_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="has no rows"):
        asked(tmp_path, monkeypatch, "who,what\n")


def test_an_option_that_nobody_reads_is_no_silent_one(tmp_path: Path) -> None:
    choice = Choice(find("toloka"), find("toloka").forms[0], "as named")
    assert fitting({"unit": "task"}, choice).get("unit") == "task"
    with pytest.raises(ConfigError, match="no option 'units'") as refused:
        fitting({"units": "task"}, choice)
    assert refused.value.remedy == "There are: unit."
    with pytest.raises(ConfigError, match="no option 'answers'"):
        fitting({"answers": "x"}, Choice(find("turkle"), find("turkle").forms[0], "as named"))
