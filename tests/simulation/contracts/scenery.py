"""Where the state machines play: one log, a RewardPool over a fickle token and a RewardToken, and everybody in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from ledger.chain.devchain import DevChain
from tests.simulation.contracts.model_log import Log, Logs
from tests.simulation.contracts.model_money import NOBODY, UNLIMITED, FickleToken
from tests.simulation.contracts.model_pool import EscrowPool, TokenPool
from tests.simulation.contracts.model_roles import Times
from tests.simulation.contracts.model_settlements import LIMIT
from tests.simulation.contracts.signatures import Account, domain
from tests.simulation.contracts.stage import Chain, Watched, call_data

DELAY = 100
CAP = LIMIT // 2
RICHES = 1 << 130
ORIGIN = "example.org/log"
VKEY = "example.org/log+c0ffee00+key"
WALLETS = 6
ACCOUNTS = 3


def log_id_of(operator: str, origin: str) -> bytes:
    """The id of the log that ``operator`` opens under ``origin``."""
    return keccak(encode(["address", "string"], [operator, origin]))


@dataclass
class Model:
    """All that should be so."""

    logs: Logs
    token: FickleToken
    escrow: EscrowPool
    minting: TokenPool

    @property
    def pools(self) -> tuple[EscrowPool, TokenPool]:
        return self.escrow, self.minting


@dataclass
class Scenery:
    """A deployment that every example starts from. ``people`` are all accounts that take part."""

    chain: Chain
    log: str
    log_id: bytes
    token: str
    pools: tuple[str, str]
    wallets: list[str]
    accounts: dict[str, Account]
    times: Times
    growth: int
    people: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.people = [*self.wallets, *self.accounts, NOBODY, *self.pools, self.token]
        self.token_domain = domain("Fickle", 31337, self.token)
        self.domains = (domain("CrowdLedger", 31337, self.pools[0]), domain("Crowd", 31337, self.pools[1]))

    @property
    def roles(self) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        """Admin, reporter and guardian of each pool at first."""
        return (self.wallets[0], self.wallets[1], self.wallets[2]), (self.wallets[3], self.wallets[1], self.wallets[2])

    def watched(self) -> Watched:
        """What is looked at while no campaign is open."""
        tokens = [self.token, self.pools[1]]
        return Watched(self.log, [self.log_id], self.token, list(self.pools), tokens, [[], []], self.people)

    def model(self) -> Model:
        """What should be so at first."""
        logs, token = Logs(), FickleToken(self.token)
        logs.logs[self.log_id] = Log(self.wallets[0])
        for person in (*self.wallets, *self.accounts, self.token):
            token.mint(person, RICHES)
        for backer in (*self.wallets, self.token):
            token.allowances[backer, self.pools[0]] = UNLIMITED
        escrow = EscrowPool(self.pools[0], logs, self.log_id, self.times, self.roles[0], token)
        return Model(logs, token, escrow, TokenPool(self.pools[1], logs, self.log_id, self.times, self.roles[1], CAP))


def build(dev_chain: DevChain) -> Scenery:
    """Deploys everything and remembers the chain as it then is."""
    chain = Chain(dev_chain)
    wallets = [chain.deploy("HostileWallet") for _ in range(WALLETS)]
    accounts = {account.address: account for account in (Account(f"account {index}") for index in range(ACCOUNTS))}
    log, token = chain.deploy("ContributionLog"), chain.deploy("FickleToken")
    perform(chain, wallets[0], log, call_data("ContributionLog", "openLog", ORIGIN, VKEY))
    log_id = log_id_of(wallets[0], ORIGIN)
    pool = chain.deploy("RewardPool", log, log_id, token, *wallets[:3], DELAY)
    coin = [wallets[3], *wallets[1:3]]
    minting = chain.deploy("RewardToken", log, log_id, "Crowd", "CRWD", CAP, *coin, DELAY)
    for person in (*wallets, *accounts, token):
        chain.send(wallets[0], token, call_data("FickleToken", "mint", person, RICHES))
    for wallet in wallets:
        perform(chain, wallet, token, call_data("FickleToken", "approve", pool, UNLIMITED))
    chain.send(token, token, call_data("FickleToken", "approve", pool, UNLIMITED))
    times, growth = read_times(chain, pool), number(chain, log, "ContributionLog", "MAX_GROWTH")
    chain.remember()
    return Scenery(chain, log, log_id, token, (pool, minting), wallets, accounts, times, growth)


def perform(chain: Chain, wallet: str, to: str, data: bytes) -> None:
    """Has a wallet contract act, unwatched."""
    chain.send(wallet, wallet, call_data("HostileWallet", "perform", to, data, 1_000_000))


def number(chain: Chain, contract: str, artifact: str, name: str) -> int:
    """What a getter without parameters answers."""
    return int.from_bytes(chain.read(contract, call_data(artifact, name)), "big")


def read_times(chain: Chain, pool: str) -> Times:
    """The contract's own delays, as far as they keep the promises of the interfaces."""
    names = ("SETTLEMENT_DELAY", "ROLE_DELAY", "GRACE", "MAX_PAUSE", "PAUSE_COOLDOWN")
    times = Times(*(number(chain, pool, "RewardPool", name) for name in names))
    assert times.settlement_delay == DELAY < times.role_delay
    assert times.grace > times.role_delay + 2 * times.settlement_delay
    return times
