"""Which chains count as ones for development, where nobody is asked before something is sent."""

from __future__ import annotations

import pytest

from ledger.chain.deploying.terms import is_dev_chain
from ledger.chain.rpc import Node


class _Named(Node):
    chain, name = 1, "anvil/v1.7.1"

    def chain_id(self) -> int:
        return self.chain

    def client_version(self) -> str:
        return self.name


@pytest.mark.parametrize(
    ("url", "chain", "name", "dev"),
    [
        ("http://127.0.0.1:8545", 1, "anvil/v1.7.1", True),
        ("http://localhost:8545", 424242, "HardhatNetwork/2.0", True),
        ("http://[::1]:8545", 1, "Geth/v1.17.0", False),
        ("https://rpc.example.org", 1, "anvil/v1.7.1", False),
        ("https://127.0.0.1.example.org", 1, "anvil/v1.7.1", False),
        ("http://chain:8545", 31_337, "", True),
    ],
)
def test_a_node_elsewhere_is_not_believed(url: str, chain: int, name: str, dev: bool) -> None:
    with _Named(url) as node:
        node.chain, node.name = chain, name
        assert is_dev_chain(node) is dev
