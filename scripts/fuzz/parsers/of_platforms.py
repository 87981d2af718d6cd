"""What other platforms write and send: every form of file of every connector, and every scheme of webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.connectors import sns
from ledger.connectors.connector import Connector, Delivery, FileForm, Hook, Options
from ledger.connectors.mapping import load
from ledger.connectors.question_form import answers_of
from ledger.connectors.reading import lines
from ledger.connectors.reading.dates import moment
from ledger.connectors.reading.sheets import rows
from ledger.connectors.records import Record, Refused, Skipped
from ledger.connectors.registry import connectors
from ledger.errors import CrowdLedgerError, FormatError
from ledger.statements import canonical
from scripts.fuzz.parsers import seeds
from scripts.fuzz.parsers.target import Target

_NOW_MS: Final = 1_795_000_000_000
_SECRET: Final = b"ana:a-secret-of-twenty-letters"
_TOPIC: Final = "arn:aws:sns:us-east-1:123456789012:hits"
_REPLY: Final[dict[str, Any]] = {"id": "1", "project_id": "1", "state": "completed", "task_id": 1, "info": "yes"}


# ---- files ----


def _read_file(connector: Connector, form: FileForm, data: bytes) -> None:
    """Every row is a record that can be recorded, or is refused with its line and why."""
    for each in connector.read(io.BytesIO(data), form, Options()):
        if isinstance(each, Refused):
            assert each.reason
        elif isinstance(each, Record):
            _recordable(each)
        else:
            assert isinstance(each, Skipped)


def _recordable(record: Record) -> None:
    for task in record.tasks:
        canonical.encode(task.content)
    for made in record.contributions:
        canonical.encode(made.content)
        assert made.contributor
    for decided in record.decisions:
        assert decided.verdict == "accepted" or decided.feedback


@cache
def _files() -> Mapping[str, list[bytes]]:
    """Recorded files by their suffix."""
    found: dict[str, list[bytes]] = {}
    for path in sorted(seeds.DATA.glob("*/*")):
        found.setdefault(path.parent.name, []).extend(seeds.recorded(f"{path.parent.name}/{path.name}"))
    return found


def _file_seeds(connector: Connector, form: FileForm) -> list[bytes]:
    """What is recorded of the platform, and a file with no more than the form's columns."""
    names = sorted(form.columns) or ["id", "answer"]
    plain = [
        ",".join(names) + "\n" + ",".join(["1"] * len(names)) + "\n" + ",".join(["x"] * len(names)) + "\n",
        "\t".join(names) + "\n" + "\t".join(["1"] * len(names)) + "\n",
        json.dumps([dict.fromkeys(names, "1"), dict.fromkeys(names, 2)]),
        json.dumps(dict.fromkeys(names, "1")) + "\n",
    ]
    return [*(text.encode() for text in plain), *_files().get(connector.name, ())]


def _file_targets() -> Iterator[Target]:
    for connector in connectors().values():
        for form in connector.forms:
            yield Target(
                f"import of {connector.name}, {form.name}",
                (f"{type(connector).__name__}.read",),
                partial(_read_file, connector, form),
                partial(_file_seeds, connector, form),
            )


# ---- deliveries: any body, genuinely signed ----


def _plain(body: bytes) -> Delivery:
    return Delivery({"x-crowdledger-secret": _SECRET.decode()}, body, _NOW_MS)


def _basic(body: bytes) -> Delivery:
    return Delivery({"authorization": f"Basic {base64.b64encode(_SECRET).decode()}"}, body, _NOW_MS)


def _toloka(body: bytes) -> Delivery:
    sign = hmac.new(_SECRET, f"{_NOW_MS}.1.".encode() + body, hashlib.sha256).hexdigest()
    return Delivery({"toloka-signature": f"{{v=1, ts={_NOW_MS}, sign={sign}}}"}, body, _NOW_MS)


def _prolific(body: bytes) -> Delivery:
    at = str(_NOW_MS // 1000)
    sign = base64.b64encode(hmac.new(_SECRET, at.encode() + body, hashlib.sha256).digest()).decode()
    return Delivery({"x-prolific-request-timestamp": at, "x-prolific-request-signature": sign}, body, _NOW_MS)


@cache
def _topic_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _topic_secret() -> bytes:
    return f"{_TOPIC}\n{seeds.self_signed(_topic_key())}".encode()


def _mturk(body: bytes) -> Delivery:
    """The body is what the topic tells; bytes that are no text cannot be told."""
    fields = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": _TOPIC,
        "Message": body.decode(errors="replace"),
        "Timestamp": "2026-11-18T11:06:40.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
    }
    names = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
    signed = "".join(f"{name}\n{fields[name]}\n" for name in names).encode()
    signature = base64.b64encode(_topic_key().sign(signed, padding.PKCS1v15(), SHA256())).decode()
    return Delivery({}, json.dumps({**fields, "Signature": signature}).encode(), _NOW_MS)


_SENT: Final[Mapping[str, Callable[[bytes], Delivery]]] = {
    "toloka": _toloka,
    "prolific": _prolific,
    "mturk": _mturk,
    "pybossa": _basic,
    "zooniverse": _basic,
}
"""Those who do not show the secret in a header of their own."""


def _hooks() -> dict[str, Hook]:
    return {name: each.hook for name, each in connectors().items() if each.hook is not None}


def _secrets(name: str) -> list[bytes]:
    return [_topic_secret()] if name == "mturk" else [b"an-older-secret", _SECRET]


def _read_delivery(name: str, hook: Hook, data: bytes) -> None:
    """Whatever a genuine sender sends, and whatever its platform answers, is records or a typed error."""
    delivery = _SENT.get(name, _plain)(data)
    try:
        hook.verify(delivery, _secrets(name))
    except CrowdLedgerError as error:
        raise AssertionError("a genuine delivery is refused") from error
    try:
        reply = json.loads(data)
    except (ValueError, RecursionError):
        reply = [_REPLY]
    for answer in (reply, _REPLY, [_REPLY]):
        try:
            for record in hook.records(delivery, partial(_answer, answer)):
                _recordable(record)
        except CrowdLedgerError:
            continue
    lines.parse(data.decode(errors="replace"))


def _answer(answer: Any, path: str, query: Mapping[str, str] | None = None) -> Any:
    return answer


def _body_seeds(name: str) -> list[bytes]:
    bodies = [json.dumps(_REPLY | {"event": "task_completed", "task_id": 1}).encode()]
    for path in sorted((seeds.DATA / name).glob("*webhooks.jsonl")):
        bodies += [json.dumps(json.loads(line)["body"]).encode() for line in path.read_text().splitlines()[:12]]
    return bodies + [json.dumps(each).encode() for each in _BODIES.get(name, ())]


_BODIES: Final[Mapping[str, tuple[Any, ...]]] = {
    "toloka": ({"events": [{"type": "ASSIGNMENT_SUBMITTED", "assignment_id": "a-1"}]},),
    "prolific": ({"event_type": "submission.status.change", "resource_id": "r1", "status": "APPROVED"},),
    "mturk": ({"Events": [{"EventType": "AssignmentSubmitted", "AssignmentId": "A1", "HITId": "H1", "Answer": ""}]},),
    "zooniverse": (
        {"id": 1, "workflow_id": 2, "user_id": 3, "subject": {"id": 4, "metadata": {}}, "metadata": {},
         "annotations": {"T0": [{"task": "T0", "value": 1}]}},
    ),
    "forms": ({"id": "1", "contributor": "ana", "content": {"q": "yes"}},),
}  # fmt: skip


# ---- deliveries: a genuine one, changed ----


def _shown(delivery: Delivery) -> bytes:
    head = "".join(f"{name}: {value}\n" for name, value in delivery.headers.items())
    return head.encode() + b"\n" + delivery.body


def _forged(name: str, hook: Hook, data: bytes) -> None:
    """What is signed cannot be changed: whatever is taken has the good body, or one of a scheme that signs none."""
    head, _, body = data.partition(b"\n\n") if not data.startswith(b"\n") else (b"", b"", data[1:])
    pairs = (line.partition(": ") for line in head.decode("latin-1").split("\n") if line)
    delivery = Delivery({key.lower(): value for key, _, value in pairs}, body, _NOW_MS)
    found = hook.verify(delivery, _secrets(name))
    assert len(found.event_id) < 100_000
    for good in _body_seeds(name):
        sent = _SENT.get(name, _plain)(good)
        if name not in _SIGNED or body == sent.body or _told(name, body) == _told(name, sent.body):
            return
    raise AssertionError("a changed delivery is taken")


_SIGNED: Final = ("toloka", "prolific", "mturk")


def _told(name: str, body: bytes) -> str | None:
    """What an SNS message tells, however its envelope is written; other schemes sign the bytes."""
    if name != "mturk":
        return None if not body else body.hex()
    try:
        return sns.message(Delivery({}, body, _NOW_MS))
    except CrowdLedgerError:
        return None


def _forged_seeds(name: str) -> list[bytes]:
    return [_shown(_SENT.get(name, _plain)(body)) for body in _body_seeds(name)]


def _delivery_targets() -> Iterator[Target]:
    for name, hook in _hooks().items():
        kind = type(hook).__name__
        yield Target(
            f"delivery of {name}", (f"{kind}.records",), partial(_read_delivery, name, hook), partial(_body_seeds, name)
        )
        yield Target(
            f"forged delivery of {name}",
            (f"{kind}.verify",),
            partial(_forged, name, hook),
            partial(_forged_seeds, name),
        )


# ---- what they have in common ----


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FormatError("It is no text.") from None


_MAPPING: Final = """
v = 1
name = "survey"

[contribution]
contributor = "worker"
id = ["id"]
content = ["answer"]

[decision]
verdict = "state"
accepted = ["yes"]
"""
_ANSWERS: Final = (
    '<QuestionFormAnswers xmlns="http://mechanicalturk.amazonaws.com/x.xsd"><Answer>'
    "<QuestionIdentifier>q</QuestionIdentifier><FreeText>yes</FreeText></Answer></QuestionFormAnswers>"
)


def _sheet(data: bytes) -> None:
    for _ in rows(io.BytesIO(data), None):
        pass


@cache
def _sheets() -> list[bytes]:
    import openpyxl

    made = openpyxl.Workbook()
    assert made.active is not None
    for line in (("id", "answer"), ("1", "yes"), ("2", 3.5)):
        made.active.append(line)
    file = io.BytesIO()
    made.save(file)
    return [file.getvalue()]


TARGETS: Final = (
    *_file_targets(),
    *_delivery_targets(),
    Target("mapping", ("mapping.load",), lambda data: load(_text(data)), lambda: [_MAPPING.encode()]),
    Target("spreadsheet", ("sheets.rows",), _sheet, _sheets),
    Target("JSON of others", ("lines.parse",), lambda data: lines.parse(_text(data)), lambda: [b'{"a":[1,2.5,"x"]}']),
    Target("answers of MTurk", ("answers_of",), lambda data: answers_of(_text(data)), lambda: [_ANSWERS.encode()]),
    Target(
        "dates of others",
        ("dates.moment",),
        lambda data: moment(_text(data)),
        lambda: [b"2026-11-22T02:12:24Z", b"Thu Mar 24 17:57:02 PDT 2016", b"1795000000", b"2016-03-24 5:57 PM"],
    ),
)
