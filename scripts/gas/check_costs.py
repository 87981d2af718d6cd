"""What each check adds to a call: the benchmark's own scenarios, with the contract and with the contract without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Self

from scripts.gas import run
from scripts.gas.checks import CHECKS, Call, Check
from scripts.gas.lab import Lab
from scripts.gas.measured import Measured
from scripts.gas.variants import Variant, compile_missing, variant

RENEW_CHECKS = "make bench-gas ARGS='--checks --write'"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call's gas is found: the contract's scenario, its row, and of a row of several which transaction."""

    contract: str
    row: str
    transaction: int | None = None


PLACES = {
    Call.CLAIM: Place("RewardPool", "claim_pool_first"),
    Call.MANY_POOL: Place("RewardPool", "many_pool_first"),
    Call.MANY_TOKEN: Place("RewardToken", "many_token_first"),
    Call.PROPOSE: Place("RewardPool", "settle_pool", 0),
    Call.ACTIVATE: Place("RewardPool", "settle_pool", 1),
    Call.ANCHOR: Place("ContributionLog", "anchor_1m"),
}


@dataclass(frozen=True, slots=True)
class Without:
    """Gas of a contract's calls with one check taken out. ``digest`` is that of what was compiled."""

    check: str
    contract: str
    digest: str
    gas: Mapping[Call, int]


@dataclass(frozen=True, slots=True)
class CheckCosts:
    """Gas of each call as it is, for so many items, and with each check taken out."""

    whole: Mapping[Call, Measured]
    without: tuple[Without, ...]

    def added(self, check: str, call: Call) -> int | None:
        """Gas that a check adds to all items of a call, below zero if it makes it cheaper; None: not measured."""
        found = [each.gas[call] for each in self.without if each.check == check and call in each.gas]
        return self.whole[call].gas - found[0] if found else None

    def members(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "whole": {call: {"gas": each.gas, "items": each.items} for call, each in self.whole.items()},
            "without": [
                {"check": each.check, "contract": each.contract, "digest": each.digest, "gas": dict(each.gas)}
                for each in self.without
            ],
        }

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Self:
        """What :meth:`members` gave."""
        return cls(
            {Call(call): Measured(call, **each) for call, each in members["whole"].items()},
            tuple(
                Without(
                    each["check"],
                    each["contract"],
                    each["digest"],
                    {Call(call): gas for call, gas in each["gas"].items()},
                )
                for each in members["without"]
            ),
        )


NOT_MEASURED = CheckCosts({}, ())


def measure() -> CheckCosts:
    """Compiles what is not kept under ``build/`` yet and measures all: minutes the first time."""
    variants = list(_variants())
    compile_missing(each for _, each in variants)
    with Lab() as lab:
        whole: dict[Call, Measured] = {}
        for contract in dict.fromkeys(place.contract for place in PLACES.values()):
            whole |= _measured(lab, contract, [call for call in Call if PLACES[call].contract == contract])
        without = []
        for check, each in variants:
            lab.replaced = {each.contract: each.bytecode()}
            figures = _measured(lab, each.contract, _calls(check, each.contract), unproved=check.unproved)
            gas = {call: figure.gas for call, figure in figures.items()}
            without.append(Without(check.key, each.contract, each.digest, gas))
    return CheckCosts({call: whole[call] for call in Call}, tuple(without))


def stale(costs: CheckCosts, figures: Mapping[str, Measured]) -> list[str]:
    """A line for each figure that belongs to other contracts, edits or scenarios than the present ones."""
    known = {(each.check, each.contract): each.digest for each in costs.without}
    present = {(check.key, each.contract): each.digest for check, each in _variants()}
    both = sorted(known.keys() | present.keys())
    found = []
    for contract in sorted({contract for _, contract in both}):
        checks = [check for check, of in both if of == contract and known.get((check, of)) != present.get((check, of))]
        if checks:
            found.append(f"{contract}: its sources or what takes the checks out changed ({', '.join(checks)})")
    for row in dict.fromkeys(place.row for place in PLACES.values()):
        calls = [call for call in Call if PLACES[call].row == row]
        if sum(costs.whole[call].gas for call in calls if call in costs.whole) != figures[row].gas:
            found.append(f"{row}: the checks were measured on other figures")
    return found


def _variants() -> Iterator[tuple[Check, Variant]]:
    for check in CHECKS:
        for contract in dict.fromkeys(PLACES[call].contract for call in check.calls):
            yield check, variant(contract, check)


def _calls(check: Check, contract: str) -> list[Call]:
    return [call for call in check.calls if PLACES[call].contract == contract]


def _measured(lab: Lab, contract: str, calls: Iterable[Call], *, unproved: bool = False) -> dict[Call, Measured]:
    """Runs the scenario as far as the calls need it."""
    waiting = set(calls)
    found: dict[Call, Measured] = {}
    with closing(run.of_contract(lab, contract, unproved=unproved)) as rows:
        while waiting:
            figure = next(rows)
            for call in sorted(call for call in waiting if PLACES[call].row == figure.key):
                found[call] = _figure(lab, figure, call)
                waiting.remove(call)
    return found


def _figure(lab: Lab, figure: Measured, call: Call) -> Measured:
    """The chain still has the transactions."""
    place = PLACES[call].transaction
    if place is None:
        return Measured(call, figure.gas, figure.items)
    return Measured(call, int(lab.rpc("eth_getTransactionReceipt", figure.transactions[place])["gasUsed"], 16))
