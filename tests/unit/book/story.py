"""Writes logs for tests: each method adds one statement, ids count up, time moves only when told."""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account import Account
from eth_account.messages import encode_defunct

from ledger.book.fold import Book
from ledger.book.rewards import compute
from ledger.statements import onchain, values
from ledger.statements.appeals import AppealFiled, AppealResolved
from ledger.statements.campaigns import (
    CampaignAmended,
    CampaignClosed,
    CampaignFunded,
    CampaignNotice,
    CampaignOpened,
    CampaignPaused,
    CampaignResumed,
    Judging,
    Onchain,
    PieceRate,
    Revisions,
    ScoreRate,
    Sealed,
    TaskAdded,
)
from ledger.statements.contents import AuditorMandated, ContentErased, ContentOpened
from ledger.statements.contributions import ContributionRevealed, ContributionSubmitted, ContributionWithdrawn
from ledger.statements.decisions import DecisionMade, Method, OpenedReview, ReviewGiven
from ledger.statements.feedback import FeedbackGiven
from ledger.statements.log import ClockTick, LogKeyRotated, LogOpened
from ledger.statements.platforms import PlatformRegistered
from ledger.statements.results import ResultMethod, ResultPublished
from ledger.statements.settlements import SettlementActivated, SettlementVetoed
from ledger.statements.sign_in import WalletLink, objection
from ledger.statements.wallets import WalletLinked, WalletObjected
from ledger.tree.key_chain import sign_rotation
from ledger.tree.keys import LogSigner

START_MS = 1_790_000_000_000
ORIGIN = "crowd.example/main"
POOL = "0x" + "cd" * 20
CHAIN = 31337
OPENER = "0x" + "ab" * 20
LOG_ID = onchain.log_id(OPENER, ORIGIN)
LOG_KEYS = [LogSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)) for number in (1, 2, 3)]
"""The stories' logs are opened with the first."""
DIGEST = 64 * "1"
HASH = "0x" + DIGEST
HUMAN = Method(type="human")
SECOND = Method(type="human", name="second-look")


def person(number):
    return values.uuid4(number.to_bytes(16, "big"))


def wallet(number):
    return Account.from_key((number + 1).to_bytes(32, "big"))


def signed(account, text):
    return "0x" + bytes(account.sign_message(encode_defunct(text=text)).signature).hex()


def judges(count, agree, criteria=None):
    return Judging(judges=count, agree=agree, criteria=criteria)


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
        self.say(LogOpened(**self.head(), origin=ORIGIN, key=LOG_KEYS[0].verifier_key.vkey, wallet_delay=wallet_delay))
        self.platform = self.register()

    def register(self):
        return self.say(PlatformRegistered(**self.head(), id=self.id(), name="P", keys=[])).id

    def id(self):
        self._count += 1
        return values.uuid7(START_MS, self._count.to_bytes(10, "big"))

    def head(self):
        return {"v": 1, "at": values.format_time(self.now_ms)}

    def say(self, statement):
        self.book.fold(statement, len(self.entries))
        self.entries.append(statement)
        return statement

    def rotation(self, previous=LOG_KEYS[0], key=LOG_KEYS[1]):
        """A rotation of the log's key, signed but not said."""
        signature, endorsed = (value.hex() for value in sign_rotation(previous, key))
        vkeys = {"key": key.verifier_key.vkey, "previous": previous.verifier_key.vkey}
        return LogKeyRotated(**self.head(), **vkeys, signature=signature, endorsed=endorsed)

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
            appeal_deadline=other.pop("resolution", 500),
            appeal_default=other.pop("appeal_default", "stands"),
            revisions=other.pop("revisions", Revisions(window=appeal, rounds=3)),
            closing_date=other.pop("closing", values.format_time(self.now_ms + 10**8)),
            **other,
        )
        if paid:
            id_ = onchain.campaign_id(OPENER, LOG_ID, onchain.charter(opened))
            place = Onchain(chain_id=CHAIN, pool=POOL, log_id=LOG_ID, opener=OPENER, id=id_)
            opened = msgspec.structs.replace(opened, onchain=place)
        self.say(opened)
        return opened.id

    def time(self, seconds):
        return values.format_time(self.now_ms + seconds * 1000)

    def sealed(self, seconds, window):
        return Sealed(deadline=self.time(seconds), reveal_until=self.time(seconds + window))

    def amend(self, campaign, version=2, **changes):
        self.say(CampaignAmended(**self.head(), campaign=campaign, version=version, **changes))

    def notice(self, campaign):
        self.say(CampaignNotice(**self.head(), id=self.id(), campaign=campaign, type="notice", text=DIGEST))

    def pause(self, campaign):
        self.say(CampaignPaused(**self.head(), campaign=campaign))

    def resume(self, campaign):
        self.say(CampaignResumed(**self.head(), campaign=campaign))

    def fund(self, campaign, funded, returned=0, goal_reached=True, block=1, closed=False):
        record = {"funded": str(funded), "returned": str(returned), "goal_reached": goal_reached, "closed": closed}
        self.say(CampaignFunded(**self.head(), campaign=campaign, block=block, block_hash=HASH, **record))

    def task(self, campaign):
        return self.say(TaskAdded(**self.head(), id=self.id(), campaign=campaign, commitment=DIGEST)).id

    def submit(self, campaign, who, **other):
        base = {"id": self.id(), "campaign": campaign, "contributor": person(who), "commitment": DIGEST}
        return self.say(ContributionSubmitted(**self.head(), **base | {"terms": DIGEST} | other)).id

    def reveal(self, contribution):
        self.say(ContributionRevealed(**self.head(), contribution=contribution))

    def withdraw(self, contribution, **other):
        self.say(ContributionWithdrawn(**self.head(), contribution=contribution, **other))

    def review(self, contribution, who, verdict="accepted", score="1", scores=None, second_look=False, **other):
        """Give a review; returns it as a decision opens it."""
        base = {"id": self.id(), "contribution": contribution, "reviewer": person(who), "commitment": DIGEST}
        base |= {"second_look": True} if second_look else {}
        given = self.say(ReviewGiven(**self.head(), **base | other))
        return OpenedReview(review=given.id, verdict=verdict, score=score, scores=scores)

    def appeal(self, contribution, decision, **other):
        base = {"id": self.id(), "contribution": contribution, "decision": decision, "grounds": DIGEST}
        return self.say(AppealFiled(**self.head(), **base | other)).id

    def resolve(self, appeal, decision, who):
        base = {"appeal": appeal, "decision": decision, "reviewer": person(who), "reason": DIGEST}
        self.say(AppealResolved(**self.head(), **base))

    def rate(self, campaign, who, about="campaign", subject=None):
        base = {"campaign": campaign, "contributor": person(who), "about": about, "subject": subject or campaign}
        self.say(FeedbackGiven(**self.head(), id=self.id(), score="0.5", **base))

    def publish(self, campaign, **other):
        base = {"id": self.id(), "campaign": campaign, "commitment": DIGEST, "entries": DIGEST, "count": 1}
        method = ResultMethod(name="tally", version="1")
        return self.say(ResultPublished(**self.head(), method=method, **base | other)).id

    def erase(self, purpose, subject, reason="wish"):
        self.say(ContentErased(**self.head(), purpose=purpose, subject=subject, reason=reason))

    def mandate(self, seconds=1000, **other):
        base = {"id": self.id(), "platform": self.platform, "name": "Auditor", "until": self.time(seconds)}
        return self.say(AuditorMandated(**self.head(), **base | other)).id

    def open_content(self, mandate, purpose, subject):
        self.say(ContentOpened(**self.head(), mandate=mandate, purpose=purpose, subject=subject))

    def decide(self, contribution, verdict="accepted", score="1", **other):
        base = {"id": self.id(), "contribution": contribution, "verdict": verdict, "score": score, "method": HUMAN}
        base |= {} if verdict == "accepted" else {"feedback": DIGEST}
        return self.say(DecisionMade(**self.head(), **base | other)).id

    def link(self, who, account, consent=None, **other):
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
        self.links[who] = len(self.entries)
        parts = {"address": account.address.lower(), "message": message, "signature": signed(account, message)}
        parts |= {"consent": signed(consent, message)} if consent else {}
        self.say(WalletLinked(**self.head(), contributor=person(who), **parts))

    def object(self, who, account, link=None):
        link = self.links[who] if link is None else link
        signature = signed(account, objection(ORIGIN, person(who), link))
        self.say(WalletObjected(**self.head(), contributor=person(who), link=link, signature=signature))

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
