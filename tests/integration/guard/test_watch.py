"""What the guard sees on a real chain: it lets pass what is sound, and says what is not."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import contracts
from ledger.chain.answers import LogEntry
from ledger.chain.artifacts import artifact
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.guard.run import look_once
from ledger.statements.contributions import ContributionSubmitted
from ledger.tree import merkle
from tests.integration.audit.staged import DELAY_SECONDS, Staged, altered, index_of, proposal_of
from tests.integration.guard.conftest import Guard, propose, record, theft, tick, told, wrong
from tests.unit.audit import logs

SILENT = "http://127.0.0.1:9"


def test_a_sound_settlement_passes(staged: Staged, guard: Guard) -> None:
    assert guard.round() == []
    proposal = proposal_of(record(staged))
    propose(staged, proposal)
    assert guard.round() == []
    staged.pass_time(DELAY_SECONDS)
    assert guard.round() == []
    assert [line["number"] for line in guard.events("sound")] == [1, 2]
    staged.send(staged.deployment.pool, contracts.activate_call(proposal))
    assert guard.round() == []
    assert guard.reasons == []
    assert len(guard.events("watching")) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"root": theft()}, "pays others, or other amounts"),
        ({"totals": (70,)}, "awards campaign {campaign} 70; the log awards 50"),
        pytest.param({"finals": (True,)}, "marks campaign {campaign} final", marks=pytest.mark.long),
        pytest.param({"size": -1}, "by the log of that size the next is 1", marks=pytest.mark.long),
    ],
)
def test_what_is_wrong_is_vetoed_with_the_reason(
    staged: Staged, guard: Guard, changes: dict[str, Any], words: str
) -> None:
    campaign = next(iter(staged.tell.book.campaigns))
    if "size" in changes:  # the least that the contract takes
        place = (staged.chain.chain_id, staged.deployment.pool)
        changes = {"size": staged.tell.book.pools[place].active.size}
    propose(staged, wrong(staged, **changes))
    guard.round()
    assert guard.alarm("wrong-settlement").members["number"] == 2
    guard.round()
    assert guard.pending == 0
    assert guard.round() == []
    (reason,) = guard.reasons
    assert words.format(campaign=campaign) in reason
    assert [line["number"] for line in guard.events("veto-mined")] == [2]
    assert not (guard.folder / "veto.json").exists()


def test_without_the_key_there_is_an_alarm_only(staged: Staged, guard: Guard) -> None:
    guard.start(key=None)
    propose(staged, wrong(staged, root=theft()))
    assert guard.round() == ["wrong-settlement"]
    staged.pass_time(DELAY_SECONDS)
    assert guard.round() == ["wrong-settlement"]
    assert guard.pending == 2
    staged.send(staged.deployment.pool, contracts.activate_call(wrong(staged, root=theft())))
    assert guard.round() == ["wrong-activated"]
    assert [(line["alarm"], line["raised"]) for line in guard.told if "alarm" in line] == [
        ("wrong-settlement", True),
        ("wrong-activated", True),
        ("wrong-settlement", False),
    ]


@pytest.mark.long
def test_nothing_is_sound_on_top_of_what_was_wrong(staged: Staged, guard: Guard) -> None:
    guard.start(key=None)
    first = wrong(staged, totals=(70,))
    staged.activate(first, state=False)
    propose(staged, replace(first, number=3, parent=2, totals=(80,)))
    assert guard.round() == ["wrong-activated", "wrong-settlement"]


def test_what_the_log_does_not_show_is_vetoed_late(staged: Staged, guard: Guard) -> None:
    """The operator anchors and hides: nobody can say what it pays by."""
    assert guard.round() == []
    campaign = next(iter(staged.tell.book.campaigns))
    staged.work(campaign, 2)
    tick(staged)
    staged.anchor()
    propose(staged, wrong(staged))
    assert guard.round() == ["unjudged-settlement", "unpublished"]
    assert guard.pending == 2
    staged.pass_time(DELAY_SECONDS - 1)
    assert guard.round() == ["unjudged-settlement", "unpublished"]  # as it was when it looked
    assert guard.round() == ["unpublished"]
    (reason,) = guard.reasons
    assert "that are anchored the log shows" in reason


def test_what_the_log_shows_in_time_is_not_vetoed(staged: Staged, guard: Guard) -> None:
    settlement = staged.tell.settle()
    propose(staged, proposal_of(settlement))
    assert guard.round() == ["unjudged-settlement"]
    assert "does not record it" in guard.alarm("unjudged-settlement").members["reasons"][0]
    staged.publish("served")
    staged.pass_time(DELAY_SECONDS - 1)
    assert guard.round() == []
    assert guard.reasons == []


@pytest.mark.long
def test_what_cannot_be_judged_can_be_left_alone(staged: Staged, guard: Guard) -> None:
    guard.start(veto_unjudged=False)
    propose(staged, proposal_of(staged.tell.settle()))
    staged.pass_time(DELAY_SECONDS - 1)
    assert guard.round() == ["unjudged-settlement"]
    assert guard.round() == ["unjudged-settlement"]
    assert guard.reasons == []


def test_a_fork_is_an_alarm(staged: Staged, guard: Guard) -> None:
    """To us it shows another history than it anchored."""
    entries = altered(staged, index_of(staged, ContributionSubmitted), commitment=64 * "9")
    staged.publish("served", entries)
    propose(staged, proposal_of(staged.tell.settle()))
    both = ["unjudged-settlement", "unjudged-settlement"]  # the one in force, and the one that waits
    assert guard.round() == ["fork", *both]
    staged.pass_time(DELAY_SECONDS - 1)
    assert guard.round() == ["fork", *both]
    assert guard.round() == ["fork", both[0]]
    assert "is not the one of which" in guard.reasons[0]


@pytest.mark.long
def test_what_was_sound_is_judged_again_where_another_history_is_anchored(staged: Staged, guard: Guard) -> None:
    """A reorganisation, and an operator who uses it."""
    staged.work(next(iter(staged.tell.book.campaigns)), 1)
    tick(staged)
    before = staged.chain.snapshot()
    staged.anchor()
    size = staged.anchors[-1].size
    proposal = proposal_of(record(staged))
    propose(staged, proposal)
    assert guard.round() == []
    staged.chain.revert(before)
    place, old = staged.deployment, staged.anchors[-2].size
    leaves = [merkle.leaf_hash(entry) for entry in staged.entries[:size]]
    leaves[old] = merkle.leaf_hash(b"another")
    proof = merkle.consistency_proof(old, size, leaves)
    staged.send(place.contribution_log, contracts.anchor_call(place.log_id, size, merkle.root(leaves), proof))
    propose(staged, proposal)
    assert "unjudged-settlement" in guard.round()
    assert guard.alarm("fork")


def test_a_source_that_rewrites_or_shrinks_is_an_alarm_and_the_mirror_judges_on(staged: Staged, guard: Guard) -> None:
    settlement = record(staged)
    assert guard.round() == []
    for name, served in {
        "other": altered(staged, index_of(staged, ContributionSubmitted), commitment=64 * "9"),
        "less": staged.entries[:-3],
    }.items():
        guard.served = staged.publish(name, served)
        guard.start()
        assert guard.round() == ["other-history"]
    propose(staged, proposal_of(settlement))
    assert guard.round() == ["other-history"]
    assert [line["number"] for line in guard.events("sound")][-1] == 2


@pytest.mark.long
def test_a_log_of_another_name_or_key_is_no_log_of_this_pool(staged: Staged, guard: Guard) -> None:
    signer = logs.log_signer()
    entries = altered(staged, 0, key=signer.verifier_key.vkey)
    guard.served = logs.publish(staged.folder / "others", entries, signer)
    guard.start()
    assert guard.round() == ["fork", "unjudged-settlement"]
    assert "are not those that are shown" in guard.alarm("fork").detail


@pytest.mark.long
def test_a_silent_source_leaves_what_is_mirrored(staged: Staged, guard: Guard, tmp_path: Path) -> None:
    settlement = record(staged)
    assert guard.round() == []
    guard.served = tmp_path / "gone"
    guard.start()
    propose(staged, proposal_of(settlement))
    assert guard.round() == ["source-silent"]
    assert guard.events("sound")
    staged.anchor()
    assert guard.round() == ["source-silent"]  # what is not shown to us is not hidden therefore


@pytest.mark.long
def test_without_any_mirror_nothing_can_be_judged(staged: Staged, guard: Guard, tmp_path: Path) -> None:
    guard.served = tmp_path / "gone"
    guard.start()
    assert guard.round() == ["source-silent", "unjudged-settlement"]  # the one in force


@pytest.mark.long
def test_a_mirror_that_is_damaged_judges_nothing(staged: Staged, guard: Guard) -> None:
    assert guard.round() == []
    checkpoint = guard.folder / "mirror" / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-20])
    guard.start()
    assert guard.round() == ["mirror-damaged", "unjudged-settlement"]


def test_one_look_says_how_things_stand(staged: Staged, guard: Guard) -> None:
    """0: sound; 1: wrong, also where it was vetoed in that look; 3: it cannot be told."""
    stop = threading.Event()
    assert look_once(guard.watch, stop) == 0
    propose(staged, wrong(staged, root=theft()))
    assert look_once(guard.watch, stop) == 1
    assert guard.pending == 0
    assert look_once(guard.watch, stop) == 0
    guard.start(nodes=[Node(SILENT)])
    assert look_once(guard.watch, stop) == 3


# ---- other pools, other logs ----


@pytest.mark.long
def test_a_token_that_is_its_own_pool(chain: DevChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staged = told(Staged(chain, tmp_path, monkeypatch, reward_token=True))
    guard = Guard(staged, tmp_path / "guard")
    propose(staged, wrong(staged, root=theft()))
    assert guard.round() == ["wrong-settlement"]
    assert guard.round() == []
    assert guard.pending == 0


def test_a_log_that_goes_on_under_another_id(staged: Staged, guard: Guard) -> None:
    """What is proposed rests on the log that the pool follows; one that is only named bounds nothing."""
    assert guard.round() == []
    heir = "0x" + 40 * "8"
    successor = staged.open_log(heir)
    staged.log_id = successor
    staged.anchor(sender=heir)
    staged.close_log(successor)
    staged.follow(successor)
    assert guard.round() == []
    staged.work(next(iter(staged.tell.book.campaigns)), 1)
    tick(staged)
    staged.anchor(sender=heir)
    propose(staged, proposal_of(record(staged)))
    assert guard.round() == []
    assert [line["number"] for line in guard.events("sound")] == [1, 2]


@pytest.mark.long
def test_an_heir_with_another_history_is_an_alarm_before_it_is_followed(staged: Staged, guard: Guard) -> None:
    heir, pool = "0x" + 40 * "8", staged.deployment
    successor = staged.open_log(heir)
    root = merkle.root([merkle.leaf_hash(b"another history")] * 3)
    staged.send(pool.contribution_log, contracts.anchor_call(successor, 3, root, []), heir)
    staged.close_log(successor)
    propose(staged, proposal_of(record(staged)))
    assert guard.round() == ["fork"]
    assert guard.events("sound")[-1]["number"] == 2


# ---- nodes ----


class Hiding(Node):
    """A node that leaves out events, by default what is proposed."""

    hides = "SettlementProposed"

    def logs(self, address: str, topics: Sequence[bytes | list[bytes] | None], begin: int, end: int) -> list[LogEntry]:
        hidden = artifact("RewardPool").abi.events[self.hides].topic
        return [each for each in super().logs(address, topics, begin, end) if each.topics[0] != hidden]


def test_a_node_that_hides_events_is_put_aside(staged: Staged, guard: Guard) -> None:
    guard.start(nodes=[Hiding(staged.chain.url)])
    assert guard.round() == ["no-node", "node-aside"]
    guard.start(nodes=[Hiding(staged.chain.url), Node(staged.chain.url)])
    propose(staged, wrong(staged, root=theft()))
    assert guard.round() == ["node-aside", "wrong-settlement"]


def test_a_node_that_hides_how_a_settlement_ended_is_put_aside(staged: Staged, guard: Guard) -> None:
    propose(staged, wrong(staged, root=theft()))
    staged.send(staged.deployment.pool, contracts.veto_call(2, "no"))
    node = Hiding(staged.chain.url)
    node.hides = "SettlementVetoed"
    guard.start(nodes=[node])
    assert guard.round() == ["no-node", "node-aside"]


def test_a_node_that_is_down_stops_nothing(staged: Staged, guard: Guard) -> None:
    guard.urls = [SILENT, staged.chain.url]
    guard.start()
    propose(staged, wrong(staged, root=theft()))
    assert guard.round() == ["node-aside", "wrong-settlement"]
    assert guard.pending == 0
    assert guard.round() == ["node-aside"]


@pytest.mark.long
def test_what_stood_when_the_last_node_went_stands_on(staged: Staged, guard: Guard) -> None:
    guard.start(key=None)
    propose(staged, wrong(staged, root=theft()))
    assert guard.round() == ["wrong-settlement"]
    view = guard.watch._views[0]
    view.node = Node(SILENT)
    assert guard.round() == ["no-node", "node-aside", "wrong-settlement"]
    view.node = Node(staged.chain.url)
    assert guard.round() == ["wrong-settlement"]


@pytest.mark.long
def test_an_old_block_is_an_alarm_where_money_is_real(staged: Staged, guard: Guard) -> None:
    guard.offset_ms = 10**7
    assert guard.round() == []
    guard.staged.deployment = replace(staged.deployment, dev=False)
    guard.start()
    assert guard.round() == ["node-late"]
