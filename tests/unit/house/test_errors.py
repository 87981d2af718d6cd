"""The tree of errors: drawn in the module's docstring, each kind with a name of its own, each with a remedy."""

from __future__ import annotations

import inspect
import pickle
import re
from collections import Counter

import pytest

from ledger import errors
from ledger.errors import CrowdLedgerError, FormatError, MalformedError


def kinds() -> list[type[CrowdLedgerError]]:
    """Every class of the tree, the root first."""
    found: list[type[CrowdLedgerError]] = [CrowdLedgerError]
    for kind in found:
        found.extend(child for child in kind.__subclasses__() if child.__module__ == errors.__name__)
    return found


def drawn() -> dict[str, str | None]:
    """Class -> its parent, as the docstring draws them."""
    parents: dict[str, str | None] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^([ │├└─]*)(\w+Error)\b", line)
        if match:
            depth = len(match[1])
            path = [step for step in path if step[0] < depth]
            parents[match[2]] = path[-1][1] if path else None
            path.append((depth, match[2]))
    return parents


def test_the_docstring_draws_the_tree_as_it_is() -> None:
    real = {
        kind.__name__: kind.__base__.__name__ if kind.__base__ and kind is not CrowdLedgerError else None
        for kind in kinds()
    }
    assert drawn() == real


def test_every_kind_has_a_slug_of_its_own() -> None:
    # "malformed" is shared on purpose: bytes that break a format, in a request or elsewhere, are one problem type.
    slugs = Counter(kind.slug for kind in kinds() if kind is not MalformedError)
    assert MalformedError.slug == FormatError.slug == "malformed"
    assert [slug for slug, count in slugs.items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_kind_says_what_it_is_and_what_to_do(kind: type[CrowdLedgerError]) -> None:
    assert kind.__doc__
    assert kind.title.strip()
    assert kind.default_remedy.endswith(".")
    assert 400 <= kind.status < 600


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_kind_goes_to_another_process_as_it_is(kind: type[CrowdLedgerError]) -> None:
    more = {name: "x" for name in ("rule", "field") if name in inspect.signature(kind).parameters}
    error = kind("What is wrong.", remedy="Do this.", **more)
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is kind
    assert (there.args, vars(there), str(there)) == (error.args, vars(error), str(error))
