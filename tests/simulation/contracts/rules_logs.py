"""Rules: what operators of logs do, and how pools follow a log to its successor."""

from __future__ import annotations

from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ledger.tree import merkle
from tests.simulation.contracts.machine import Machine
from tests.simulation.contracts.model_log import NO_LOG, entry
from tests.simulation.contracts.model_roles import Role
from tests.simulation.contracts.rules_campaigns import INDEX, SLIP, WHICH
from tests.simulation.contracts.scenery import VKEY, log_id_of
from tests.simulation.contracts.stage import call_data

MAX_LOGS = 5
NO_SUCH_LOG = 11
ANCHOR_FLAWS = ("", "", "", "", "", "rewritten", "proof", "root", "backwards", "too much")
WAY = st.sampled_from(["closed", "proposed", "forked"])


class LogRules(Machine):
    """Logs and their successors."""

    def log_id(self, index: int) -> bytes:
        """One that is open, or, now and then, one that is not; the pools' own more often than others."""
        found = self.watched.log_ids
        return found[max(index - 4, 0) % len(found)] if index < NO_SUCH_LOG else b"\xee" * 32

    def operator(self, log_id: bytes, index: int, slip: bool) -> str:
        log = self.model.logs.logs.get(log_id)
        return self.actor(index) if slip or log is None else log.operator

    @rule(actor=INDEX, origin=st.sampled_from(["", "a", "b", "c" * 255, "d" * 256]), long_key=SLIP)
    def open_log(self, actor: int, origin: str, long_key: bool) -> None:
        operator, vkey = self.actor(actor), "k" * 512 if long_key else VKEY
        log_id = log_id_of(operator, origin)
        known = log_id in self.watched.log_ids
        if len(self.watched.log_ids) == MAX_LOGS and not known:
            return
        if not known:
            self.watched.log_ids.append(log_id)
        data = call_data("ContributionLog", "openLog", origin, vkey)
        operation = partial(self.model.logs.open, log_id, operator, origin, vkey)
        if self.act("openLog", operator, self.scenery.log, data, operation) is not None and not known:
            self.watched.log_ids.remove(log_id)

    @rule(index=INDEX, like=INDEX, grows=st.integers(1, 9), flaw=st.sampled_from(ANCHOR_FLAWS), actor=INDEX, slip=SLIP)
    def anchor(self, index: int, like: int, grows: int, flaw: str, actor: int, slip: bool) -> None:
        """A log without entries begins as a copy of another's."""
        log_id, logs = self.log_id(index), self.model.logs.logs
        log, other = logs.get(log_id), logs.get(self.log_id(like))
        old = log.entries if log else []
        entries = list(old or (other.entries if other else []))
        branch = self.watched.log_ids.index(log_id) if log_id in logs else 0
        entries += [(number, branch) for number in range(len(entries), len(entries) + grows)]
        if flaw == "rewritten" and old:
            entries[0] = (0, 77)
        leaves = [entry(*each) for each in entries]
        proof = merkle.consistency_proof(len(old), len(entries), leaves)
        root = merkle.root(leaves)
        if flaw == "proof":
            proof = [*proof, root]
        if flaw == "root" and old:  # of a first head nobody can tell
            root = merkle.leaf_hash(b"another")
        size = {"backwards": len(old), "too much": len(old) + self.scenery.growth + 1}.get(flaw, len(entries))
        sender = self.operator(log_id, actor, slip)
        operation = partial(
            self.model.logs.anchor,
            log_id,
            sender,
            entries,
            size,
            proved=flaw != "proof" and (flaw != "root" or not old),
            growth=self.scenery.growth,
            now=self.next_time(),
        )
        self.act(
            "anchor",
            sender,
            self.scenery.log,
            call_data("ContributionLog", "anchor", log_id, size, root, proof),
            operation,
        )

    @rule(index=INDEX, to=INDEX, accepts=st.booleans(), actor=INDEX, slip=SLIP)
    def transfer_operator(self, index: int, to: int, accepts: bool, actor: int, slip: bool) -> None:
        """``accepts``: whoever may take over does, or, on a slip, somebody else tries."""
        log_id, person, logs = self.log_id(index), self.person(to), self.model.logs
        log = logs.logs.get(log_id)
        if accepts:
            named = log.pending_operator if log and not slip else ""
            sender = named if named in self.actors else self.actor(actor)
            data = call_data("ContributionLog", "acceptOperator", log_id)
            self.act("acceptOperator", sender, self.scenery.log, data, partial(logs.accept, log_id, sender))
            return
        sender = self.operator(log_id, actor, slip)
        data = call_data("ContributionLog", "transferOperator", log_id, person)
        self.act("transferOperator", sender, self.scenery.log, data, partial(logs.transfer, log_id, sender, person))

    @rule(index=INDEX, successor=INDEX, alone=SLIP, actor=INDEX, slip=SLIP)
    def close_log(self, index: int, successor: int, alone: bool, actor: int, slip: bool) -> None:
        log_id = self.log_id(index)
        following = NO_LOG if alone else self.log_id(successor)
        sender = self.operator(log_id, actor, slip)
        data = call_data("ContributionLog", "closeLog", log_id, following)
        operation = partial(self.model.logs.close, log_id, sender, following)
        self.act("closeLog", sender, self.scenery.log, data, operation)

    # ---- successors ----

    @rule(which=WHICH, successor=INDEX, cancel=st.booleans(), actor=INDEX, slip=SLIP)
    def propose_successor(self, which: int, successor: int, cancel: bool, actor: int, slip: bool) -> None:
        """Or takes a proposal back, if there is one."""
        pool, log_id = self.pool(which), self.log_id(successor)
        sender = self.actor(actor) if slip else pool.holders[Role.ADMIN]
        if cancel and (pool.successor or slip):
            data = call_data("RewardPool", "cancelSuccessor")
            self.act("cancelSuccessor", sender, pool.address, data, partial(pool.cancel_successor, sender))
            return
        data = call_data("RewardPool", "proposeSuccessor", log_id)
        self.act("proposeSuccessor", sender, pool.address, data, partial(pool.propose_successor, sender, log_id))

    @rule(which=WHICH, successor=INDEX, bad_proof=SLIP, actor=INDEX)
    def follow_log(self, which: int, successor: int, bad_proof: bool, actor: int) -> None:
        """Mostly to the one that was named, if one was."""
        pool, logs = self.pool(which), self.model.logs.logs
        named = [logs[pool.current_log].successor, pool.successor[0] if pool.successor else NO_LOG]
        chosen = [log_id for log_id in named if log_id != NO_LOG] or [self.log_id(successor)]
        self._follow(which, chosen[successor % len(chosen)], bad_proof, actor)

    @rule(
        which=WHICH,
        way=st.sampled_from(["closed", "proposed"]),
        grows=st.integers(0, 3),
        late=st.sampled_from([-1, 0, 0]),
    )
    def succeed(self, which: int, way: str, grows: int, late: int) -> None:
        """The whole way to a successor, which chance would seldom find; ``forked``: to one with another history."""
        pool, known = self.pool(which), list(self.watched.log_ids)
        if len(known) == MAX_LOGS:
            return
        self.open_log(len(known), f"successor {len(known)}", False)
        if len(self.watched.log_ids) == len(known):
            return
        successor, current = self.watched.log_ids[-1], pool.current_log
        position = known.index(current)
        like = NO_SUCH_LOG if way == "forked" else position + 4
        self.anchor(len(known) + 4, like, grows + 6, "", 0, False)
        if way != "proposed":
            self.close_log(position + 4, len(known) + 4, False, 0, False)
        else:
            self.propose_successor(which, len(known) + 4, False, 0, False)
            proposed = self.pool(which).successor
            self.wait_until = proposed[1] + late if proposed else 0
        self._follow(which, successor, False, 0)

    def _follow(self, which: int, log_id: bytes, bad_proof: bool, actor: int) -> None:
        pool, logs = self.pool(which), self.model.logs.logs
        current, following = logs[pool.current_log], logs.get(log_id)
        proof = []
        if following and following.size >= current.size:
            proof = merkle.consistency_proof(current.size, following.size, following.leaves)
        if bad_proof:
            proof = [*proof, bytes(32)]
        data = call_data("RewardPool", "followLog", log_id, proof)
        operation = partial(pool.follow, log_id, proved=not bad_proof)
        self.act("followLog", self.actor(actor), pool.address, data, operation)
