"""Logs that go on under another id, and what else changes by right: the audit follows, and says so."""

from __future__ import annotations

import pytest

from ledger.chain import contracts
from ledger.chain.artifacts import artifact
from ledger.errors import TransactionError
from ledger.statements.decisions import DecisionMade
from ledger.tree import merkle
from tests.integration.audit.staged import ROLE_DELAY_SECONDS, Staged, altered, failed, index_of, run

HEIR = "0x" + 40 * "5"
THIEF = "0x" + 40 * "6"
POOL = artifact(contracts.POOL_CONTRACT).abi


def _more(staged: Staged) -> None:
    staged.work(next(iter(staged.tell.book.campaigns)), 3)


def _moved(staged: Staged, *, at_once: bool = False) -> str:
    """The operator hands over to the heir, who days later anchors what was anchored in two steps, and then more.

    Or all of it ``at_once``.
    """
    successor = staged.open_log(HEIR)
    staged.close_log(successor)
    left = staged.anchors[-1].size
    staged.log_id = successor
    _more(staged)
    staged.pass_time(3 * 86_400)
    staged.tell.tick()
    if not at_once:
        staged.anchor(left // 2, HEIR)
        staged.anchor(left, HEIR)
        staged.follow(successor)
    staged.anchor(sender=HEIR)
    if at_once:
        staged.follow(successor)
    return successor


def test_a_log_that_goes_on_under_another_id(staged: Staged) -> None:
    left = staged.deployment.log_id
    successor = _moved(staged)
    report = run(staged, staged.publish("moved"), trusted_contract=staged.deployment.contribution_log)
    assert report.verdict == "pass"
    assert report.anchored_size == report.entries
    evidence = next(check.evidence for check in report.checks if check.name == "anchors")
    assert evidence == f"anchors: 6, the last at size {report.entries}, under 2 ids that continue one another"
    assert [(each.severity, each.check) for each in report.findings] == [("note", "anchors"), ("note", "pools")]
    closed, followed = (each.detail for each in report.findings)
    assert closed.startswith(f"The log {left} was closed at size ")
    assert closed.endswith(f"; {successor} is to continue it.")
    assert f"follows the log {successor} after {left}" in followed


@pytest.mark.parametrize("at_once", [False, True])
def test_what_the_successor_vouches_for_is_no_more_to_be_altered(staged: Staged, at_once: bool) -> None:
    left = staged.anchors[-1].size
    _moved(staged, at_once=at_once)
    after = index_of(staged, DecisionMade, left)
    report = run(staged, staged.publish("late", altered(staged, after, verdict="rejected")))
    assert "anchors" in failed(report)
    assert report.tampered_range == (left, len(staged.entries))
    before = index_of(staged, DecisionMade)
    report = run(staged, staged.publish("early", altered(staged, before, verdict="rejected")))
    assert report.tampered_range == (0, staged.anchors[0].size)


def test_a_successor_with_another_history(staged: Staged) -> None:
    place = staged.deployment
    stranger = staged.open_log(THIEF)
    other = [merkle.leaf_hash(b"another history")]
    staged.send(place.contribution_log, contracts.anchor_call(stranger, 1, other[0], []), THIEF)
    staged.close_log(stranger)
    report = run(staged, staged.publish("named"))
    assert failed(report) == {"anchors"}
    assert report.tampered_range is None
    words = f"The log {stranger}, which should continue this one, holds another history"
    assert report.findings[0].detail.startswith(words)

    root = merkle.root([merkle.leaf_hash(b"another history")] * 1000)
    proof = merkle.consistency_proof(1, 1000, [merkle.leaf_hash(b"another history")] * 1000)
    staged.send(place.contribution_log, contracts.anchor_call(stranger, 1000, root, proof), THIEF)

    # The admin has the pool follow one that does hold the entries: the stolen key has cost nothing else.
    heir = staged.open_log(HEIR)
    staged.send(place.pool, contracts.propose_successor_call(heir))
    staged.log_id = heir
    _more(staged)
    staged.anchor(sender=HEIR)
    staged.pass_time(ROLE_DELAY_SECONDS)
    staged.follow(heir)
    report = run(staged, staged.publish("followed"), trusted_contract=place.contribution_log)
    assert report.verdict == "pass"
    said = [(each.severity, each.check) for each in report.findings]
    assert said == [("note", "anchors"), ("note", "pools"), ("note", "pools")]  # closed, proposed, followed
    assert report.anchored_size == report.entries


def test_a_successor_of_another_name_is_said(staged: Staged) -> None:
    successor = staged.open_log(HEIR, origin="example.org/other")
    staged.close_log(successor)
    report = run(staged, staged.publish("renamed"))
    assert report.verdict == "pass"
    assert any("announces 'example.org/other'" in each.detail for each in report.findings if each.severity == "warning")


def test_changes_of_roles_pauses_and_vetoes_are_notes(staged: Staged) -> None:
    place = staged.deployment
    staged.send(place.contribution_log, contracts.transfer_operator_call(place.log_id, HEIR))
    staged.send(place.contribution_log, contracts.accept_operator_call(place.log_id), HEIR)
    for call in ("pause", "unpause"):
        staged.send(place.pool, POOL.functions[call].encode())
    staged.send(place.pool, POOL.functions["proposeRole"].encode(1, HEIR))
    staged.pass_time(ROLE_DELAY_SECONDS)
    staged.send(place.pool, POOL.functions["executeRole"].encode(1))
    report = run(staged, staged.publish("changed"))
    assert report.verdict == "pass"
    words = [each.detail.lower() for each in report.findings if each.severity == "note"]
    for said in (
        "offered it to",
        "is " + HEIR,
        "was paused",
        "pause was ended",
        "proposed as reporter",
        "took over as reporter",
    ):
        assert any(said in each for each in words), said


def test_the_contract_refuses_a_log_that_does_not_extend(staged: Staged) -> None:
    place = staged.deployment
    stranger = staged.open_log(THIEF)
    root = merkle.leaf_hash(b"another history")
    staged.send(place.contribution_log, contracts.anchor_call(stranger, 1, root, []), THIEF)
    staged.close_log(stranger)
    assert not contracts.extends(staged.node, place.contribution_log, place.log_id, stranger, [])
    call = contracts.follow_log_call(stranger, [])
    with pytest.raises(TransactionError, match="NotExtension"):
        staged.node.call(place.pool, call)
