"""Who judges, by who sends it."""

from __future__ import annotations

import pytest

from api.judges import judge, named_judge
from ledger.errors import FieldError, ForbiddenError

ME = "mem_0011223344556677"


def test_a_member_judges_as_nobody_else() -> None:
    assert judge(ME, None) == judge(ME, ME) == named_judge(ME, None) == ME
    for other in ("carl", "", ME.upper(), ME + " ", "mem_7766554433221100", "wallet:0x" + "11" * 20):
        with pytest.raises(ForbiddenError):
            judge(ME, other)


def test_a_key_judges_as_nobody_who_signs_in() -> None:
    assert judge(None, None) is None
    for own in ("carl", "mem_", "mem_carl", ME[:-1], ME + "0", ME.upper()):
        assert judge(None, own) == named_judge(None, own) == own
    for other in (ME, "wallet:0x" + "11" * 20):
        with pytest.raises(FieldError):
            judge(None, other)
    with pytest.raises(FieldError, match="missing"):
        named_judge(None, None)
