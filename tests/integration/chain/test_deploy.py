from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.chain import anchors, contracts
from ledger.chain.deploy import Terms, deploy
from ledger.chain.deployments import Deployment
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node, connect
from ledger.chain.signers import LocalSigner
from ledger.errors import ConfigError, NodeError, TransactionError, WrongChainError, WrongContractError


def test_a_second_run_finds_what_the_first_one_made(
    node: Node, operator: LocalSigner, terms: Terms, deployment: Deployment, tmp_path: Path
) -> None:
    block = node.block().number
    assert deploy(node, operator, terms, tmp_path / "deployments") == deployment
    assert node.nonce(operator.address) == 4  # the two contracts, the log, the token: nothing was sent twice
    assert node.block().number - block < 3
    assert Deployment.load(tmp_path / "deployments" / "31337.json") == deployment
    assert [path.name for path in (tmp_path / "deployments").iterdir()] == ["31337.json"]
    opened = anchors.check_deployment(node, deployment)
    assert (opened.vkey, opened.opener) == (terms.vkey, operator.address)
    assert contracts.read_pool_terms(node, deployment.pool).settlement_delay == 3


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
    assert (tmp_path / "31337.unfinished.json").exists()
    deployment = deploy(node, operator, terms, tmp_path)
    anchors.check_deployment(node, deployment)
    assert node.nonce(operator.address) == 4
    assert not (tmp_path / "31337.unfinished.json").exists()


def test_an_unfinished_run_with_other_settings_is_refused(
    node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    other = {"chain_id": 31337, "origin": "example.org/other", "vkey": "v", "operator": operator.address, "steps": {}}
    (tmp_path / "31337.unfinished.json").write_text(json.dumps(other))
    with pytest.raises(ConfigError, match="begun with other settings"):
        deploy(node, operator, terms, tmp_path)


def test_other_settings_than_those_deployed_are_refused(
    node: Node, operator: LocalSigner, terms: Terms, deployment: Deployment, tmp_path: Path
) -> None:
    for other in (replace(terms, settlement_delay=5), replace(terms, origin="example.org/other")):
        with pytest.raises(ConfigError, match="asked for was"):
            deploy(node, operator, other, tmp_path / "deployments")
    with pytest.raises(ConfigError, match="not in 0x0101"):
        deploy(node, operator, replace(terms, token="0x" + "01" * 20), tmp_path / "deployments")


def test_wrong_chains_and_poor_operators_are_refused(
    node: Node, operator: LocalSigner, terms: Terms, tmp_path: Path
) -> None:
    with pytest.raises(WrongChainError, match="serves chain 31337, expected is chain 1"):
        deploy(node, operator, replace(terms, chain_id=1), tmp_path)
    with pytest.raises(TransactionError, match="has no coins"):
        deploy(node, LocalSigner.from_key(b"\7" * 32), terms, tmp_path)
    with pytest.raises(ConfigError, match="no token at 0x0101"):
        deploy(node, operator, replace(terms, token="0x" + "01" * 20), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_short_delays_are_for_development_chains(operator: LocalSigner, terms: Terms, tmp_path: Path) -> None:
    with DevChain(chain_id=1) as chain:

        class OtherClient(Node):
            def client_version(self) -> str:
                return "Geth/v1.17.0"

        with OtherClient(chain.url) as node:
            real = replace(terms, chain_id=1)
            with pytest.raises(ConfigError, match="delay of 3 s is refused on chain 1"):
                deploy(node, operator, real, tmp_path)
            with pytest.raises(ConfigError, match="No token was named"):
                deploy(node, operator, replace(real, settlement_delay=86_400), tmp_path)


def test_contracts_that_are_not_ours_are_refused(node: Node, deployment: Deployment) -> None:
    swapped = replace(deployment, pool=deployment.token)
    with pytest.raises(WrongContractError, match="is not our RewardPool"):
        anchors.check_deployment(node, swapped)
    with pytest.raises(WrongContractError, match="no contract at 0x0101"):
        anchors.check_deployment(node, replace(deployment, contribution_log="0x" + "01" * 20))
    with pytest.raises(WrongContractError, match="made for another log"):
        anchors.check_deployment(node, replace(deployment, log_id="0x" + "01" * 32))
    with pytest.raises(WrongContractError, match="was opened as"):
        anchors.check_deployment(node, replace(deployment, origin="example.org/other"))


def test_the_next_url_answers_for_one_that_is_down(chain: DevChain) -> None:
    with connect(["http://127.0.0.1:1", chain.url], 31337) as node:
        assert node.shown == chain.url
    with pytest.raises(WrongChainError):
        connect([chain.url], 5)
    with pytest.raises(NodeError, match="does not answer"):
        connect(["http://127.0.0.1:1"], 31337)
