"""Rules: claims, single and many, with right and forged proofs, and whom they are paid to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.simulation.contracts.machine import Machine
from tests.simulation.contracts.model_money import NOBODY
from tests.simulation.contracts.rules_campaigns import INDEX, PATIENT, WHICH
from tests.simulation.contracts.signatures import domain, set_payee_digest
from tests.simulation.contracts.stage import CALL_GAS, call_data
from tests.simulation.contracts.trees import Leaf, Tree, pack

FORGERIES = (
    "more",
    "other account",
    "no proof",
    "longer proof",
    "shorter proof",
    "inner node",
    "old tree",
    "root as leaf",
)
BATCH_FORGERIES = (
    "more",
    "order",
    "twice",
    "flags",
    "no flags",
    "too many words",
    "unused bits",
    "lengths",
    "nobody",
    "proof of nothing",
    "foreign leaf",
)
SIGNATURE_FLAWS = ("nonce", "chain", "pool", "payee", "signer", "nobody", "length", "high s", "again")
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ORDERS = st.lists(INDEX, min_size=1, max_size=8)
VERDICTS = ("refuses", "approves", "approves one", "reverts", "burns gas", "answers too little", "answers too much")


class ClaimRules(Machine):
    """Everything that pays contributors."""

    old_tree = Tree([])

    def tree(self, which: int) -> Tree:
        return self.pool(which).active.tree

    def claim_leaf(self, rule_name: str, which: int, leaf: Leaf, proof: Sequence[bytes], actor: int) -> str | None:
        pool = self.pool(which)
        data = call_data("RewardPool", "claim", *leaf, proof)
        return self.act(rule_name, self.actor(actor), pool.address, data, partial(pool.claim, *leaf, proof))

    def claim_batch(
        self,
        rule_name: str,
        which: int,
        leaves: Sequence[Leaf],
        proof: Sequence[bytes],
        words: Sequence[int],
        actor: int,
        gas: int = CALL_GAS,
    ) -> str | None:
        """Accounts and amounts of ``leaves``; an amount below zero stands for an account without one."""
        pool = self.pool(which)
        accounts = [account for account, _ in leaves]
        amounts = [amount for _, amount in leaves if amount >= 0]
        data = call_data("RewardPool", "claimMany", accounts, amounts, proof, words)
        operation = partial(pool.claim_many, accounts, amounts, proof, words)
        return self.act(rule_name, self.actor(actor), pool.address, data, operation, gas=gas)

    @rule(which=WHICH, order=INDEX, actor=INDEX, patient=PATIENT)
    def claim(self, which: int, order: int, actor: int, patient: bool) -> None:
        tree = self.tree(which)
        if tree.leaves:
            self.be_patient(self.pool(which), patient)
            order %= len(tree.leaves)
            self.claim_leaf("claim", which, tree.leaves[order], tree.proof(order), actor)

    @rule(which=WHICH, order=INDEX, forgery=st.sampled_from(FORGERIES), actor=INDEX)
    def claim_forged(self, which: int, order: int, forgery: str, actor: int) -> None:
        tree = self.tree(which)
        self.be_patient(self.pool(which), True)
        leaves = tree.leaves or ((self.person(order), 5),)
        order %= len(leaves)
        leaf, proof = leaves[order], tree.proof(order) if tree.leaves else []
        if forgery == "more":
            leaf = leaf[0], leaf[1] + 1
        elif forgery == "other account":
            leaf = self.actor(actor), leaf[1]
        elif forgery == "no proof":
            proof = []
        elif forgery == "longer proof":
            proof = [*proof, tree.root]
        elif forgery == "shorter proof":
            proof = proof[:-1]
        elif forgery == "inner node" and len(tree.leaves) > 2:
            # The two hashes under an inner node, passed off as an account and an amount.
            left, right = sorted(tree.nodes[1:3])
            leaf, proof = ("0x" + left[-20:].hex(), int.from_bytes(right, "big")), []
        elif forgery == "old tree" and self.old_tree.leaves:
            order %= len(self.old_tree.leaves)
            leaf, proof = self.old_tree.leaves[order], self.old_tree.proof(order)
        elif forgery == "root as leaf":
            leaf, proof = (NOBODY, int.from_bytes(tree.root, "big")), [bytes(32)]
        self.claim_leaf("claim forged", which, leaf, proof, actor)

    @rule(which=WHICH)
    def keep_the_tree(self, which: int) -> None:
        """What is claimed from it later is old, unless nothing was settled in between, or belongs to the other pool."""
        self.old_tree = self.tree(which)

    @rule(which=WHICH, orders=ORDERS, actor=INDEX, patient=PATIENT)
    def claim_many(self, which: int, orders: list[int], actor: int, patient: bool) -> None:
        tree = self.tree(which)
        if tree.leaves:
            self.be_patient(self.pool(which), patient)
            batch = tree.batch([order % len(tree.leaves) for order in orders])
            self.claim_batch("claimMany", which, batch.leaves, batch.proof, pack(batch.flags), actor)

    @rule(which=WHICH, orders=ORDERS, forgery=st.sampled_from(BATCH_FORGERIES), garbage=st.integers(0, 2**256 - 1))
    def claim_many_forged(self, which: int, orders: list[int], forgery: str, garbage: int) -> None:
        tree = self.tree(which)
        self.be_patient(self.pool(which), True)
        some = tree if tree.leaves else Tree([(self.person(order), 5) for order in set(orders)])
        batch = some.batch([order % len(some.leaves) for order in orders])
        leaves, proof, words = list(batch.leaves), list(batch.proof), pack(batch.flags)
        if forgery == "more":
            leaves[0] = leaves[0][0], leaves[0][1] + 1
        elif forgery == "order":
            leaves.reverse()
        elif forgery == "twice":
            leaves = [leaves[0], *leaves]
            words = pack([*batch.flags, True])
        elif forgery == "flags":
            words = [garbage] * len(words)
        elif forgery == "no flags":
            words = []
        elif forgery == "too many words":
            words = [*words, 0]
        elif forgery == "unused bits":
            words = [word | 1 << 255 for word in words]
        elif forgery == "lengths":
            leaves = [*leaves, (leaves[-1][0], -1)]
        elif forgery == "nobody":
            leaves, proof, words = [], [tree.root], []
        elif forgery == "proof of nothing":
            leaves, proof, words = [], [], []
        elif forgery == "foreign leaf":
            leaves = [*leaves, (self.scenery.wallets[0], garbage % 1000)]
            proof = proof[1:]
        self.claim_batch("claimMany forged", which, leaves, proof, words, 0)

    @rule(which=WHICH, orders=ORDERS, gas=st.integers(100_000, 1_500_000))
    def claim_many_starved(self, which: int, orders: list[int], gas: int) -> None:
        """A relayer that gives too little gas cannot have anybody skipped."""
        tree = self.tree(which)
        if tree.leaves:
            self.be_patient(self.pool(which), True)
            batch = tree.batch([order % len(tree.leaves) for order in orders])
            self.claim_batch("claimMany starved", which, batch.leaves, batch.proof, pack(batch.flags), 0, gas)

    # ---- payees ----

    @rule(which=WHICH, actor=INDEX, payee=INDEX)
    def set_payee(self, which: int, actor: int, payee: int) -> None:
        pool, account, chosen = self.pool(which), self.actor(actor), self.person(payee)
        data = call_data("RewardPool", "setPayee", chosen)
        self.act("setPayee", account, pool.address, data, partial(pool.set_payee, account, chosen))

    @rule(
        which=WHICH,
        signer=INDEX,
        payee=INDEX,
        life=st.sampled_from([-1, 0, 0, 1_000]),
        flaw=st.sampled_from(
            ["", "", "", "", "nonce", "chain", "pool", "payee", "signer", "length", "high s", "again"]
        ),
    )
    def set_payee_by_signature(self, which: int, signer: int, payee: int, life: int, flaw: str) -> None:
        """By the key of an account without code; ``flaw`` is what is wrong with the signature."""
        accounts = list(self.scenery.accounts.values())
        account, pool, chosen = accounts[signer % len(accounts)], self.pool(which), self.person(payee)
        deadline, nonce = self.next_time() + life, pool.nonces.get(account.address, 0)
        separator = self.scenery.domains[which]
        if flaw == "chain":
            separator = domain(("CrowdLedger", "Crowd")[which], 1, pool.address)
        if flaw == "pool":
            separator = self.scenery.domains[1 - which]
        signed = self.person(payee + 1) if flaw == "payee" else chosen
        digest = set_payee_digest(separator, account.address, signed, nonce + (flaw == "nonce"), deadline)
        signature = (accounts[(signer + 1) % len(accounts)] if flaw == "signer" else account).sign(digest)
        if flaw == "length":
            signature = signature[:64]
        if flaw == "high s":
            s = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - int.from_bytes(
                signature[32:64], "big"
            )
            signature = signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])
        for attempt in range(2 if flaw == "again" else 1):
            good = flaw in ("", "again") and attempt == 0
            self._set_payee_signed(which, account.address, chosen, deadline, signature, signed=good)

    @rule(which=WHICH, wallet=INDEX, payee=INDEX, verdict=st.integers(0, 6), other=st.booleans())
    def set_payee_by_wallet(self, which: int, wallet: int, payee: int, verdict: int, other: bool) -> None:
        """By a contract wallet that answers as it likes; ``other``: what it approves is not what is asked."""
        pool, account = self.pool(which), self.scenery.wallets[wallet % len(self.scenery.wallets)]
        chosen, deadline = self.person(payee), self.now + 1_000_000
        asked = set_payee_digest(self.scenery.domains[which], account, chosen, pool.nonces.get(account, 0), deadline)
        data = call_data("HostileWallet", "setVerdict", verdict, bytes(32) if other else asked)
        self.scenery.chain.send(account, account, data, self.now)
        good = VERDICTS[verdict] == "approves" or (VERDICTS[verdict] == "approves one" and not other)
        self._set_payee_signed(which, account, chosen, deadline, b"", signed=good)

    def _set_payee_signed(
        self, which: int, account: str, payee: str, deadline: int, signature: bytes, *, signed: bool
    ) -> None:
        pool = self.pool(which)
        data = call_data("RewardPool", "setPayeeBySignature", account, payee, deadline, signature)
        operation = partial(pool.set_payee_by_signature, account, payee, deadline, signed=signed)
        self.act("setPayeeBySignature", self.scenery.wallets[5], pool.address, data, operation)
