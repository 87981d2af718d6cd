"""What the log costs: opening, anchoring a million entries, verifying an entry on the chain."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.statements import onchain
from scripts.gas import floor
from scripts.gas.lab import Contract, Lab, Sent, word
from scripts.gas.measured import Measured, measured
from scripts.gas.trees import MILLION, STEP, LogTree, leaf_indexes, old_sizes

ORIGIN = "log.example.org/main"
VKEY = "log.example.org/main+1a2b3c4d+AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefgh"


class Log:
    """One log on the chain; its tree is ``tree`` up to ``size``."""

    def __init__(self, lab: Lab, contract: Contract, tree: LogTree, origin: str = ORIGIN) -> None:
        self.lab, self.contract, self.tree = lab, contract, tree
        self.size = 0
        self.operator = lab.roles[1]
        self.opened = lab.send(self.operator, contract, "openLog", origin, VKEY)
        self.log_id = word(onchain.log_id(self.operator, origin))

    def anchor(self, size: int) -> Sent:
        """Anchors the tree's first ``size`` entries."""
        proof = self.tree.consistency(self.size, size)
        self.size = size
        return self.lab.send(self.operator, self.contract, "anchor", self.log_id, size, self.tree.root(size), proof)


def log_scenario(lab: Lab, tree: LogTree) -> Iterator[Measured]:
    """The rows of ContributionLog. Each is yielded while the chain still has its transactions."""
    with lab.apart():
        contract, deployed = lab.deploy("ContributionLog")
        yield measured("deploy_log", [deployed])
        log = Log(lab, contract, tree)
        yield measured("open_log", [log.opened])
        sent = log.anchor(STEP)
        yield measured("anchor_first", [sent], floors=[floor.anchor(sent, 0, STEP)])
        log.anchor(MILLION)
        yield from _inclusion(lab, log)
        sent = log.anchor(MILLION + STEP)
        floors = [floor.anchor(sent, MILLION, MILLION + STEP)]
        yield measured("anchor_1m", [sent], floors=floors)
        yield measured("contribution", [sent], STEP, floors)
        yield from _random_anchors(lab, contract, tree)


def _random_anchors(lab: Lab, contract: Contract, tree: LogTree) -> Iterator[Measured]:
    sizes = old_sizes()
    sent = []
    for number, size in enumerate(sizes):
        log = Log(lab, contract, tree, f"log.example.org/random-{number}")
        log.anchor(size)
        sent.append(log.anchor(size + STEP))
    floors = [floor.anchor(each, size, size + STEP) for each, size in zip(sent, sizes, strict=True)]
    yield measured("anchor_random", sent, len(sent), floors)
    least = min(range(len(sent)), key=lambda index: sent[index].gas)
    most = max(range(len(sent)), key=lambda index: sent[index].gas)
    yield measured("anchor_random_least", [sent[least]], floors=[floors[least]])
    yield measured("anchor_random_most", [sent[most]], floors=[floors[most]])


def _inclusion(lab: Lab, log: Log) -> Iterator[Measured]:
    """Execution gas only: whoever verifies does so inside a transaction of their own."""
    gas, floors = [], []
    for index in leaf_indexes():
        proof = log.tree.inclusion(index, MILLION)
        gas.append(lab.execution_gas(log.contract, "verifyInclusion", log.log_id, log.tree.leaf(index), index, proof))
        floors.append(floor.inclusion(len(proof)))
    yield Measured("inclusion", sum(gas), len(gas), sum(floors))
    yield Measured("inclusion_most", max(gas), 1, max(floors))
