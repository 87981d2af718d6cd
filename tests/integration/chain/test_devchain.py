"""The dev chain against the real anvil."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ledger.chain import devchain
from ledger.chain.devchain import DevChain, find_anvil
from ledger.errors import ConfigError, NodeError

ACCOUNT = "0x00000000000000000000000000000000000000aa"


def test_a_snapshot_brings_back_the_state_and_the_present_time(chain: DevChain) -> None:
    snapshot = chain.snapshot()
    chain.rpc("anvil_setBalance", ACCOUNT, "0x7")
    chain.rpc("evm_increaseTime", 1000)
    chain.rpc("evm_mine")
    assert chain.rpc("eth_getBalance", ACCOUNT, "latest") == "0x7"
    chain.revert(snapshot)
    assert chain.rpc("eth_getBalance", ACCOUNT, "latest") == "0x0"
    chain.rpc("evm_mine")
    block = chain.rpc("eth_getBlockByNumber", "latest", False)
    assert abs(int(block["timestamp"], 16) - time.time()) < 5
    with pytest.raises(NodeError, match="no snapshot"):
        chain.revert(snapshot)


def test_the_next_test_starts_from_a_clean_chain(chain: DevChain) -> None:
    assert chain.rpc("eth_getBalance", ACCOUNT, "latest") == "0x0"


def test_finality_follows_two_blocks_behind(chain: DevChain) -> None:
    for _ in range(4):
        chain.rpc("evm_mine")
    latest = int(chain.rpc("eth_getBlockByNumber", "latest", False)["number"], 16)
    finalized = int(chain.rpc("eth_getBlockByNumber", "finalized", False)["number"], 16)
    assert 0 < latest - finalized <= 3  # a block may be mined between the two calls


def test_an_error_of_the_node_is_named(chain: DevChain) -> None:
    with pytest.raises(NodeError, match="eth_nonsense"):
        chain.rpc("eth_nonsense")


def test_a_port_that_is_taken_is_said(dev_chain: DevChain) -> None:
    with pytest.raises(NodeError, match="Choose another") as caught:
        DevChain(port=dev_chain.port).start()
    assert "ended at once" in caught.value.detail


def test_a_chain_keeps_its_state_in_a_file(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with DevChain(chain_id=31338, state=state) as first:
        first.rpc("anvil_setBalance", ACCOUNT, "0x9")
    with DevChain(chain_id=31338, state=state, log=tmp_path / "anvil.log") as second:
        assert second.rpc("eth_getBalance", ACCOUNT, "latest") == "0x9"
        assert int(second.rpc("eth_chainId"), 16) == 31338
    assert "Listening" in (tmp_path / "anvil.log").read_text()
    with pytest.raises(NodeError, match="not running"):
        second.rpc("eth_chainId")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child with its parent")
def test_anvil_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, time; from ledger.chain.devchain import DevChain;"
        "chain = DevChain(log=pathlib.Path(sys.argv[1])).start(); print(chain.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "anvil.log")]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    anvil = psutil.Process(int(parent.stdout.readline()))
    assert "anvil" in anvil.name()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(250):
        if not anvil.is_running() or anvil.status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    anvil.kill()
    pytest.fail("anvil outlived its parent")


def test_without_anvil_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(devchain, "__file__", str(tmp_path / "ledger" / "chain" / "devchain.py"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="make setup") as refused:
        find_anvil()
    assert re.search(r"npm install --global @foundry-rs/anvil-[a-z0-9-]+@\d", refused.value.remedy)
    own = tmp_path / "anvil"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert find_anvil() == own
