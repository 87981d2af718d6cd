"""What others' contracts cost for the same jobs: recording a contribution, paying an earner.

The same accounts and amounts as ours, the same token where the contract takes any. Where a peer lets one choose, the
cheapest choice is taken: no resolver, no schema to decode, no fees of oracles.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.statements.onchain import keccak256, uint256
from scripts.gas import floor, peer_packages
from scripts.gas.lab import Contract, Lab, Sent, seeded, word
from scripts.gas.measured import Measured, measured
from scripts.gas.peer_packages import EAS, HUMAN, UNISWAP
from scripts.gas.trees import BATCH, Earners

ZERO = "0x" + "00" * 20
_OLD_BULK_PAY_OUT = "bulkPayOut(address[],uint256[],string,string,uint256,bool)"
_URL = "https://example.org/results/"


def peer_scenario(lab: Lab, earners: Earners) -> Iterator[Measured]:
    """The rows of all peers; :func:`scripts.gas.peer_packages.packages` has been asked for before."""
    for rows in (_attestations, _timestamps):
        with lab.apart():
            yield from rows(lab)
    with lab.apart():
        token, _ = lab.deploy("DevToken", "Development", "DEV")
        lab.send(lab.roles[6], token, "mint", lab.roles[6], 10 * earners.totals[1])
        for pays in (_transfers, _disperse, _human, _uniswap):
            with lab.apart():
                yield from pays(lab, token, earners)


def _eas(lab: Lab) -> tuple[Contract, bytes]:
    """EAS with a schema for one digest; resolver none, not revocable."""
    registry, _ = lab.deploy_made(peer_packages.load(EAS, "artifacts/contracts/SchemaRegistry.sol/SchemaRegistry.json"))
    eas, _ = lab.deploy_made(peer_packages.load(EAS, "artifacts/contracts/EAS.sol/EAS.json"), registry.address)
    schema = "bytes32 digest"
    lab.send(lab.roles[0], registry, "register", schema, ZERO, False)
    return eas, keccak256(schema.encode() + word(ZERO) + bytes(1))


def _attestation(number: int) -> tuple[object, ...]:
    return ZERO, 0, False, bytes(32), seeded("contribution", number), 0


def _attestations(lab: Lab) -> Iterator[Measured]:
    eas, schema = _eas(lab)
    platform = lab.roles[1]
    yield measured("eas_attest", [lab.send(platform, eas, "attest", (schema, _attestation(0)))])
    many = [(schema, [_attestation(number) for number in range(1, 1 + BATCH)])]
    yield measured("eas_attest_many", [lab.send(platform, eas, "multiAttest", many)], BATCH)


def _timestamps(lab: Lab) -> Iterator[Measured]:
    eas, _ = _eas(lab)
    platform = lab.roles[1]
    yield measured("eas_timestamp", [lab.send(platform, eas, "timestamp", seeded("contribution", 0))])
    many = [seeded("contribution", number) for number in range(1, 1 + BATCH)]
    yield measured("eas_timestamp_many", [lab.send(platform, eas, "multiTimestamp", many)], BATCH)


def _transfers(lab: Lab, token: Contract, earners: Earners) -> Iterator[Measured]:
    payer = lab.roles[6]
    for key, first in (("transfer_first", True), ("transfer_repeat", False)):
        sent = [lab.send(payer, token, "transfer", account, units) for account, units in _pay(earners, first=first)]
        yield measured(key, sent, BATCH, [floor.transfers(each, 1, first=first, escrow=False) for each in sent])


def _pay(earners: Earners, *, first: bool) -> list[tuple[str, int]]:
    """Whom to pay how much: what a second settlement adds is what is paid again."""
    once, twice = earners.earned, earners.earned_twice
    return [(each, once[each] if first else twice[each] - once[each]) for each in earners.drawn]


def _disperse(lab: Lab, token: Contract, earners: Earners) -> Iterator[Measured]:
    payer = lab.roles[6]
    disperse, _ = lab.deploy_made(peer_packages.disperse())
    lab.send(payer, token, "approve", disperse.address, 2**256 - 1)
    lab.send(payer, token, "mint", disperse.address, 1)  # its own balance is not a new slot
    for key, first in (("disperse_first", True), ("disperse_repeat", False)):
        accounts, units = zip(*_pay(earners, first=first), strict=True)
        sent = lab.send(payer, disperse, "disperse", token.address, list(accounts), list(units))
        yield measured(key, [sent], BATCH, [floor.transfers(sent, BATCH, first=first, escrow=True)])


def _human(lab: Lab, token: Contract, earners: Earners) -> Iterator[Measured]:
    payer, oracle = lab.roles[6], lab.roles[7]
    store, _ = lab.deploy_made(peer_packages.load(HUMAN, "artifacts/contracts/KVStore.sol/KVStore.json"))
    made = peer_packages.load(HUMAN, "artifacts/contracts/Escrow.sol/Escrow.json", without=_OLD_BULK_PAY_OUT)
    escrow, _ = lab.deploy_made(made, token.address, payer, payer, 10**7, store.address)
    lab.send(oracle, store, "set", "fee", "0")
    funds = 10**22
    lab.send(payer, token, "transfer", escrow.address, 2 * funds)
    digest = seeded("results", 0).hex()
    lab.send(payer, escrow, "setup", oracle, oracle, oracle, _URL + "manifest", digest)
    lab.send(payer, escrow, "storeResults", _URL + "0", digest, funds)
    for key, first in (("human_first", True), ("human_repeat", False)):
        accounts, units = zip(*_pay(earners, first=first), strict=True)
        results = _URL + key, seeded(key, 0).hex(), key
        sent: Sent = lab.send(oracle, escrow, "bulkPayOut", list(accounts), list(units), *results, False)
        yield measured(key, [sent], BATCH, [floor.transfers(sent, BATCH, first=first, escrow=True)])


def _uniswap(lab: Lab, token: Contract, earners: Earners) -> Iterator[Measured]:
    """A distributor pays each account once: there is no repeat, a second settlement is another contract."""
    payer, relayer = lab.roles[6], lab.roles[7]
    entries = list(earners.earned.items())
    levels = _distributor_tree(entries)
    made = peer_packages.load(UNISWAP, "build/MerkleDistributor.json")
    distributor, _ = lab.deploy_made(made, token.address, levels[-1][0])
    lab.send(payer, token, "transfer", distributor.address, earners.totals[0])
    places = {account: index for index, (account, _) in enumerate(entries)}
    sent, floors = [], []
    for account in earners.single:
        index = places[account]
        proof = _distributor_proof(levels, index)
        sent.append(lab.send(relayer, distributor, "claim", index, account, earners.earned[account], proof))
        floors.append(floor.claims(sent[-1], 1, len(proof), first=True, escrow=True))
    yield measured("uniswap_first", sent, len(sent))


def _distributor_tree(entries: list[tuple[str, int]]) -> list[list[bytes]]:
    """The distributor's own tree: leaves sorted, pairs hashed in order of value, an odd one rises."""
    level = [
        keccak256(uint256(index) + word(account) + uint256(units)) for index, (account, units) in enumerate(entries)
    ]
    levels = [level]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [keccak256(min(pair) + max(pair)) for pair in pairs] + ([level[-1]] if len(level) % 2 else [])
        levels.append(level)
    return levels


def _distributor_proof(levels: list[list[bytes]], place: int) -> list[bytes]:
    proof = []
    for level in levels[:-1]:
        if place ^ 1 < len(level):
            proof.append(level[place ^ 1])
        place //= 2
    return proof
