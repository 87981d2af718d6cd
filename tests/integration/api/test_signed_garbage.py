"""Real signatures around garbage, and garbage around real signatures.

What comes behind a signature is read only where the signature is good, so that strangers' garbage never gets there:
here wallets and platforms sign it. Whatever they sign, the answer is a documented one; whatever is changed after it was
signed is refused, and writes nothing.
"""

from __future__ import annotations

import json
import logging
import secrets
import uuid
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import httpx
import pytest
from eth_account import Account

from api.attempts import Attempts
from ledger.errors import CrowdLedgerError
from ledger.statements import canonical
from ledger.statements.commitments import Opening
from ledger.statements.sign_in import parse, parse_sign_in
from ledger.statements.signatures import Domain, contribution_digest
from scripts.fuzz.parsers import seeds
from scripts.fuzz.parsers.mutating import json_changed, spoiled
from tests.integration.api.hooks.senders import (
    SNS_SECRET,
    Sender,
    Sent,
    by_basic,
    by_header,
    by_prolific,
    by_sns,
    by_toloka,
    make_hook,
)
from tests.integration.api.hooks.waiting import none_waits, size_of
from tests.integration.api.people import later, personal_sign, signed_in
from tests.integration.api.running import Api, Platform, until
from tests.integration.api.test_direct import Author, open_campaign
from tests.integration.api.test_garbage import SLUGS, TRACES
from tests.integration.api.test_sealed import SECONDS, sealed, sealed_campaign

ROUNDS = 12
LONG_ROUNDS = pytest.param(600, marks=pytest.mark.long)
rounds = pytest.mark.parametrize("rounds", [ROUNDS, LONG_ROUNDS])


def is_documented(reply: httpx.Response, sent: Any) -> None:
    """An answer of ours, without a trace."""
    said = reply.text
    assert reply.status_code < 500, (sent, said)
    assert not any(trace in said for trace in TRACES), (sent, said)
    if reply.status_code >= 400:
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json()["type"].rpartition("/")[2] in SLUGS, said


def unhurried(api: Api) -> None:
    """Strangers may try as often as they like: here is to be seen what comes behind that limit."""
    api.service.attempts = Attempts(per_address=1_000_000, in_all=1_000_000)


async def posted(api: Api, path: str, body: Any, **headers: str) -> httpx.Response:
    """Sent as it is: the client's own writer of JSON refuses some of it."""
    data = json.dumps(body).encode()
    return await api.http.post(path, content=data, headers={"content-type": "application/json", **headers})


# ---- EIP-712: direct contributions ----


def signed_anew(api: Api, body: Any, opening: Opening) -> Any:
    """The body with the wallet's signature of what is in it now, as far as that can be signed."""
    deployment = api.service.deployment
    assert deployment is not None
    if not isinstance(body, dict):
        return body
    domain = Domain(deployment.chain_id, deployment.contribution_log, deployment.log_id)
    texts = {name: body.get(name) for name in ("campaign", "contributor_id", "terms", "task", "replaces")}
    if not all(isinstance(text, str | None) for text in texts.values()):
        return body
    try:
        digest = contribution_digest(
            domain,
            campaign=texts["campaign"] or "",
            contributor=texts["contributor_id"] or "",
            commitment=opening.commitment,
            terms=texts["terms"] or "",
            task=texts["task"],
            replaces=texts["replaces"],
        )
    except (ValueError, UnicodeEncodeError):
        return body
    return body | {"signature": {"address": seeds.ADDRESS, "value": seeds.wallet_signature(digest)}}


@rounds
async def test_direct_contributions(beside: Api, rounds: int) -> None:
    platform = await beside.platform()
    campaign, terms = await open_campaign(platform, limits={"participants": 5_000, "per_person": 5_000})
    author, random = Author(beside), Random(rounds)
    unhurried(beside)
    good = author.signed(campaign, terms, author.sealed(campaign, {"text": "mine", "n": [1, 2]}))
    assert (await posted(beside, "/v1/direct/contributions", good)).status_code == 201
    size = await size_of(beside)
    for _ in range(rounds):
        changed = json_changed(good, random)
        reply = await posted(beside, "/v1/direct/contributions", changed)
        is_documented(reply, changed)
        assert reply.status_code >= 400 or changed == good, changed
    assert await size_of(beside) == size, "what was changed after it was signed writes nothing"
    taken = 0
    for number in range(rounds):
        person = str(uuid.UUID(int=random.getrandbits(128), version=4))
        content = json_changed({"text": "mine", "n": [1, {"a": None}], "v": number}, random)
        try:
            opening = _committed(campaign, person, content)
        except CrowdLedgerError:
            continue
        body = {"campaign": campaign, "contributor_id": person, "terms": terms}
        body |= {"content": content, "salt": opening.salt.hex()}
        body = json_changed(body, random) if number % 2 else body
        reply = await posted(beside, "/v1/direct/contributions", signed_anew(beside, body, opening))
        is_documented(reply, body)
        taken += reply.status_code == 201
    assert taken, "some of it is what may be sent"


def _committed(campaign: str, person: str, content: Any) -> Opening:
    try:
        return sealed(campaign, person, content)
    except UnicodeEncodeError as error:
        raise AssertionError(f"half a character is no typed error: {content!r}") from error


# ---- EIP-4361: linking a wallet, signing in ----


@rounds
async def test_messages_of_wallets(api: Api, platform: Platform, rounds: int) -> None:
    await platform.contribution(await platform.campaign())
    ann, account, random = await signed_in(platform), Account.create(), Random(rounds)
    asked = (await ann.post("/v1/wallets/message", {"address": account.address})).json()["message"]
    door = (await api.http.post("/v1/sessions/message", json={"address": account.address})).json()["message"]
    unhurried(api)
    paths: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("/v1/wallets", asked, ann.headers),
        ("/v1/sessions", door, {}),
    )
    size = await size_of(api)
    for path, message, headers in paths:
        for _ in range(rounds):
            text = spoiled([message.encode()], random).decode(errors="replace")
            if text == message:
                continue
            for signed in (text, message):
                body = {"message": text, "signature": personal_sign(account, signed)}
                reply = await posted(api, path, body, **headers)
                is_documented(reply, body)
                assert reply.status_code >= 400 or (signed == text and _says_the_same(text, message)), body
            body = json_changed({"message": message, "signature": personal_sign(account, message)}, random)
            if body != {"message": message, "signature": personal_sign(account, message)}:
                is_documented(reply := await posted(api, path, body, **headers), body)
                assert reply.status_code >= 400, body
    assert await size_of(api) <= size + 1
    good = {"message": asked, "signature": personal_sign(account, asked)}
    last = await ann.post("/v1/wallets", good)
    assert last.status_code in (201, 409), "another one that says the same may have come first"


def _says_the_same(text: str, message: str) -> bool:
    """Whether the wallet may as well have signed this. A link counts once, by what it replaces: other times and another
    nonce make it no other. To sign in counts once by its nonce; other times make it no other."""
    with suppress(CrowdLedgerError):
        link, wanted = parse(text), parse(message)
        same = replace(wanted, nonce=link.nonce, issued_at=link.issued_at, expires_at=link.expires_at)
        return link == same
    with suppress(CrowdLedgerError):
        said, asked = parse_sign_in(text), parse_sign_in(message)
        return said == replace(asked, issued_at=said.issued_at, expires_at=said.expires_at)
    return False


# ---- commitments: reveals ----


@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(300, marks=pytest.mark.long)])  # within the deadline
async def test_reveals(api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    """The preimage is whatever its author committed to: it need not be one, nor of this campaign, nor JSON."""
    campaign, random = await sealed_campaign(platform), Random(rounds)
    made: list[tuple[str, bytes, bytes, bool]] = []
    for number in range(rounds):
        who = str(uuid.UUID(int=random.getrandbits(128), version=4))
        kept = sealed(campaign, who, {"idea": number})
        right = number == 0
        preimage = kept.preimage if right else spoiled([kept.preimage], random)
        try:
            hidden = Opening(kept.salt, preimage.decode().encode())
        except UnicodeDecodeError:
            continue
        body = {"campaign": campaign, "contributor": f"p{number}", "contributor_id": who}
        reply = await platform.post("/v1/contributions", body | {"commitment": hidden.commitment})
        assert reply.status_code == 201, reply.text
        made.append((reply.json()["id"], hidden.salt, hidden.preimage, preimage == kept.preimage))
    later(monkeypatch, SECONDS + 1)
    for id_, salt, preimage, right in made:
        opening = {"v": 1, "salt": salt.hex(), "preimage": preimage.decode()}
        path = f"/v1/contributions/{id_}/reveal"
        for changed in (json_changed(opening, random), opening):
            reply = await posted(api, path, {"opening": changed}, **platform.headers)
            is_documented(reply, changed)
            assert reply.status_code >= 400 or (right and changed == opening) or _is_one(preimage), changed
    assert len(made) > rounds // 3


def _is_one(preimage: bytes) -> bool:
    """Whether what was drawn is still a commitment of some content: then its author may reveal it."""
    try:
        found = canonical.decode(preimage)
    except CrowdLedgerError:
        return False
    return isinstance(found, dict) and {"v", "purpose", "log", "campaign", "contributor", "content"} <= found.keys()


# ---- webhooks: every scheme ----

SCHEMES: dict[str, tuple[Sender, Any, str | None]] = {
    "forms": (by_header, {"response_id": "r1", "answers": {"q": [1, "yes"]}, "contributor": "ana"}, None),
    "label-studio": (
        by_header,
        {"action": "ANNOTATION_CREATED", "task": {"id": 5, "data": {"t": "x"}},
         "annotation": {"id": 7, "task": 5, "completed_by": 3, "result": [], "created_at": "2026-11-22T02:12:24Z"}},
        None,
    ),
    "zooniverse": (
        by_basic,
        {"id": 1, "workflow_id": 2, "user_id": 3, "subject": {"id": 4, "metadata": {}},
         "metadata": {"finished_at": "2026-11-22T02:12:24Z"}, "annotations": {"T0": [{"task": "T0", "value": 1}]}},
        "ana:a-secret-of-twenty-letters",
    ),
    "toloka": (by_toloka, {"events": [{"type": "ASSIGNMENT_SUBMITTED", "assignment_id": "a-1"}]}, None),
    "prolific": (
        by_prolific,
        {"event_type": "submission.status.change", "resource_id": "60d9aadeb86739de712faee0", "status": "APPROVED"},
        "a-secret-of-prolific-of-some-length",
    ),
    "pybossa": (by_basic, {"event": "task_completed", "task_id": 1, "project_id": 2}, None),
    "mturk": (
        by_sns,
        {"Events": [{"EventType": "AssignmentSubmitted", "AssignmentId": "A1", "HITId": "H1", "WorkerId": "W1",
                     "Answer": "", "EventTimestamp": "2026-11-22T02:12:24Z"}]},
        SNS_SECRET,
    ),
}  # fmt: skip
ASKED_BACK = {"toloka", "prolific", "pybossa"}
SIGNED = {"toloka", "prolific", "mturk"}
"""Whose signature is over the body."""


@pytest.mark.parametrize("name", SCHEMES)
@rounds
async def test_signed_deliveries(
    api: Api, platform: Platform, caplog: pytest.LogCaptureFixture, name: str, rounds: int
) -> None:
    sign, body, given = SCHEMES[name]
    more: dict[str, Any] = {"base_url": "https://platform.invalid"} if name in ASKED_BACK else {}
    hook = await make_hook(platform, name, await platform.campaign(), **({"secret": given} if given else {}), **more)
    random, good = Random(f"{name} {rounds}"), json.dumps(body).encode()
    caplog.set_level(logging.WARNING)
    forged = taken = 0
    for _ in range(rounds // 2):
        data = spoiled([good], random)
        data = data.decode(errors="replace").encode() if name == "mturk" else data
        sent = sign(data, hook.secret, 0)
        reply = await hook.send(sent)
        is_documented(reply, data)
        assert reply.status_code == 200, (data, reply.text)
        taken += 1
        changed = _changed(sent, random, body_counts=name in SIGNED)
        if changed is not None:
            forged += 1
            reply = await hook.send(changed)
            assert reply.status_code == 401, (changed, reply.text)
            is_documented(reply, changed)

    async def worked_on() -> bool:
        return name in ASKED_BACK or await none_waits(hook)

    await until(worked_on, seconds=60.0)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == [], "a fault of ours"
    assert (forged > 0, taken) == (True, rounds // 2)


def _changed(sent: Sent, random: Random, *, body_counts: bool) -> Sent | None:
    """The delivery with its signature or what is signed changed; None where nothing that counts is."""
    if b'"Signature": "' in sent.body:  # SNS signs some members of the body, and not how it is written
        member = random.choice([b"Message", b"MessageId", b"TopicArn", b"Timestamp", b"Signature"])
        return Sent(sent.body.replace(b'"%s": "' % member, b'"%s": "AAAA' % member, 1), sent.headers)
    if body_counts and random.random() < 0.5:
        at = random.randrange(len(sent.body) + 1)
        return Sent(sent.body[:at] + secrets.token_hex(2).encode() + sent.body[at:], sent.headers)
    headers = {name: value for name, value in sent.headers.items() if name != "content-type"}
    name = random.choice(sorted(headers))
    if name == "X-Event-ID":  # nobody signs it
        return None
    value = headers[name]
    at = random.randrange(len(value))
    other = value[:at] + random.choice("0Ab") + value[at + 1 :]
    return None if other.lower() == value.lower() else Sent(sent.body, sent.headers | {name: other})
