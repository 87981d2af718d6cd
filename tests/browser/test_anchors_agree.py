"""The page asks a node about an anchor and says what ``crowdledger verify --rpc`` says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, JSHandle, Page

from api.pages.verifying import contract_facts, shapes
from ledger.audit.receipts import check_receipt
from ledger.chain import contracts
from ledger.chain.deploy import Terms, deploy
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.statements import onchain
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Anchor, Receipt
from tests.browser.receipt_maker import ORIGIN, Maker
from tests.browser.test_receipts_agree import HOST, serve
from tests.integration.chain.conftest import KEYS, send

SIZES: Final = (5, 12, 20)
FLIPS: Final = 24
PROGRAM: Final = """async ([facts, url]) => {
  const { checkReceipt } = await import("./verify/check.mjs");
  const { Node } = await import("./verify/node.mjs");
  return async (texts) => {
    const outcomes = [];
    for (const text of texts) {
      const found = await checkReceipt({ data: new TextEncoder().encode(text), facts, node: new Node(url) });
      outcomes.push([found.verdict, found.steps.map((step) => [step.name, step.verdict]), found.state]);
    }
    return outcomes;
  };
}"""


@dataclass
class Stage:
    """A log of twenty entries, anchored three times on a chain, whose last block is not final yet."""

    chain: DevChain
    signer: LogSigner
    entries: list[bytes]
    anchors: dict[int, Anchor]
    other_log: str

    def receipt(
        self, size: int = 5, anchored: int = 12, *, entries: list[bytes] | None = None, **changed: Any
    ) -> Receipt:
        """The receipt of entry 3 under the head of ``size``, with an anchor that is right or ``changed``."""
        leaves = [merkle.leaf_hash(each) for each in entries or self.entries]
        note = sign(Checkpoint(ORIGIN, size, merkle.root(leaves[:size])), self.signer)
        path = merkle.inclusion_proof(3, size, leaves)
        made = Receipt.issue(self.signer.verifier_key, (entries or self.entries)[3], 3, path, note)
        proof = tuple(merkle.consistency_proof(size, anchored, leaves[:anchored]))
        anchor = replace(self.anchors[anchored if anchored in self.anchors else 12], consistency=proof)
        return replace(made, anchor=replace(anchor, size=anchored, root=merkle.root(leaves[:anchored]), **changed))


@pytest.fixture(scope="module")
def stage(dev_chain: DevChain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    maker = Maker(3)
    operator, stranger = (LocalSigner.from_key(bytes.fromhex(key)) for key in KEYS[:2])
    vkey = maker.signer.verifier_key.vkey
    terms = Terms(
        chain_id=31337, origin=ORIGIN, vkey=vkey, settlement_delay=3,
        admin=operator.address, reporter=operator.address, guardian=operator.address,
    )  # fmt: skip
    before = dev_chain.snapshot()
    with Node(dev_chain.url) as node:
        made = deploy(node, operator, terms, tmp_path_factory.mktemp("deployments"))
        leaves = [merkle.leaf_hash(each) for each in maker.entries]
        anchors, old = {}, 0
        for size in SIZES:
            root = merkle.root(leaves[:size])
            call = contracts.anchor_call(made.log_id, size, root, merkle.consistency_proof(old, size, leaves[:size]))
            mined = send(node, operator, made.contribution_log, call)
            anchors[size] = Anchor(
                31337, made.contribution_log, made.log_id, size, root, mined.transaction, mined.block, ()
            )
            old = size
        opened = contracts.open_log_call(ORIGIN, maker.other.verifier_key.vkey)
        send(node, stranger, made.contribution_log, opened)
    yield Stage(dev_chain, maker.signer, maker.entries, anchors, onchain.log_id(stranger.address, ORIGIN))
    dev_chain.revert(before)


@pytest.fixture(scope="module")
def ask(chromium: Browser, stage: Stage) -> Iterator[JSHandle]:
    context = chromium.new_context()
    context.grant_permissions(["local-network-access"])  # the browser asks before a page of the net asks this machine
    context.route(f"{HOST}/**", serve)
    page: Page = context.new_page()
    page.goto(f"{HOST}/")
    facts = {"shapes": shapes(), "contract": contract_facts()}
    yield page.evaluate_handle(PROGRAM, [facts, stage.chain.url])
    context.close()


def outcome(stage: Stage, data: bytes) -> list[Any]:
    with Node(stage.chain.url) as node:
        found = check_receipt(data, node=node)
    return [found.verdict, [[step.name, step.verdict] for step in found.steps], found.state]


def named_cases(stage: Stage) -> dict[str, tuple[Receipt, str | None]]:
    """Receipts, each with the step that must fail."""
    first, last = stage.anchors[5], stage.anchors[20]
    forged = [*stage.entries[:8], b"forged", *stage.entries[9:]]
    address, digits = "0x" + "12" * 20, "0x" + "ab" * 32
    return {
        "right": (stage.receipt(), None),
        "of the head itself": (stage.receipt(5, 5), None),
        "the newest": (stage.receipt(12, 20), None),
        "another chain": (stage.receipt(chain_id=1), "chain_id"),
        "no contract": (stage.receipt(contract=address), "contract"),
        "another contract": (stage.receipt(contract="0x" + "00" * 19 + "01"), "contract"),
        "no such log": (stage.receipt(log_id=digits), "log_id"),
        "a stranger's log of that name": (stage.receipt(log_id=stage.other_log), "log_id"),
        "no such transaction": (stage.receipt(transaction=digits), "transaction"),
        "another block": (stage.receipt(block=last.block), "block"),
        "a block to come": (stage.receipt(block=10**9), "block"),
        "the transaction before": (stage.receipt(transaction=first.transaction, block=first.block), "size"),
        "a size that was not anchored": (stage.receipt(5, 13), "size"),
        "a rewritten log": (stage.receipt(entries=forged), "root"),
    }


def test_the_page_and_the_ledger_ask_alike(stage: Stage, ask: JSHandle) -> None:
    named = named_cases(stage)
    texts = [receipt.encode() for receipt, _ in named.values()]
    theirs = ask.evaluate("(run, texts) => run(texts)", [text.decode() for text in texts])
    for (name, (_, step)), data, their in zip(named.items(), texts, theirs, strict=True):
        our = outcome(stage, data)
        assert their == our, name
        failed = [each for each, verdict in our[1] if verdict == "failed"]
        assert failed == ([step] if step else []), name


def test_any_digit_of_an_anchor_counts(stage: Stage, ask: JSHandle) -> None:
    seed = 11
    chance = random.Random(seed)
    texts = []
    for _ in range(FLIPS):
        name = chance.choice(["contract", "log_id", "transaction"])
        value = getattr(stage.anchors[12], name)
        at = chance.randrange(2, len(value))
        digit = chance.choice([each for each in "0123456789abcdef" if each != value[at]])
        texts.append(stage.receipt(**{name: value[:at] + digit + value[at + 1 :]}).encode())
    theirs = ask.evaluate("(run, texts) => run(texts)", [text.decode() for text in texts])
    for data, their in zip(texts, theirs, strict=True):
        assert their == outcome(stage, data), f"seed {seed}"
        assert their[0] == "fail"
