"""Errors travel as problems and come back as themselves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import (
    CrowdLedgerError,
    FieldError,
    IdReusedError,
    LogDivergedError,
    NotFoundError,
    RequestError,
    RuleError,
    TransactionError,
    UnavailableError,
)
from ledger.wire.problems import error_of, kinds, problem


def made(kind: type[CrowdLedgerError]) -> CrowdLedgerError:
    needed: dict[str, Any] = {}
    if issubclass(kind, FieldError):
        needed["field"] = "policy.amount"
    if issubclass(kind, RuleError):
        needed["rule"] = "campaign-open"
    return kind("What is wrong.", remedy="What to do.", **needed)


@pytest.mark.parametrize("kind", kinds().values(), ids=kinds())
def test_there_and_back(kind: type[CrowdLedgerError]) -> None:
    error = made(kind)
    back = error_of(problem(error, "/v1/x"), error.status)
    assert type(back) is kind
    assert (back.detail, back.remedy, back.members) == (error.detail, error.remedy, error.members)


def test_what_a_reused_id_names_travels_as_data() -> None:
    existing = {"id": "x", "index": 7, "url": "https://crowd.example/c/x", "receipt": {"v": 1}}
    sent = problem(IdReusedError("Other content.", id="x", kind="contribution", index=7, existing=existing))
    assert sent["existing"] == existing
    assert not {"id", "index", "kind"} & sent.keys()
    back = error_of(sent, 409)
    assert isinstance(back, IdReusedError)
    assert (back.id, back.index, back.existing) == ("x", 7, existing)


@pytest.mark.parametrize("existing", [None, 5, [], {"id": "x"}, {"id": "x", "index": "7", "url": "", "receipt": {}}])
def test_what_is_no_existing_thing_is_left_out(existing: object) -> None:
    back = error_of(problem(IdReusedError("Other content.")) | {"existing": existing}, 409)
    assert isinstance(back, IdReusedError)
    assert (back.id, back.index, back.existing) == ("", None, None)


def test_every_error_has_a_kind_of_its_slug_and_status() -> None:
    waiting: list[type[CrowdLedgerError]] = [CrowdLedgerError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind is not RequestError:
            assert kinds()[kind.slug].status == kind.status


@given(
    st.dictionaries(
        st.sampled_from(["type", "detail", "remedy", "field", "rule", "self", "reason", "status", "x y", "limit"]),
        st.one_of(st.none(), st.text(), st.integers(), st.lists(st.text())),
    ),
    st.sampled_from([400, 401, 404, 409, 422, 500, 502, 503]),
)
def test_any_answer_becomes_an_error(members: dict[str, Any], status: int) -> None:
    error = error_of(members, status)
    assert str(error)
    if not str(members.get("type", "")).startswith("/problems/"):
        unknown = UnavailableError if status >= 500 else RequestError
        assert isinstance(error, unknown | CrowdLedgerError)


def test_unknown_types_fall_back_to_the_status() -> None:
    assert type(error_of({"type": "about:blank"}, 404)) is RequestError
    assert type(error_of({}, 502)) is UnavailableError
    assert type(error_of({"type": "/problems/not-found"}, 404)) is NotFoundError
    assert type(error_of({"type": "/problems/log-diverged"}, 503)) is LogDivergedError
    assert isinstance(error_of({"type": "/problems/transaction-failed", "reason": "x"}, 503), TransactionError)
