from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.chain import anchors, contracts
from ledger.chain.artifacts import artifact
from ledger.chain.deploy import NewToken, Terms, deploy, differences, plan, read_standing
from ledger.chain.deployments import Deployment
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node, connect
from ledger.chain.signers import LocalSigner
from ledger.errors import ConfigError, NodeError, TransactionError, WrongChainError, WrongContractError
from tests.integration.chain.conftest import send

BIRD = NewToken(name="Bird Coin", symbol="BIRD", cap=10**24)


def gas_used(chain: DevChain, sender: str, first: int, last: int) -> int:
    receipts = [each for block in range(first, last + 1) for each in chain.rpc("eth_getBlockReceipts", hex(block))]
    return sum(int(each["gasUsed"], 16) for each in receipts if each["from"] == sender)


def test_a_second_run_finds_what_the_first_one_made(
    node: Node, operator: LocalSigner, terms: Terms, deployment: Deployment, tmp_path: Path
) -> None:
    block = node.block().number
    (tmp_path / "deployments" / "31337.unfinished.json").write_text("{}")  # of a run that was killed at its end
    assert deploy(node, operator, terms, tmp_path / "deployments") == deployment
    assert node.nonce(operator.address) == 4  # the two contracts, the log, the token: nothing was sent twice
    assert node.block().number - block < 3
    assert Deployment.load(tmp_path / "deployments" / "31337.json") == deployment
    assert [path.name for path in (tmp_path / "deployments").iterdir()] == ["31337.json"]
    opened = anchors.check_deployment(node, deployment)
    assert (opened.vkey, opened.opener) == (terms.vkey, operator.address)
    assert contracts.read_pool_terms(node, deployment.pool).settlement_delay == 3
    assert plan(node, operator, terms, tmp_path / "deployments").steps == ()


def test_a_reward_token_is_pool_and_token(
    chain: DevChain, node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    first, wanted = node.block().number, replace(terms, new_token=BIRD)
    planned = plan(node, operator, wanted, tmp_path)
    assert [step.name for step in planned.steps] == ["contribution_log", "log", "pool"]
    deployment = deploy(node, operator, wanted, tmp_path)
    assert deployment.token == deployment.pool
    assert node.nonce(operator.address) == 3
    assert read_standing(node, deployment).new_token == BIRD
    used = gas_used(chain, operator.address, first, node.block().number)
    assert used <= planned.gas <= used * 5 // 4
    with pytest.raises(ConfigError, match=r"reward_token is .*cap=1000000000000000000000000\), asked for was"):
        deploy(node, operator, replace(wanted, new_token=replace(BIRD, cap=BIRD.cap + 1)), tmp_path)


@pytest.mark.parametrize("stop", [0, 1, 2, 3])
def test_a_run_that_was_cut_goes_on_where_it_stopped(
    chain: DevChain, node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path, stop: int
) -> None:
    class CutNode(Node):
        sent = 0

        def send_raw(self, raw: bytes) -> str:
            if self.sent == stop:
                raise NodeError("cut")  # saved, and never sent
            self.sent += 1
            return super().send_raw(raw)

    with CutNode(chain.url) as cut, pytest.raises(NodeError):
        deploy(cut, operator, terms, tmp_path)
    assert stat.S_IMODE((tmp_path / "31337.unfinished.json").stat().st_mode) == 0o600  # signed transactions
    assert [step.begun for step in plan(node, operator, terms, tmp_path).steps].count(True) == stop + 1
    deployment = deploy(node, operator, terms, tmp_path)
    assert differences(deployment, read_standing(node, deployment), terms) == []
    assert node.nonce(operator.address) == 4
    assert not (tmp_path / "31337.unfinished.json").exists()


def test_an_unfinished_run_with_other_settings_is_refused(
    chain: DevChain, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    class CutNode(Node):
        def send_raw(self, raw: bytes) -> str:
            raise NodeError("cut")

    with CutNode(chain.url) as cut:
        with pytest.raises(NodeError):
            deploy(cut, operator, terms, tmp_path)
        saved = (tmp_path / "31337.unfinished.json").read_text()
        with pytest.raises(ConfigError, match="begun with other settings: settlement_delay"):
            deploy(cut, operator, replace(terms, settlement_delay=4), tmp_path)
        with pytest.raises(ConfigError, match="begun with other settings: operator"):
            deploy(cut, LocalSigner.from_key(b"\5" * 32), terms, tmp_path)
        whole = json.loads(saved)
        step = whole["steps"]["contribution_log"]
        for broken in (
            "{",
            json.dumps(whole | {"more": 1}),
            json.dumps(whole | {"steps": {"contribution_log": step | {"attempts": []}}}),
            json.dumps(whole | {"steps": {"contribution_log": step | {"nonce": -1}}}),
            saved.replace('"raw": "0x', '"raw": "0xg'),
        ):
            (tmp_path / "31337.unfinished.json").write_text(broken)
            with pytest.raises(ConfigError, match="cannot be read"):
                deploy(cut, operator, terms, tmp_path)


def test_other_settings_than_those_deployed_are_refused(
    node: Node, operator: LocalSigner, terms: Terms, deployment: Deployment, tmp_path: Path
) -> None:
    differing = {
        "settlement_delay": 5,
        "origin": "example.org/other",
        "token": "0x" + "01" * 20,
        "guardian": "0x" + "02" * 20,
        "log_id": "0x" + "03" * 32,
    }
    for name, value in differing.items():
        with pytest.raises(ConfigError, match=f" {name} is .* asked for was"):
            deploy(node, operator, replace(terms, **{name: value}), tmp_path / "deployments")


def test_wrong_chains_and_poor_operators_are_refused(
    node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    with pytest.raises(WrongChainError, match="serves chain 31337, expected is chain 1"):
        deploy(node, operator, replace(terms, chain_id=1), tmp_path)
    with pytest.raises(TransactionError, match="has no coins"):
        deploy(node, LocalSigner.from_key(b"\7" * 32), terms, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_operator_who_cannot_pay_for_all_sends_nothing(
    chain: DevChain, node: Node, terms: Terms, tmp_path: Path
) -> None:
    poor = LocalSigner.from_key(b"\7" * 32)
    planned = plan(node, poor, terms, tmp_path)
    chain.rpc("anvil_setBalance", poor.address, hex(planned.cost // 2))
    with pytest.raises(TransactionError, match=r"coins; the deployment takes about 0\.0"):
        deploy(node, poor, terms, tmp_path)
    assert node.nonce(poor.address) == 0


def test_a_second_pool_for_a_log_that_is_open(
    node: Node, operator: LocalSigner, stranger: LocalSigner, terms: Terms, deployment: Deployment, tmp_path: Path
) -> None:
    joined = replace(terms, contribution_log=deployment.contribution_log, new_token=BIRD)
    second = deploy(node, operator, joined, tmp_path / "second")
    assert (second.log_id, second.block) == (deployment.log_id, deployment.block)
    assert second.pool != deployment.pool
    assert node.nonce(operator.address) == 5

    theirs = replace(joined, log_id=deployment.log_id, log_block=deployment.block)
    planned = plan(node, stranger, theirs, tmp_path / "third")
    assert [step.name for step in planned.steps] == ["pool"]
    third = deploy(node, stranger, theirs, tmp_path / "third")
    assert read_standing(node, third).operator == operator.address
    mine = deploy(node, stranger, joined, tmp_path / "fourth")  # another account's log of the same name is another log
    assert mine.log_id != deployment.log_id

    key = terms.vkey[:-2] + ("A=" if terms.vkey[-2] != "A" else "E=")
    with pytest.raises(ConfigError):
        deploy(node, operator, replace(joined, vkey=key), tmp_path / "fifth")
    with pytest.raises(WrongContractError, match="has opened no log"):
        deploy(node, operator, replace(joined, log_id="0x" + "01" * 32), tmp_path / "fifth")
    with pytest.raises(WrongContractError, match="is not our ContributionLog"):
        deploy(node, operator, replace(joined, contribution_log=deployment.pool), tmp_path / "fifth")
    with pytest.raises(ConfigError, match=r"opens 'example\.org/crowd' as"):
        deploy(node, operator, replace(terms, log_id="0x" + "01" * 32), tmp_path / "fifth")
    close = (
        artifact("ContributionLog").abi.functions["closeLog"].encode(bytes.fromhex(deployment.log_id[2:]), bytes(32))
    )
    send(node, operator, deployment.contribution_log, close)
    with pytest.raises(ConfigError, match="is closed"):
        deploy(node, operator, joined, tmp_path / "fifth")
    assert not (tmp_path / "fifth").exists()


def test_contracts_that_are_not_ours_are_refused(node: Node, deployment: Deployment) -> None:
    swapped = replace(deployment, pool=deployment.token)
    with pytest.raises(WrongContractError, match="is not our RewardToken"):
        read_standing(node, swapped)
    with pytest.raises(WrongContractError, match="is not our RewardPool"):
        read_standing(node, replace(deployment, pool=deployment.contribution_log))
    with pytest.raises(WrongContractError, match="no contract at 0x0101"):
        read_standing(node, replace(deployment, contribution_log="0x" + "01" * 20))
    with pytest.raises(WrongContractError, match="made with other values: LOG_ID"):
        read_standing(node, replace(deployment, log_id="0x" + "01" * 32))
    with pytest.raises(WrongContractError, match="made with other values: TOKEN"):
        read_standing(node, replace(deployment, token="0x" + "01" * 20))
    with pytest.raises(WrongContractError, match="was opened as"):
        read_standing(node, replace(deployment, origin="example.org/other"))


@pytest.mark.parametrize("new_token", [None, BIRD], ids=["pool", "token"])
def test_one_wrong_byte_in_any_immutable_is_found_and_named(
    chain: DevChain, node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path, new_token: NewToken | None
) -> None:
    deployment = deploy(node, operator, replace(terms, new_token=new_token), tmp_path)
    code = node.code(deployment.pool)
    for name, places in artifact("RewardToken" if new_token else "RewardPool").immutables.items():
        if new_token and name == "CAP":
            continue  # without terms to compare with, the cap that the token tells is the cap
        begin, end = places[-1]
        wrong = code[: end - 1] + bytes([code[end - 1] ^ 1]) + code[end:]
        chain.rpc("anvil_setCode", deployment.pool, "0x" + wrong.hex())
        with pytest.raises(WrongContractError, match=f"other values: {name}\\.") as caught:
            read_standing(node, deployment)
        assert caught.value.members["check"] == name
        assert begin < end
    chain.rpc("anvil_setCode", deployment.pool, "0x" + code.hex())
    read_standing(node, deployment)


def test_the_next_url_answers_for_one_that_is_down(chain: DevChain) -> None:
    with connect(["http://127.0.0.1:1", chain.url], 31337) as node:
        assert node.shown == chain.url
    with pytest.raises(WrongChainError):
        connect([chain.url], 5)
    with pytest.raises(NodeError, match="does not answer"):
        connect(["http://127.0.0.1:1"], 31337)
