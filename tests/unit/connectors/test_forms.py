from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.connectors.registry import find
from ledger.errors import FormatError, SignatureError
from tests.unit.connectors.files import delivery, read

HOOK = find("forms").hook
assert HOOK is not None
SECRET = b"a form's secret"
HEADERS = {"x-form-secret": SECRET.decode()}
TABLE = """featured,ip_address,is_public,mood,session_key,submitted_at,survey,user,why
0,192.0.2.1,1,good,,2012-03-05T10:00:00,day,ana,"rain,
and tea"
1,192.0.2.1,1,good,s7,2012-03-05T10:01:00,day,,"سلام"
0,192.0.2.1,0,bad,,2012-03-05T10:02:00,day,,
0,192.0.2.1,1,bad,,someday,day,,
"""


def test_answers_of_several_services_shapes() -> None:
    assert HOOK is not None
    bodies = [
        {"response_id": "r1", "respondent_id": 7, "submitted_at": "2026-11-22T02:00:00Z", "answers": {"q1": "بله"}},
        {"event": "new", "data": {"submissionId": 2, "fields": [{"label": "q1", "value": "x"}]}},
        {"id": "r3", "q1": "a", "q2": ["b"], "ip": "192.0.2.1", "created_at": "2026-11-22T02:00:00Z"},
    ]
    (first,), (second,), (third,) = (HOOK.records(delivery(body, HEADERS), None) for body in bodies)
    given = first.contributions[0]
    assert (given.external_id, given.contributor) == ("forms:r1", "7")
    assert given.content == {"q1": "بله", "_at": "2026-11-22T02:00:00.000Z"}
    assert second.contributions[0].content == {"answers": [{"label": "q1", "value": "x"}]}
    assert second.contributions[0].contributor == "anonymous:2"
    assert third.contributions[0].content == {"q1": "a", "q2": ["b"], "_at": "2026-11-22T02:00:00.000Z"}
    assert len(HOOK.records(delivery(bodies, HEADERS), None)) == 3


def test_an_answer_without_an_id_or_with_an_odd_time_is_refused() -> None:
    assert HOOK is not None
    for body in ({"q": 1}, {"id": ""}, {"id": "a\nb"}, {"id": "a", "created_at": "then"}, [[]], "x", b"{", b"\xff\xfe"):
        with pytest.raises(FormatError):
            HOOK.records(delivery(body, HEADERS), None)


def test_forged_and_truncated_answers_are_refused_and_replays_are_known() -> None:
    assert HOOK is not None
    sent = delivery({"id": "a", "q": 1}, HEADERS)
    sent = replace(sent, headers={**sent.headers, "content-length": str(len(sent.body))})
    assert HOOK.verify(sent, [b"old", SECRET]) == HOOK.verify(replace(sent), [SECRET])
    with pytest.raises(SignatureError):
        HOOK.verify(replace(sent, body=sent.body[:-1]), [SECRET])
    for headers in ({}, {"x-form-secret": "a form"}, {"x-form": SECRET.decode()}, {"x-form-secret": "x" * 5000}):
        with pytest.raises(SignatureError):
            HOOK.verify(delivery(sent.body, headers), [SECRET])


def test_django_crowdsourcings_submissions_and_moderation() -> None:
    found = read("django-crowdsourcing", TABLE.encode(), "submissions")
    ana, session, hidden = found.contributions
    assert ana.contributor == "ana"
    assert ana.content == {"mood": "good", "why": "rain,\nand tea", "survey": "day", "_at": "2012-03-05T10:00:00.000Z"}
    assert session.contributor == "session:s7"
    assert hidden.contributor == hidden.external_id.replace("django-crowdsourcing", "anonymous")
    assert [(made.contribution, made.verdict) for made in found.decisions] == [
        (session.external_id, "accepted"),
        (hidden.external_id, "rejected"),
    ]
    assert [(each.line, "someday" in each.reason) for each in found.refused] == [(6, True)]
    moderated = read(
        "django-crowdsourcing", TABLE.replace("0,192.0.2.1,1,good", "1,192.0.2.1,1,good").encode(), "submissions"
    )
    assert moderated.contributions == found.contributions
