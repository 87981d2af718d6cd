"""The town that the docs' examples are about: a service on a chain, other platforms, Amazon."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from ledger.demo.stage import Stage
from tests.acceptance.docs.snippets.places import DATA, Neighbours
from tests.services.mturk import Requester, mturk
from tests.services.object_store import object_store
from tests.services.platform_api import Asked, Reply, serving

HITS = ("3ZPPDN2SLW8T", "3XYZ")
START_SECONDS = 240.0
"""Two cores may be busy with other tests."""
SURVEY = "crowd.example.org/logs/survey"


class _Amazon(Requester):
    """Takes settings of notifications, too."""

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        return {} if operation == "UpdateNotificationSettings" else super().answer(operation, asked)


def pybossa(asked: Asked) -> Reply:
    """Two tasks and their runs, as they were recorded."""
    if asked.headers.get("authorization") != "api-key":
        return Reply(status=401)
    name = "live-task.json" if asked.path == "/api/task" else "live-taskrun.json"
    things = json.loads((DATA / "pybossa" / name).read_text())
    return Reply([each for each in things if each["id"] > int(asked.query["last_id"])])


def turkle(asked: Asked) -> Reply:
    """A batch that is finished: its API, and the page of it, for who has signed in."""
    if asked.path == "/admin/login/":
        if asked.method == "GET":
            return Reply(b"<form>", headers={"Set-Cookie": "csrftoken=abc; Path=/"})
        return Reply(status=302, headers={"Location": "/", "Set-Cookie": "sessionid=of-a-test; Path=/"})
    if asked.path == "/api/batches/4/progress/":
        return Reply({"total_tasks": 9, "total_finished_task_assignments": 15})
    file = (DATA / "turkle" / "turkle-3.1.0-batch-results.csv").read_bytes()
    if asked.path == "/admin/turkle/batch/4/download/":
        return Reply(file) if "sessionid=" in asked.headers.get("cookie", "") else Reply(status=302)
    return Reply(file) if asked.path == "/api/batches/4/results/" else Reply(status=404)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    folder = tmp_path_factory.mktemp("town")
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("ledger.demo.stage._START_SECONDS", START_SECONDS)
        stage = stack.enter_context(Stage(folder, settlement_delay=3, wallet_delay=3, settle_automatically=True))
        run = _command(stage)
        run("log", "add", "survey", "--origin", SURVEY)
        server = stack.enter_context(stage.server())
        survey = run("platform", "add", "Survey office", "--log", "survey")["key"]
        others, environment = _amazon(stack)
        others |= {
            "https://pybossa.example.org": stack.enter_context(serving(pybossa)).url,
            "https://turkle.example.org": stack.enter_context(serving(turkle)).url,
        }
        yield Neighbours(stage, server.url, stage.admin_key, survey, others, environment)


def _command(stage: Stage) -> Callable[..., Any]:
    """``crowdledger`` in the folder of the stage."""

    def run(*words: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "ledger.cli", *words, "--json"],
            cwd=stage.folder,
            env={**os.environ, "CROWDLEDGER_CONFIG": str(stage.config)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    return run


def _amazon(stack: contextlib.ExitStack) -> tuple[dict[str, str], dict[str, str]]:
    """MTurk with two HITs, a queue with nothing in it, a bucket: their addresses, and what leads clients there."""
    store = stack.enter_context(object_store())
    store.bucket("example-mirrors", public=True)
    requester = stack.enter_context(mturk(_Amazon()))
    for number, hit in enumerate(HITS):
        requester.approve(requester.submit(number, requester.hit(hit), f"A{number}WORKER"), "Thank you")
    queues = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    queues.start()
    stack.callback(queues.stop)
    sqs = "http://{}:{}".format(*queues.get_host_and_port())
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONFIG_FILE")
    environment = {name: os.environ[name] for name in (*names, "AWS_SHARED_CREDENTIALS_FILE")}
    environment |= {"AWS_ENDPOINT_URL_MTURK": requester.endpoint, "AWS_ENDPOINT_URL_SQS": sqs}
    others = {
        "https://example-mirrors.s3.eu-central-1.amazonaws.com": f"{store.url}/example-mirrors",
        "--queue https://sqs.us-east-1.amazonaws.com": f"--queue {sqs}",
    }
    return others, environment
