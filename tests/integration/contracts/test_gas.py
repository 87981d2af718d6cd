"""What the contracts cost is committed: it neither rises nor goes stale unseen, and it keeps the limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.errors import ConfigError
from ledger.tree import merkle
from scripts.gas import check_costs, checks, floor, peer_packages, rows, run, snapshot, tables
from scripts.gas.check_costs import RENEW_CHECKS, CheckCosts
from scripts.gas.checks import Call, Check, Edit
from scripts.gas.lab import Lab, Sent
from scripts.gas.measured import Measured
from scripts.gas.profile import profile
from scripts.gas.snapshot import RENEW, Snapshot
from scripts.gas.variants import variant


@pytest.fixture(scope="module")
def committed() -> Snapshot:
    return snapshot.load()


@pytest.fixture(scope="module")
def fresh() -> dict[str, Measured]:
    """Our figures, measured now on a chain of their own."""
    with Lab() as lab:
        return {each.key: each for each in run.ours(lab)}


class TestSnapshot:
    def test_what_the_log_costs_is_as_committed_to_the_last_unit(self, committed: Snapshot) -> None:
        """In short; with the long test, every figure."""
        with Lab() as lab:
            measured = list(run.of_contract(lab, "ContributionLog"))
        assert {"anchor_first", "anchor_1m", "anchor_random"} <= {each.key for each in measured}
        assert snapshot.differences(committed, measured) == [], f"If this is meant, run '{RENEW}'."

    @pytest.mark.long
    def test_every_figure_is_the_committed_one_to_the_last_unit(
        self, committed: Snapshot, fresh: dict[str, Measured]
    ) -> None:
        assert fresh.keys() == {row.key for row in rows.OURS}
        assert snapshot.differences(committed, fresh.values()) == [], f"If this is meant, run '{RENEW}'."

    def test_a_difference_of_one_is_seen(self, committed: Snapshot) -> None:
        known = committed.figures["anchor_1m"]
        changed = Measured("anchor_1m", known.gas + 1, known.items, known.floor, known.bound)
        (line,) = snapshot.differences(committed, [changed])
        assert "(+1 gas" in line

    def test_nothing_costs_less_than_its_floor(self, committed: Snapshot) -> None:
        computed = {key: each.floor for key, each in committed.figures.items() if each.floor is not None}
        assert len(computed) > 20
        assert [key for key, least in computed.items() if committed.figures[key].gas < least] == []

    def test_the_limits_are_kept(self, committed: Snapshot) -> None:
        assert snapshot.broken_limits(committed.figures) == []

    def test_a_broken_limit_is_seen(self) -> None:
        gas = {"anchor_1m": rows.ANCHOR_LIMIT, "many_token_first": rows.MANY_TOKEN_FIRST_LIMIT, "human_first": 26_000}
        figures = {key: Measured(key, each) for key, each in gas.items()}
        assert snapshot.broken_limits(figures) == []
        figures |= {"anchor_1m": Measured("anchor_1m", 50_001), "human_first": Measured("human_first", 2_590_000, 100)}
        first, second = snapshot.broken_limits(figures)
        assert first == "anchor_1m: 50,001 each, the limit is 50,000"
        assert second.startswith("many_token_first: not under human_first")

    def test_the_packages_are_the_pinned_ones(self, committed: Snapshot) -> None:
        pinned = json.loads((peer_packages.FOLDER / "package.json").read_text())["dependencies"]
        assert {name: package.version for name, package in committed.packages.items()} == pinned
        lock = (peer_packages.FOLDER / "package-lock.json").read_text()
        assert "://" not in lock
        locked = json.loads(lock)["packages"]
        assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == pinned
        assert [name for name, entry in locked.items() if name and "integrity" not in entry] == []


class TestPages:
    @pytest.mark.parametrize("page", tables.PAGES, ids=lambda page: page.name)
    def test_the_tables_are_those_of_the_snapshot(self, committed: Snapshot, page: Path) -> None:
        text = page.read_text()
        assert tables.renewed(text, committed) == text, f"Run '{RENEW}'."

    def test_the_page_on_gas_has_its_tables(self) -> None:
        text = (snapshot.ROOT / "docs" / "gas.md").read_text()
        assert all(f"<!-- gas:{name} -->" in text for name in ("table", "checks", "packages"))

    def test_the_break_down_of_a_single_claim_is_that_of_the_snapshot(self, committed: Snapshot) -> None:
        text = (snapshot.ROOT / "docs" / "gas.md").read_text()
        first, repeat = committed.figures["claim_pool_first"], committed.figures["claim_pool_repeat"]
        assert f"| **{first.each:,}** | **{repeat.each:,}** |" in text
        assert f"| floor | {first.floor_each:,} | {repeat.floor_each:,} |" in text

    def test_a_stale_page_is_seen(self, committed: Snapshot) -> None:
        page = "Before\n<!-- gas:short -->\n| anchor | 1 |\n<!-- /gas:short -->\nafter\n"
        made = tables.renewed(page, committed)
        assert made != page
        assert made.startswith("Before\n<!-- gas:short -->\n| gas, first / repeat |")
        assert made.endswith("<!-- /gas:short -->\nafter\n")
        assert tables.renewed(made, committed) == made


class TestChecks:
    """What the checks cost is not measured here, because that compiles each contract many times."""

    def test_the_figures_belong_to_these_contracts(self, committed: Snapshot) -> None:
        assert check_costs.stale(committed.checks, committed.figures) == [], f"Run '{RENEW_CHECKS}'."

    def test_every_check_has_a_figure_for_each_of_its_calls(self, committed: Snapshot) -> None:
        missing = [
            (check.key, call)
            for check in checks.CHECKS
            for call in check.calls
            if committed.checks.added(check.key, call) is None
        ]
        assert missing == []

    def test_a_price_for_other_sources_is_stale(self, committed: Snapshot) -> None:
        first, *rest = committed.checks.without
        other = CheckCosts(committed.checks.whole, (replace(first, digest="0" * 64), *rest))
        (line,) = check_costs.stale(other, committed.figures)
        assert first.contract in line
        assert first.check in line

    def test_a_price_beside_other_figures_is_stale(self, committed: Snapshot) -> None:
        known = committed.figures["settle_pool"]
        figures = {**committed.figures, "settle_pool": replace(known, gas=known.gas + 1)}
        (line,) = check_costs.stale(committed.checks, figures)
        assert line.startswith("settle_pool:")

    @pytest.mark.parametrize("old", ["there is no such text", "revert"])
    def test_what_takes_a_check_out_must_stand_there_once(self, old: str) -> None:
        check = Check("wrong", "", (Call.ANCHOR,), (Edit("contracts/ContributionLog.sol", old),))
        with pytest.raises(ConfigError, match="wrong"):
            variant("ContributionLog", check)

    def test_a_check_must_be_one_of_the_contract(self) -> None:
        forward = next(check for check in checks.CHECKS if check.key == "forward")
        with pytest.raises(ConfigError, match="RewardToken"):
            variant("RewardToken", forward)

    def test_comments_make_no_other_variant_but_code_does(self) -> None:
        source = "contracts/ContributionLog.sol"
        line = "        stored.root = newRoot;\n"
        commented = Check("a", "", (Call.ANCHOR,), (Edit(source, line, f"        // Anew.\n\n{line}"),))
        same = Check("b", "", (Call.ANCHOR,), (Edit(source, line, line),))
        changed = Check("c", "", (Call.ANCHOR,), (Edit(source, line),))
        digests = [variant("ContributionLog", check).digest for check in (commented, same, changed)]
        assert digests[0] == digests[1] != digests[2]


class TestFloor:
    def test_data_are_priced_as_the_chain_does(self) -> None:
        sent = Sent("0x", 0, b"\x00" * 10 + b"\x01" * 20, ((3, 64),), None)
        assert floor.intrinsic(sent) == 21_000 + 10 * 4 + 20 * 16
        assert floor.least(sent) == 21_000 + (10 + 20 * 4) * 10
        assert floor.events(sent) == 375 * 4 + 8 * 64

    @pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 7), (6, 8), (7, 13), (8, 9), (100, 200), (255, 257)])
    def test_the_hashes_of_a_proof_are_counted(self, monkeypatch: pytest.MonkeyPatch, old: int, new: int) -> None:
        """Against the verifier itself: the different pairs that it hashes."""
        leaves = [bytes([index]) * 32 for index in range(256)] + [bytes(31) + b"\x01"]
        proof = merkle.consistency_proof(old, new, leaves)
        before, after = merkle.root(leaves[:old]), merkle.root(leaves[:new])
        pairs = set()
        real = merkle.node_hash

        def counted(left: bytes, right: bytes) -> bytes:
            pairs.add((left, right))
            return real(left, right)

        monkeypatch.setattr(merkle, "node_hash", counted)
        merkle.verify_consistency(old, new, before, after, proof)
        assert floor.consistency_hashes(old, new) == len(pairs)


class TestLab:
    @pytest.fixture
    def lab(self) -> Iterator[Lab]:
        with Lab(tracing=True) as lab:
            yield lab

    def test_a_profile_adds_up_to_the_receipt(self, lab: Lab) -> None:
        token, _ = lab.deploy("DevToken", "Development", "DEV")
        sent = lab.send(lab.roles[1], token, "mint", lab.roles[1], 10**18)
        assert sum(gas for _, gas in profile(lab, sent.transaction)) == sent.gas

    def test_what_happens_apart_is_undone(self, lab: Lab) -> None:
        token, _ = lab.deploy("DevToken", "Development", "DEV")
        with lab.apart():
            first = lab.send(lab.roles[1], token, "mint", lab.roles[1], 10**18)
        again = lab.send(lab.roles[1], token, "mint", lab.roles[1], 10**18)
        assert first.gas == again.gas
        assert lab.read(token, "balanceOf", lab.roles[1]) == (10**18,)
