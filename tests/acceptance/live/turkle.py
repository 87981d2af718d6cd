"""A live Turkle and the people who work in it: everything through its API and its pages, as they do it."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

SITE = Path(__file__).parents[2] / "services" / "turkle_site.py"
_BUSY = "The database is busy. Please try again."
PASSWORD = "a password, of nobody"
TEMPLATE = """
<p>${text}</p>
<p>Which word is meant?
<input type="radio" name="label" value="شیر"> شیر <input type="radio" name="label" value="milk, or lion"> milk</p>
<textarea name="reason"></textarea>
"""


class _Form(HTMLParser):
    """The first form of a page that goes to ``to``: where that is, what it hides, what can be filled in."""

    def __init__(self, text: str, to: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.hidden: dict[str, str] = {}
        self.names: set[str] = set()
        self._to = to
        self._is_in = False
        self.feed(text)
        assert self.action is not None, f"no form to {to!r} in {text}"

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None and self._to in found.get("action", ""):
            self.action = found.get("action", "")
            self._is_in = True
        elif self._is_in and tag in ("input", "textarea") and "name" in found:
            if found.get("type") == "hidden":
                self.hidden[found["name"]] = found.get("value", "")
            else:
                self.names.add(found["name"])

    def handle_endtag(self, tag: str) -> None:
        self._is_in = self._is_in and tag != "form"


class Browser:
    """A person's browser, signed in through the sign-in page; without a name nobody is."""

    def __init__(self, url: str, name: str | None = None) -> None:
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=30)
        if name is not None:
            page = self.send("/login/", {"username": name, "password": PASSWORD})
            assert name in page.text, page.text

    def send(self, path: str, filled: Mapping[str, str], to: str = "") -> httpx.Response:
        """Fill in the form of the page at ``path`` and submit it."""
        form = _Form(self.http.get(path).raise_for_status().text, to)
        assert filled.keys() <= form.names, form.names
        return self._page(self.http.post(form.action or path, data=form.hidden | filled))

    def _page(self, reply: httpx.Response) -> httpx.Response:
        """The page that is seen in the end. Turkle's list of batches fails while one of them is being completed."""
        while reply.status_code == 500 and reply.url.path == "/":
            reply = self.http.get("/")
        return reply.raise_for_status()

    def accept(self, batch: int) -> str | None:
        """Take the next task of a batch: the path of the assignment, None if there is none left."""
        while True:
            page = self._page(self.http.get(f"/batch/{batch}/accept_next_task/"))
            if "/assignment/" in page.url.path:
                return page.url.path
            if _BUSY not in page.text:
                assert "No more Tasks available" in page.text, page.text
                return None

    def answer(self, assignment: str, filled: Mapping[str, str]) -> None:
        """Submit the form that the assignment's page frames."""
        frame = assignment.replace("/assignment/", "/assignment/iframe/")
        while _BUSY in self.send(frame, filled).text:
            pass

    def give_back(self, assignment: str) -> None:
        """Return a task unanswered, by the button of its page."""
        while _BUSY in self.send(assignment, {}, to="/return/").text:
            pass

    def shown(self, assignment: str) -> str:
        """What the assignment asks."""
        return self.http.get(assignment.replace("/assignment/", "/assignment/iframe/")).text

    def work(self, batch: int, answer: Callable[[str], Mapping[str, str]]) -> int:
        """Answer all that is left of a batch for this person; how much that was."""
        count = 0
        while (assignment := self.accept(batch)) is not None:
            self.answer(assignment, answer(self.shown(assignment)))
            count += 1
        return count


class Turkle:
    """A server in a process of its own, its database in ``folder``, and its administrator's API."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "turkle.sqlite"
        self.url, self.token = "", ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; again at the same address."""
        port = self.url.rpartition(":")[2] or "0"
        with (self.folder / "turkle.log").open("ab") as log:
            command = [sys.executable, str(SITE), str(self.folder), PASSWORD, port]
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, (self.folder / "turkle.log").read_text()
        said = json.loads(line)
        self.url, self.token = said["url"], said["token"]

    def stop(self) -> None:
        """As a power cut does it."""
        assert self._process is not None
        with self._process:
            self._process.kill()

    def api(self, path: str, **new: Any) -> dict[str, Any]:
        """Make something through the REST API."""
        headers = {"Authorization": f"Token {self.token}"}
        reply = httpx.post(f"{self.url}/api/{path}/", json=new, headers=headers, timeout=30)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made

    def people(self, names: Sequence[str]) -> dict[str, str]:
        """Accounts of people who work: their names by the ids that Turkle knows them by."""
        return {str(self.api("users", username=name, password=PASSWORD)["id"]): name for name in names}

    def batch(self, texts: Sequence[str], **settings: Any) -> int:
        """A project and its batch, a task for each text."""
        table = io.StringIO()
        csv.writer(table).writerows([["text"], *([text] for text in texts)])
        of_project = {name: value for name, value in settings.items() if name == "login_required"}
        project = self.api("projects", name="Words", html_template=TEMPLATE, filename="words.html", **of_project)
        about = {"name": "Words", "project": project["id"], "filename": "words.csv", "csv_text": table.getvalue()}
        return int(self.api("batches", **about, **settings)["id"])

    def finished(self, batch: int) -> list[tuple[int, str | None, dict[str, Any]]]:
        """What Turkle's own database has of a batch: assignment, person, answers."""
        query = (
            "SELECT a.id, a.assigned_to_id, a.answers FROM turkle_taskassignment a "
            "JOIN turkle_task t ON t.id = a.task_id WHERE a.completed AND t.batch_id = ? ORDER BY a.id"
        )
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            return [
                (number, None if person is None else str(person), json.loads(answers))
                for number, person, answers in db.execute(query, (batch,))
            ]


@contextmanager
def running(folder: Path) -> Iterator[Turkle]:
    """A Turkle with a folder of its own."""
    folder.mkdir()
    turkle = Turkle(folder)
    turkle.start()
    try:
        yield turkle
    finally:
        turkle.stop()
