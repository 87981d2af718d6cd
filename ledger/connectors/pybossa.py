"""PYBOSSA: tasks and task runs as JSON or CSV, and the ``task_completed`` webhook. https://docs.pybossa.com/

The webhook is not signed and holds no answers: it is a hint, on which the answers are fetched from the server that the
operator configured. Whoever knew the secret in the address could make us ask that server once more, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final, Literal

from ledger.connectors import pulling, rows, signing
from ledger.connectors.connector import Ask, Connector, Delivery, FileForm, Hook, Options, Verified
from ledger.connectors.pulling import MAX_PAGES, Mark, Platform, Pulled, Source, needed
from ledger.connectors.reading import lines
from ledger.connectors.reading.lines import Item
from ledger.connectors.reading.tables import Row
from ledger.connectors.records import ContributionRecord, DecisionRecord, Read, Record, Skipped, TaskRecord
from ledger.connectors.verdicts import decision
from ledger.errors import FormatError, UnavailableError
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Method

_TITLE: Final = "PYBOSSA"
_OPTIONS: Final = frozenset({"tasks"})
_JSON_FILES: Final = (".json", ".jsonl")
_TASKS: Final = FileForm(
    "tasks", _JSON_FILES, frozenset({"info", "n_answers", "quorum", "calibration", "state"}), _OPTIONS
)
_RUNS: Final = FileForm("task-runs", _JSON_FILES, frozenset({"info", "task_id", "user_id", "finish_time"}), _OPTIONS)
_CSV: Final = FileForm(
    "task-runs-csv",
    (".csv",),
    frozenset({"task_run__id", "task_run__task_id", "task_run__user_id", "task_run__info"}),
    _OPTIONS,
)
_RESULTS: Final = FileForm(
    "results", _JSON_FILES, frozenset({"task_id", "task_run_ids", "last_version", "project_id"}), _OPTIONS
)
_PAGE: Final = 100
_MAX_PAGES: Final = 100
_EARLIER: Final = 200
_MAX_HINT_BYTES: Final = 64 * 1024


class PybossaHook:
    """``task_completed``: asks the server for the task and its runs."""

    def verify(self, delivery: Delivery, secrets: Sequence[bytes]) -> Verified:
        """PYBOSSA signs nothing, but shows the ``user:secret@`` of the address that it was told to send to."""
        signing.check_basic(delivery, secrets)
        if len(delivery.body) > _MAX_HINT_BYTES:
            signing.refuse()
        return Verified(signing.body_id(delivery), None)

    def records(self, delivery: Delivery, ask: Ask | None) -> Sequence[Record]:
        """The runs of the completed task. Raises FormatError for what the server does not confirm."""
        event = rows.mapping(lines.parse(delivery.body.decode(errors="replace")), "delivery")
        if event.get("event") != "task_completed":
            return ()
        number, project = (rows.path_id(event.get(name), name) for name in ("task_id", "project_id"))
        if ask is None:
            raise FormatError(
                "This hook cannot ask PYBOSSA for the answers.", remedy="Make the hook with the server's base_url."
            )
        task = rows.mapping(ask(f"/api/task/{number}"), "task")
        if str(task.get("id")) != number or str(task.get("project_id", task.get("app_id"))) != project:
            raise FormatError("The server knows no such task in this project.", remedy="Look who sent the delivery.")
        if task.get("state") != "completed":
            raise UnavailableError("The server does not call this task completed yet.", remedy="It is asked again.")
        shown = _task(task)
        return [_with_gold(_run(1, run), shown, task) for run in _runs(ask, number, project)]


class PybossaSource:
    """A project's tasks and runs, a hundred at a time by ``last_id`` (docs.pybossa.com, "RESTful API")."""

    speaks: Literal["http"] = "http"
    address = None
    options: Mapping[str, str] = {"project": "the number of the project, which /api/project?short_name=... tells"}

    def headers(self, token: str) -> Mapping[str, str]:
        """The account's API key; in the address, as the documentation has it, every log on the way would keep it."""
        return {"Authorization": token}

    def pull(self, ask: Platform, options: Options, since: str | None) -> Iterator[Pulled]:
        """Tasks, then runs. Another pull begins some ids earlier: ids are given before what they name can be seen."""
        project = needed(options, "project", self)
        begun = [max(0, pulling.number(each) - _EARLIER) for each in (since or "0,0").split(",", 1)]
        line, reached = 0, list(begun)
        kinds: tuple[tuple[str, Callable[[int, dict[str, Any]], Record]], ...] = (
            ("/api/task", _pulled_task),
            ("/api/taskrun", _run),
        )
        for place, (path, record) in enumerate(kinds):
            for value in _pages(ask, path, {"project_id": project, "all": "1"}, begun[place]):
                line += 1
                reached[place] = max(reached[place], _number(value))
                yield pulling.read(line, value, record)
        yield Mark(line, f"{reached[0]},{reached[1]}")


class Pybossa:
    """Runs of tasks, those of people without an account included. Import the tasks before their runs."""

    name = "pybossa"
    title = _TITLE
    forms: tuple[FileForm, ...] = (_TASKS, _RUNS, _RESULTS, _CSV)
    hook: Hook | None = PybossaHook()
    source: Source | None = PybossaSource()

    def read(self, source: BinaryIO, form: FileForm, options: Options) -> Iterator[Read]:
        """Tasks, or runs. The option ``tasks=none`` leaves out which task a run is of."""
        alone = options.one_of("tasks", "named", "none") == "none"
        if form == _TASKS:
            return rows.items(source, lambda item: Record(item.line, (_task(item.value),)))
        if form == _RESULTS:
            return rows.items(source, lambda item: Skipped(item.line, "A result is of all runs and decides on none."))
        if form == _CSV:
            return rows.table(source, sorted(_CSV.columns), lambda row: _csv_run(row, alone))
        return rows.items(source, lambda item: _file_run(item, alone))


def _file_run(item: Item, alone: bool) -> Record:
    return _run(item.line, rows.mapping(item.value, "task run"), alone)


def _csv_run(row: Row, alone: bool) -> Record:
    prefix = "task_run__"
    run: dict[str, JsonValue] = rows.prefixed(row.fields, prefix)
    run["info"] = rows.json_or_text(str(run["info"]))
    return _run(row.line, run, alone)


def _task(value: object) -> TaskRecord:
    task = rows.mapping(value, "task")
    return TaskRecord(f"pybossa:{rows.own_id(task.get('id'), 'task')}", task.get("info"))


def _run(line: int, run: Mapping[str, Any], alone: bool = False) -> Record:
    number = rows.own_id(run.get("id"), "task run")
    info = run.get("info")
    content: dict[str, JsonValue] = info if isinstance(info, dict) else {"answer": info}
    return Record(
        line,
        contributions=(
            ContributionRecord(
                external_id=f"pybossa:{number}",
                contributor=_contributor(run, number),
                content=rows.timed(content, run.get("finish_time") or run.get("created")),
                task=None if alone else f"pybossa:{rows.own_id(run.get('task_id'), 'task_id')}",
            ),
        ),
    )


def _contributor(run: Mapping[str, Any], number: str) -> str:
    """The account; the id that another application gave; the address, by which PYBOSSA tells the others apart."""
    if run.get("user_id") not in (None, ""):
        return rows.own_id(run["user_id"], "user_id")
    if run.get("external_uid"):
        return f"external:{rows.own_id(run['external_uid'], 'external_uid')}"
    if run.get("user_ip"):
        return f"address:{rows.own_id(run['user_ip'], 'user_ip')}"
    return f"anonymous:{number}"


def _pulled_task(line: int, task: Mapping[str, Any]) -> Record:
    return Record(line, (_task(task),))


def _runs(ask: Ask, task: str, project: str) -> Iterator[dict[str, JsonValue]]:
    """All runs of a task."""
    asked = {"task_id": task, "project_id": project}
    for run in _pages(ask, "/api/taskrun", asked, 0, _MAX_PAGES):
        if str(run.get("task_id")) != task:
            raise FormatError("The server answered with another task's runs.", remedy="Look at the base_url.")
        yield run


def _pages(
    ask: Ask, path: str, asked: Mapping[str, str], last: int, max_pages: int = MAX_PAGES
) -> Iterator[dict[str, JsonValue]]:
    """All objects of a list, a page after the other by PYBOSSA's ``last_id``."""
    for _ in range(max_pages):
        query = {**asked, "limit": str(_PAGE), "last_id": str(last)}
        page = [rows.mapping(each, "object") for each in rows.sequence(ask(path, query), "page")]
        yield from page
        if len(page) < _PAGE:
            return
        found = max(map(_number, page))
        if found <= last:
            raise FormatError("The server answers with the same page again.", remedy="Look at its address.")
        last = found
    raise FormatError(f"The list has over {_PAGE * max_pages} objects.", remedy="Import the project's export instead.")


def _number(value: Mapping[str, JsonValue]) -> int:
    number = value.get("id")
    return number if isinstance(number, int) else 0


def _with_gold(record: Record, shown: TaskRecord, task: Mapping[str, Any]) -> Record:
    """A calibration task knows its answers: each run of it is decided by them."""
    gold = task.get("gold_answers")
    if not (task.get("calibration") and isinstance(gold, dict) and gold):
        return Record(record.line, (shown,), record.contributions)
    given = record.contributions[0]
    content = rows.mapping(given.content, "run")
    right = all(content.get(name) == value for name, value in gold.items())
    method = Method(type="gold", name="pybossa.calibration")
    words = None if right else "The task was a calibration task, and the answer differs from the known one."
    made: DecisionRecord = decision(
        given.external_id, "calibrated", "accepted" if right else "rejected", words, title=_TITLE, method=method
    )
    return Record(record.line, (shown,), record.contributions, (made,))


CONNECTORS: Final[tuple[Connector, ...]] = (Pybossa(),)
