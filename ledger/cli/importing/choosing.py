"""Which connector reads a file: the one that is named, the one it looks like, or a mapping that is asked for."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from ledger.cli.files import read_file, write_new_file
from ledger.cli.output import clean, say
from ledger.connectors import registry
from ledger.connectors.connector import Connector, FileForm, Options
from ledger.connectors.mapped import FORM, Mapped
from ledger.connectors.mapping import ContributionMapping, DecisionMapping, Mapping, TaskMapping, load, save
from ledger.connectors.reading.glance import Glance, glance
from ledger.errors import ConfigError

_MAX_MAPPING_BYTES: Final = 64 * 1024
_LEAST_LIKENESS: Final = 60
_NAMES: Final = {
    "contributor": "worker worker_id workerid contributor participant participant_id annotator user user_id team "
    "teamid teamname author email",
    "id": "id _id answer_id assignment_id assignmentid response_id submission_id submissionid contribution_id",
    "task": "task task_id taskid item item_id question hit hitid problem",
    "at": "at created_at submitted_at submitted submissiondate date time timestamp created finish_time",
    "verdict": "verdict status decision approved accepted state",
}
"""What columns are often called."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A connector and the form of the file. ``how`` says how it was found; ``mapping`` is its mapping's digest."""

    connector: Connector
    form: FileForm
    how: str
    mapping: str = ""


def choose(name: str | None, file: Path, mapping: Path | None) -> Choice:
    """Find it, or ask for it. Raises ConfigError where nobody is there to be asked."""
    if name is not None and mapping is not None:
        raise ConfigError("A format and --mapping exclude each other.", remedy="Leave one out.")
    kept = mapping or file.with_name(f"{file.name}.mapping.toml")
    if name is not None:
        return _named(name, file)
    if kept.exists():
        text = read_file(kept, _MAX_MAPPING_BYTES).decode("utf-8", "replace")
        return _mapped(load(text), kept)
    if mapping is None:
        best = next(iter(registry.guess(file)), None)
        if best is not None and best.likeness == 100:
            words = f"{best.connector.title}, {best.form.name}"
            if not _somebody_looks() or typer.confirm(f"This looks like {words}. Is it?", default=True, err=True):
                return Choice(best.connector, best.form, "by its columns")
    if not _somebody_looks():
        raise ConfigError(
            f"'{file}' looks like no export that is known here.",
            remedy="Name its format, or give --mapping FILE (docs/importing.md).",
        )
    made = ask(glance(file), file)
    write_new_file(kept, save(made).encode())
    say(f"The mapping is kept in {kept}; change it there.", error=True)
    return _mapped(made, kept)


def fitting(values: dict[str, str], choice: Choice) -> Options:
    """The options of a file. Raises ConfigError for one that its platform does not know."""
    known = sorted({name for form in choice.connector.forms for name in form.options})
    for name in values:
        if name not in known:
            remedy = f"There are: {', '.join(known)}." if known else "There is none here."
            raise ConfigError(f"There is no option '{name}' for this file.", remedy=remedy)
    return Options(values)


def _mapped(mapping: Mapping, kept: Path) -> Choice:
    """The digest is of what the mapping says, not of how its file is written."""
    digest = hashlib.sha256(save(mapping).encode()).hexdigest()
    return Choice(Mapped(mapping), FORM, f"by the mapping {kept}", digest)


def _somebody_looks() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _named(name: str, file: Path) -> Choice:
    """``mturk``, or ``mturk:batch-results`` where the file does not say which form it has."""
    own, _, form_name = name.partition(":")
    connector = registry.find(own)
    if not connector.forms:
        raise ConfigError(f"{connector.title} has no files.", remedy="It works by its webhook alone.")
    if form_name:
        for form in connector.forms:
            if form.name == form_name:
                return Choice(connector, form, "as named")
        forms = ", ".join(form.name for form in connector.forms)
        raise ConfigError(f"{connector.title} has no form '{form_name}'.", remedy=f"It has {forms}.")
    if len(connector.forms) == 1:
        return Choice(connector, connector.forms[0], "as named")
    names = frozenset(glance(file).names)
    best = max(
        connector.forms,
        key=lambda form: (form.likeness(names), file.name.lower().endswith(form.suffixes), len(form.columns)),
    )
    if best.likeness(names) < _LEAST_LIKENESS:
        forms = ", ".join(f"{own}:{form.name}" for form in connector.forms)
        raise ConfigError(f"'{file}' looks like none of the files of {connector.title}.", remedy=f"Name it: {forms}.")
    return Choice(connector, best, "by its columns")


def ask(seen: Glance, file: Path) -> Mapping:
    """Ask what the columns are, with what they are often called as an answer."""
    if not seen.sample:
        raise ConfigError(f"'{file}' has no rows.", remedy="Give a file with at least one.")
    say("No platform's export that is known here. Its columns, with the first row:", error=True)
    for name in seen.names:
        value = clean(seen.sample[0].fields.get(name, ""), one_line=True)
        say(f"  {name}: {value[:60]}", error=True)
    contributor = _column(seen, "Which column says who answered?", "contributor")
    task = _column(seen, "Which one is the task's id?", "task", needed=False)
    likely = _likely(seen, "id") or "+".join(filter(None, [contributor, task]))
    own = _columns(seen, "Which tells one answer from all others, also in later files (several: a+b)?", likely)
    at = _column(seen, "Which one is the time?", "at", needed=False)
    asked = _columns(seen, "Which say what was asked (several: a+b)?", "", needed=False) if task else []
    verdict = _column(seen, "Which one says whether it was accepted?", "verdict", needed=False)
    return Mapping(
        name=_prompt_name(file),
        contribution=ContributionMapping(id=own, contributor=contributor, at=at or None),
        task=TaskMapping(id=[task], content=asked) if task else None,
        decision=_decision(seen, verdict) if verdict else None,
    )


def _decision(seen: Glance, verdict: str) -> DecisionMapping:
    words = dict.fromkeys(str(each.fields.get(verdict, "")) for each in seen.sample)
    say(f"  It says, for instance: {', '.join(clean(word, one_line=True)[:40] for word in words)}", error=True)
    accepted = typer.prompt("Which words mean accepted (comma between)?", err=True)
    rejected = typer.prompt("Which mean rejected?", default="", show_default=False, err=True)
    return DecisionMapping(verdict=verdict, accepted=_words(accepted), rejected=_words(rejected))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _prompt_name(file: Path) -> str:
    proposed = re.sub("[^a-z0-9]+", "-", file.name.partition(".")[0].lower()).strip("-")[:40] or "table"
    while True:
        name: str = typer.prompt("A name for the system it comes from; ids begin with it", default=proposed, err=True)
        if re.fullmatch("[a-z0-9][a-z0-9-]{0,39}", name):
            return name
        say("Small letters, digits and hyphens, please.", error=True)


def _likely(seen: Glance, what: str) -> str:
    """The column whose name is one of the usual ones."""
    by_name = {re.sub(r"[\s-]+", "_", name.lower()): name for name in reversed(seen.names)}
    return next((by_name[usual] for usual in _NAMES[what].split() if usual in by_name), "")


def _column(seen: Glance, question: str, what: str, *, needed: bool = True) -> str:
    found = _columns(seen, question, _likely(seen, what), needed=needed, several=False)
    return found[0] if found else ""


def _columns(seen: Glance, question: str, proposed: str, *, needed: bool = True, several: bool = True) -> list[str]:
    """The columns that are named, asked for until they are there; '-' says none."""
    if not needed:
        question += " ('-': none)"
        proposed = proposed or "-"
    while True:
        text: str = typer.prompt(question, default=proposed or None, err=True)
        if text == "-" and not needed:
            return []
        names = [text] if text in seen.names or not several else [name.strip() for name in text.split("+")]
        missing = [name for name in names if name not in seen.names]
        if not missing:
            return names
        say(f"There is no column {missing[0]!r}.", error=True)
