"""Contracts with CrowdLedger's code that its constructors did not make: other values in it, other storage below it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.audit.report import Report
from ledger.chain import contracts
from ledger.chain.artifacts import artifact
from ledger.chain.devchain import DevChain
from ledger.chain.transactions import made_address
from ledger.statements.onchain import address_word, keccak256, uint256
from tests.integration.audit.conftest import told
from tests.integration.audit.staged import Staged, failed, run
from tests.unit.book import story

SLOTS = 32
THIEF = "0x" + 40 * "6"


@pytest.fixture
def pool(staged: Staged) -> str:
    return staged.deployment.pool


def _audited(staged: Staged) -> Report:
    return run(staged, staged.publish("false"), trusted_contract=staged.deployment.contribution_log)


def _words(report: Report) -> str:
    return " ".join(each.detail for each in report.findings if each.severity == "error")


@pytest.mark.parametrize("name", ["ROLE_DELAY", "SETTLEMENT_DELAY", "GRACE", "TOKEN"])
@pytest.mark.parametrize("place", [0, -1])
def test_a_value_that_differs_in_one_place(staged: Staged, pool: str, name: str, place: int) -> None:
    """Its getter may well say the right thing."""
    begin, end = artifact(contracts.POOL_CONTRACT).immutables[name][place]
    code = bytearray(staged.node.code(pool))
    code[begin:end] = uint256(1)
    staged.chain.rpc("anvil_setCode", pool, "0x" + code.hex())
    report = _audited(staged)
    assert "pools" in failed(report)
    assert re.search(f"was made with other values: [A-Z_, ]*{name}", _words(report))


def _factory(creation: bytes) -> bytes:
    """Creation code of a contract that makes another one: it copies what follows it, and makes it with CREATE."""
    size = b"\x62" + len(creation).to_bytes(3, "big")
    code = size + bytes.fromhex("6014 5f 39") + size + bytes.fromhex("5f 5f f0 5f 5f f3")
    return code + bytes(0x14 - len(code)) + creation


def test_a_pool_that_another_contract_made(chain: DevChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Made(Staged):
        def make(self, creation: bytes) -> str:
            factory = super().make(_factory(creation))
            return made_address(factory, 1)

    staged = told(Made(chain, tmp_path, monkeypatch, reward_token=True))
    report = _audited(staged)
    (warning,) = report.findings
    assert (warning.severity, warning.check) == ("warning", "pools")
    assert "was not made by a transaction with CrowdLedger's constructor" in warning.detail


def _slots(staged: Staged, pool: str, slot_of: Callable[[int], bytes], value: bytes) -> Iterator[str]:
    for number in range(SLOTS):
        slot = "0x" + slot_of(number).hex()
        if staged.chain.rpc("eth_getStorageAt", pool, slot, "latest") == "0x" + value.hex():
            yield slot


def test_a_role_that_nobody_announced(staged: Staged, pool: str) -> None:
    reporter = uint256(contracts.ROLES.index("reporter"))
    (slot,) = _slots(staged, pool, lambda number: keccak256(reporter + uint256(number)), address_word(staged.operator))
    staged.chain.rpc("anvil_setStorageAt", pool, slot, "0x" + address_word(THIEF).hex())
    assert contracts.read_role(staged.node, pool, "reporter") == THIEF
    report = _audited(staged)
    assert "pools" in failed(report)
    assert "settlements, payments or changes are missing" in _words(report)


def test_a_root_that_no_settlement_activated(
    staged: Staged, pool: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whoever is in its tree could be paid at once."""
    _, root, _ = contracts.read_last_activated(staged.node, pool)
    (slot,) = _slots(staged, pool, uint256, bytes.fromhex(root[2:]))
    fresh = Staged(staged.chain, tmp_path_factory.mktemp("fresh"), monkeypatch)
    campaign = fresh.open_campaign()
    fresh.work(campaign, 2)
    fresh.tell.link(0, story.wallet(0))
    fresh.anchor()
    assert _audited(fresh).verdict == "pass"
    fresh.chain.rpc("anvil_setStorageAt", fresh.deployment.pool, slot, root)
    report = _audited(fresh)
    assert failed(report) == {"pools"}
    assert "was not made by CrowdLedger's constructor" in _words(report)
