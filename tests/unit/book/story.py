"""Writes logs for tests: each method adds one statement, ids count up, time moves only when told."""

import msgspec
from eth_account import Account
from eth_account.messages import encode_defunct

from ledger.book.fold import Book
from ledger.book.rewards import compute
from ledger.statements import onchain, values
from ledger.statements.campaigns import (
    CampaignClosed,
    CampaignFunded,
    CampaignOpened,
    Onchain,
    PieceRate,
    ScoreRate,
    TaskAdded,
)
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, Method
from ledger.statements.log import ClockTick, LogOpened
from ledger.statements.platforms import PlatformRegistered
from ledger.statements.settlements import SettlementActivated, SettlementVetoed
from ledger.statements.sign_in import WalletLink
from ledger.statements.wallets import WalletLinked

START_MS = 1_790_000_000_000
ORIGIN = "crowd.example/main"
POOL = "0x" + "cd" * 20
CHAIN = 31337
OPENER = "0x" + "ab" * 20
LOG_ID = onchain.log_id(OPENER, ORIGIN)
DIGEST = 64 * "1"
HASH = "0x" + DIGEST
HUMAN = Method(type="human")


def person(number):
    return values.uuid4(number.to_bytes(16, "big"))


def wallet(number):
    return Account.from_key((number + 1).to_bytes(32, "big"))


def settle(book, chain_id, pool):
    """What would be settled next; None while one is recorded and has not ended, or if nothing can or need be."""
    pool_book = book.pools.get((chain_id, pool))
    if pool_book is None or pool_book.halted or pool_book.pending() is not None:
        return None
    return compute(book, pool_book, book.size)


class Story:
    """``entries`` are the statements so far; ``book`` has folded them all."""

    def __init__(self, wallet_delay=10):
        self.now_ms = START_MS
        self.entries = []
        self.book = Book()
        self._count = 0
        self.links = {}
        self.say(LogOpened(**self.head(), origin=ORIGIN, key="key", wallet_delay=wallet_delay))
        self.platform = self.id()
        self.say(PlatformRegistered(**self.head(), id=self.platform, name="P", keys=[]))

    def id(self):
        self._count += 1
        return values.uuid7(START_MS, self._count.to_bytes(10, "big"))

    def head(self):
        return {"v": 1, "at": values.format_time(self.now_ms)}

    def say(self, statement):
        self.book.fold(statement, len(self.entries))
        self.entries.append(statement)
        return statement

    def wait(self, seconds):
        self.now_ms += int(seconds * 1000)

    def tick(self, seconds=0):
        self.wait(seconds)
        self.say(ClockTick(**self.head()))

    def campaign(self, policy=None, budget="1000000", appeal=100, decision=1000, default="accepted", **other):
        paid = other.pop("paid", True)
        opened = CampaignOpened(
            **self.head(),
            id=self.id(),
            platform=self.platform,
            type="processing",
            brief=DIGEST,
            terms=DIGEST,
            policy=policy or PieceRate(amount="10"),
            budget=budget,
            appeal_window=appeal,
            decision_deadline=decision,
            decision_default=default,
            closing_date=other.pop("closing", values.format_time(self.now_ms + 10**8)),
            **other,
        )
        if paid:
            id_ = onchain.campaign_id(OPENER, LOG_ID, onchain.charter(opened))
            place = Onchain(chain_id=CHAIN, pool=POOL, log_id=LOG_ID, opener=OPENER, id=id_)
            opened = msgspec.structs.replace(opened, onchain=place)
        self.say(opened)
        return opened.id

    def fund(self, campaign, funded, returned=0, goal_reached=True, block=1, closed=False):
        record = {"funded": str(funded), "returned": str(returned), "goal_reached": goal_reached, "closed": closed}
        self.say(CampaignFunded(**self.head(), campaign=campaign, block=block, block_hash=HASH, **record))

    def task(self, campaign):
        return self.say(TaskAdded(**self.head(), id=self.id(), campaign=campaign, commitment=DIGEST)).id

    def submit(self, campaign, who, **other):
        base = {"id": self.id(), "campaign": campaign, "contributor": person(who), "commitment": DIGEST}
        return self.say(ContributionSubmitted(**self.head(), **base, **{"terms": DIGEST} | other)).id

    def decide(self, contribution, verdict="accepted", score="1", **other):
        base = {"id": self.id(), "contribution": contribution, "verdict": verdict, "score": score, "method": HUMAN}
        return self.say(DecisionMade(**self.head(), **base, **other)).id

    def link(self, who, account, **other):
        replaces = self.links.get(who)
        terms = {"replaces": replaces, "log": ORIGIN, "contributor": person(who)} | other
        message = WalletLink(
            domain="crowd.example",
            address=account.address.lower(),
            uri="https://crowd.example/",
            chain_id=CHAIN,
            nonce="12345678",
            issued_at=values.format_time(self.now_ms),
            expires_at=values.format_time(self.now_ms + 600_000),
            **terms,
        ).message()
        signature = "0x" + bytes(account.sign_message(encode_defunct(text=message)).signature).hex()
        self.links[who] = len(self.entries)
        parts = {"address": account.address.lower(), "message": message, "signature": signature}
        self.say(WalletLinked(**self.head(), contributor=person(who), **parts))

    def close(self, campaign):
        self.say(CampaignClosed(**self.head(), campaign=campaign))

    def settle(self):
        settlement = settle(self.book, CHAIN, POOL)
        assert settlement is not None
        self.say(settlement.statement(values.format_time(self.now_ms)))
        return settlement

    def end(self, settlement, kind=SettlementActivated, **other):
        parts = {"number": settlement.number, "proposal": settlement.proposal} | other
        place = {"chain_id": CHAIN, "pool": POOL, "block": 9, "block_hash": HASH, "transaction": HASH, "log_index": 0}
        self.say(kind(**self.head(), **place, **parts))

    def veto(self, settlement):
        self.end(settlement, SettlementVetoed)

    def rules(self):
        return [finding.rule for finding in self.book.findings]


def score_rate(units):
    return ScoreRate(max_amount=str(units))
