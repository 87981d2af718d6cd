"""Stories that break rules of campaigns, people, contents, time and settlements."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs

from ledger.statements.campaigns import PieceRate, Pool, Prizes
from ledger.statements.contributions import Signature
from ledger.statements.log import LogOpened
from ledger.statements.platforms import AdminActed, KeyRotated, PlatformRegistered
from ledger.tree.keys import LogSigner
from tests.unit.book.breaches import breaks
from tests.unit.book.story import CHAIN, HASH, LOG_KEYS, ORIGIN, POOL, settle, wallet

# ---- the log ----


@breaks("time-order", "log-opened-once")
def the_order_of_things(story):
    story.tick(10)
    story.now_ms -= 1
    story.tick()
    story.now_ms += 1
    story.say(LogOpened(**story.head(), origin=ORIGIN, key="key", wallet_delay=1))


@breaks("log-key-in-force", "log-key-unused", "log-key-unused")
def keys_that_come_back(story):
    first, second, third = LOG_KEYS
    story.say(story.rotation(second, third))
    story.say(story.rotation(first, second))
    story.say(story.rotation(second, first))
    story.say(structs.replace(story.rotation(second, third), key=second.verifier_key.vkey))


@breaks(*["log-key-endorsed"] * 6)
def keys_that_nobody_endorsed(story):
    first, second, third = LOG_KEYS
    good = story.rotation(first, second)
    foreign = LogSigner("example.org/other", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    for wrong in (
        {"endorsed": story.rotation(third, second).endorsed},
        {"signature": good.endorsed},
        {"signature": story.rotation(second, third).endorsed},  # the same key, another text
        {"key": third.verifier_key.vkey},
        {"key": foreign.verifier_key.vkey},
        {"key": "no key"},
    ):
        story.say(structs.replace(good, **wrong))


@breaks("statement")
def bytes_that_are_no_statement(story):
    story.book.fold_bytes(b'{"kind":"clock.tock"}', len(story.entries))


# ---- campaigns ----


@breaks("id-unused", "id-unused", "campaign-open", "campaign-open", "campaign-open", "campaign-open", "campaign-open")
def closed_campaigns(story):
    campaign = story.campaign(paid=False)
    opened = story.entries[-1]
    story.say(structs.replace(opened, at=story.time(0)))
    task = story.task(campaign)
    story.say(structs.replace(story.entries[-1], id=task))
    story.close(campaign)
    story.close(campaign)
    story.task(campaign)
    story.pause(campaign)
    story.resume(campaign)
    story.submit(campaign, 1)


@breaks("campaign-open", "campaign-open")
def campaigns_that_are_over(story):
    campaign, sealed = story.campaign(closing=story.time(2000)), story.campaign(sealed=story.sealed(250, 10))
    story.wait(251)
    story.submit(sealed, 1)
    story.wait(50)
    story.amend(campaign, budget="2000000")


@breaks("platform-known", "onchain-id", "deadlines-fit", "deadlines-fit", "deadlines-fit")
def openings_that_do_not_fit(story):
    mine, story.platform = story.platform, story.id()
    story.campaign(paid=False)
    story.platform = mine
    story.campaign()
    place = structs.replace(story.entries[-1].onchain, id=HASH)
    story.campaign(paid=False, onchain=place)
    story.campaign(closing=story.time(1600))
    story.campaign(closing=story.time(2000), sealed=story.sealed(100, 1000))
    story.campaign(closing=story.time(4000), goal="1", funding_deadline=story.time(4001))


@breaks(
    *("version-next", "amends-something", "never-lowers", "never-lowers", "never-lowers", "never-lowers"),
    *("never-lowers", "budget-covers"),
)
def amendments(story):
    prizes = story.campaign(policy=Prizes(amounts=["50", "20"], min_score="0.5"), budget="100")
    pool, rate = story.campaign(policy=Pool(total="100")), story.campaign()
    story.amend(rate, 3, budget="2000000")
    story.amend(rate)
    story.amend(rate, budget="999999")
    story.amend(rate, policy=Pool(total="1"))
    story.amend(pool, policy=Pool(total="99"))
    story.amend(prizes, policy=Prizes(amounts=["50"], min_score="0.5"))
    story.amend(prizes, policy=Prizes(amounts=["50", "20"], min_score="0.6"))
    story.amend(prizes, policy=Prizes(amounts=["50", "51"], min_score="0.5"))
    story.amend(prizes, policy=Prizes(amounts=["50", "20", "30"], min_score="0.4"))
    story.amend(rate, policy=PieceRate(amount="1"))


@breaks("versions-bounded", "pauses-bounded")
def campaigns_that_never_rest(story):
    """Whoever writes to a campaign reads all its versions and pauses again."""
    campaign = story.campaign()
    for version in range(2, 102):
        story.amend(campaign, version, budget=str(10**9 + version))
    for _ in range(500):
        story.pause(campaign)
        story.resume(campaign)
    story.pause(campaign)


@breaks("campaign-paused", "has-pool", "funds-newest", "campaign-known")
def pauses_and_funds(story):
    points, paid = story.campaign(paid=False), story.campaign()
    story.resume(points)
    story.fund(points, 1)
    story.fund(paid, 10, block=7)
    story.fund(paid, 10, block=6)
    story.notice(story.id())


# ---- people ----


@breaks("id-unused", "platform-known", "platform-known")
def platforms(story):
    story.say(PlatformRegistered(**story.head(), id=story.platform, name="Again", keys=[]))
    story.say(KeyRotated(**story.head(), platform=story.id(), keys=[]))
    story.say(AdminActed(**story.head(), platform=story.id(), by="0" * 16, act="hook.made", subject=story.id()))


@breaks("id-unused", "id-unused")
def ids_of_what_only_is_read(story):
    """A second notice or rating under the same id would take the place of the first."""
    campaign, other = story.campaign(), story.campaign()
    story.notice(campaign)
    story.say(structs.replace(story.entries[-1], campaign=other))
    for each in (campaign, other):
        story.submit(each, 1)
    story.rate(campaign, 1)
    story.say(structs.replace(story.entries[-1], campaign=other, subject=other))


@breaks("took-part", "subject-known", "subject-known", "subject-known", "rates-once")
def feedback(story):
    campaign, other = story.campaign(), story.campaign()
    task = story.task(other)
    story.rate(campaign, 1)
    mine, theirs = story.submit(campaign, 1), story.submit(campaign, 2)
    story.rate(campaign, 1, "task", task)
    story.rate(campaign, 1, "campaign", other)
    story.rate(campaign, 1, "decision", story.decide(theirs))
    story.rate(campaign, 1, "decision", story.decide(mine))
    story.rate(campaign, 1)
    story.rate(campaign, 1)


@breaks("contributor-known", "link-names", "link-replaces-latest", "link-in-time", "link-signed", "link-signed")
def links(story):
    story.link(1, wallet(1), replaces=None)
    early = story.entries[-1]
    story.submit(story.campaign(), 1)
    story.link(1, wallet(1), replaces=None, log="other.example/log")
    story.link(1, wallet(1), replaces=3)
    story.wait(601)
    story.say(structs.replace(early, at=story.time(0)))
    story.link(1, wallet(1), replaces=None)
    story.link(1, wallet(2), consent=wallet(1))  # which is not in force yet
    latest = len(story.entries) - 2
    story.link(1, wallet(2), replaces=latest)
    story.say(structs.replace(story.entries[-1], address=wallet(4).address.lower()))


@breaks("link-by-author", "link-signed")
def pay_for_signed_work_to_somebody_else(story):
    story.submit(
        story.campaign(), 1, signature=Signature(address=wallet(1).address.lower(), value="0x" + 128 * "0" + "1b")
    )
    latest = story.links.get(1)
    story.link(1, wallet(2))
    story.links[1] = latest
    story.link(1, wallet(2), consent=wallet(3))
    story.links[1] = latest
    story.link(1, wallet(2), consent=wallet(1))


@breaks("link-by-author", "objects-once")
def pay_for_signed_work_while_no_link_is_in_force(story):
    """Nobody could object to a link that comes while the author's own one still waits."""
    story.submit(
        story.campaign(), 1, signature=Signature(address=wallet(1).address.lower(), value="0x" + 128 * "0" + "1b")
    )
    story.link(1, wallet(1))
    mine = story.links[1]
    story.link(1, wallet(2))
    story.links[1] = mine
    story.wait(11)
    story.link(1, wallet(2))
    story.object(1, wallet(1))
    story.object(1, wallet(1))


@breaks("link-newest", "objects-once", "link-signed", "objects-once", "link-in-time", "objects-once")
def objections(story):
    story.submit(story.campaign(), 1)
    story.object(1, wallet(1), link=3)
    story.link(1, wallet(1))
    story.object(1, wallet(1))
    story.wait(11)
    story.link(1, wallet(2))
    story.object(1, wallet(2))
    story.object(1, wallet(1))
    story.object(1, wallet(1))
    story.wait(21)
    story.object(1, wallet(1))
    story.link(1, wallet(3), consent=wallet(2))
    story.object(1, wallet(2))


# ---- contents ----


@breaks(
    "id-unused", "campaign-known", "subject-known", "subject-known", "erased-once", "evidence-kept", "evidence-kept"
)
def results_and_erasure(story):
    campaign = story.campaign()
    result = story.publish(campaign)
    story.publish(campaign, id=result)
    story.publish(story.id())
    work = story.submit(campaign, 1)
    story.erase("result", work)
    appeal = story.appeal(work, story.decide(work, "rejected"))
    story.erase("inputs", appeal)
    story.erase("contribution", work)
    story.erase("contribution", work)
    story.erase("appeal", appeal, reason="retention")
    other = story.submit(campaign, 1)
    story.erase("contribution", other, reason="retention")
    story.erase("task", story.task(campaign), reason="retention")


@breaks("subject-known", "erased-once", "subject-known", "erased-once")
def erasing_what_is_not_there_yet(story):
    """It would be kept for ever once it comes: a content is erased once."""
    campaign = story.campaign(sealed=story.sealed(50, 50))
    sealed = story.submit(campaign, 1)
    story.erase("contribution", sealed, reason="law")
    story.wait(51)
    story.reveal(sealed)
    story.erase("contribution", sealed, reason="law")
    story.erase("contribution", sealed, reason="law")
    decision = story.decide(sealed, "rejected")
    appeal = story.appeal(sealed, decision)
    story.erase("feedback", appeal, reason="law")
    story.resolve(appeal, decision, 5)
    story.erase("feedback", appeal, reason="law")
    story.erase("feedback", appeal, reason="law")


@breaks("evidence-kept", "evidence-kept")
def evidence_under_an_id_that_two_things_have(story):
    """Each purpose looks at its own kind of thing: an id of another kind neither keeps nor frees anything."""
    campaign = story.campaign()
    work = story.submit(campaign, 1)
    decision = story.decide(work, "rejected")
    story.task(campaign)
    story.say(structs.replace(story.entries[-1], id=decision))
    story.erase("task", decision, reason="retention")
    story.rate(campaign, 1)
    story.say(structs.replace(story.entries[-1], id=decision, about="decision", subject=decision))
    story.erase("inputs", decision, reason="retention")
    story.erase("feedback", decision, reason="retention")


@breaks("id-unused", "platform-known", "mandate-in-time", "campaign-known", "mandate-known", "mandate-covers")
def mandates(story):
    campaign, other = story.campaign(), story.campaign()
    task, covered = story.task(other), story.task(campaign)
    mandate = story.mandate(campaign=campaign)
    story.mandate(id=mandate)
    story.mandate(platform=story.id())
    story.mandate(seconds=0)
    story.mandate(platform=story.register(), campaign=campaign)
    story.open_content(story.id(), "task", task)
    story.open_content(mandate, "task", task)
    story.open_content(mandate, "task", covered)


@breaks("mandate-in-time")
def a_mandate_that_ended(story):
    task, mandate = story.task(story.campaign()), story.mandate(seconds=10)
    story.wait(10)
    story.open_content(mandate, "task", task)
    story.wait(0.001)
    story.open_content(mandate, "task", task)


# ---- settlements ----


@breaks("pool-known", "settlement-computed", "settlement-size", "settlement-order", "settlement-order")
def settlements(story):
    campaign = story.campaign()
    story.fund(campaign, 100)
    story.decide(story.submit(campaign, 1))
    story.tick(101)
    right = settle(story.book, CHAIN, POOL).statement(story.time(0))
    story.say(structs.replace(right, chain_id=2))
    story.say(structs.replace(right, root=HASH))
    story.say(structs.replace(right, size=story.book.size + 1))
    made = story.settle()
    story.end(made, number=2)
    story.end(made)
    story.say(structs.replace(right, number=2, parent=1))


@breaks("settlement-known")
def an_unknown_settlement(story):
    campaign = story.campaign()
    story.fund(campaign, 100)
    story.decide(story.submit(campaign, 1))
    story.tick(101)
    story.end(story.settle(), proposal=HASH)
    assert settle(story.book, CHAIN, POOL) is None
