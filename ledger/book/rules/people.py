"""Rules of people and platforms: feedback, wallets, keys."""

from __future__ import annotations

from ledger.book.facts import Facts
from ledger.book.rules.require import known_campaign, require
from ledger.errors import FormatError, RuleError, SignatureError
from ledger.statements import sign_in, signatures
from ledger.statements.feedback import FeedbackGiven
from ledger.statements.platforms import AdminActed, KeyRotated, PlatformRegistered
from ledger.statements.values import time_ms
from ledger.statements.wallets import WalletLinked, WalletObjected


def check_platform(statement: PlatformRegistered, at_ms: int, facts: Facts) -> None:
    """A new one."""
    require(statement.id not in facts.platforms, "id-unused", f"Platform {statement.id} exists already.")


def check_keys(statement: KeyRotated | AdminActed, at_ms: int, facts: Facts) -> None:
    """Of a platform that exists."""
    require(statement.platform in facts.platforms, "platform-known", f"No platform {statement.platform}.")


def check_feedback(statement: FeedbackGiven, at_ms: int, facts: Facts) -> None:
    """By somebody who took part, once, about the campaign, a task of it, or a decision on their own work."""
    require(statement.id not in facts.ratings, "id-unused", f"Feedback {statement.id} exists already.")
    campaign = known_campaign(statement.campaign, facts)
    who, subject = statement.contributor, statement.subject
    require(who in campaign.by_person, "took-part", "Only who took part in a campaign rates it.")
    match statement.about:
        case "campaign":
            fits = subject == statement.campaign
        case "task":
            fits = facts.tasks.get(subject) == statement.campaign
        case "decision":
            decided = facts.contributions.get(facts.decisions.get(subject) or "")
            fits = decided is not None and (decided.contributor, decided.campaign) == (who, statement.campaign)
    require(fits, "subject-known", f"There is no such {statement.about} here that this contributor could rate.")
    require((who, subject) not in facts.feedback, "rates-once", "This contributor has rated it already.")


def check_link(statement: WalletLinked, at_ms: int, facts: Facts) -> None:
    """By a contributor of this log, with a message for it that is the newest and signed by the new wallet."""
    if statement.contributor not in facts.contributors:
        raise RuleError(f"There is no contributor {statement.contributor}.", rule="contributor-known")
    try:
        link = sign_in.parse(statement.message)
        digest = signatures.message_digest(statement.message)
        if statement.erc1271 is None:
            signatures.verify(digest, statement.signature, statement.address, facts.signers)
        if statement.consent is not None:
            _check_consent(statement, digest, at_ms, facts)
    except (FormatError, SignatureError) as error:
        raise RuleError(error.detail, rule="link-signed", remedy=error.remedy) from error
    named = (link.contributor, link.address, link.log)
    require(
        named == (statement.contributor, statement.address, facts.origin),
        "link-names",
        "The signed message names another contributor, wallet or log.",
    )
    latest = facts.links.get(statement.contributor)
    require(
        link.replaces == (latest.index if latest else None),
        "link-replaces-latest",
        "The signed message does not name the latest link of this contributor, so it is used up or too old.",
        "Ask for a new message and sign that.",
    )
    require(
        at_ms <= time_ms(link.expires_at),
        "link-in-time",
        "The signed message has expired.",
        "Ask for a new message and sign that.",
    )
    author = facts.authors.get(statement.contributor)
    if author and facts.wallet_in_force(statement.contributor, at_ms) is None:  # which could object to another one
        require(
            statement.address == author or statement.consent is not None,
            "link-by-author",
            f"This contributor's first work is signed by {author}: their pay goes there unless that wallet agrees.",
            f"Link {author}, or send its signature of the same message as consent.",
        )


def _check_consent(statement: WalletLinked, digest: bytes, at_ms: int, facts: Facts) -> None:
    wallet = facts.wallet_in_force(statement.contributor, at_ms) or facts.authors.get(statement.contributor)
    if not wallet or statement.consent is None:
        raise SignatureError("There is no wallet in force, nor one that signed their first work, that could consent.")
    signatures.verify(digest, statement.consent, wallet, facts.signers)


def check_objection(statement: WalletObjected, at_ms: int, facts: Facts) -> None:
    """By the wallet in force, against the latest link, once, before that is in force."""
    link = facts.links.get(statement.contributor)
    if link is None or link.index != statement.link:
        raise RuleError("This is not the latest link of this contributor.", rule="link-newest")
    require(at_ms <= link.in_force_after_ms, "link-in-time", "The link is in force already.")
    if link.previous is None or not link.may_object:
        raise RuleError(
            "No wallet can object to this link: there was none before, or it agreed or objected already.",
            rule="objects-once",
        )
    text = sign_in.objection(facts.origin, statement.contributor, statement.link)
    try:
        signatures.verify(signatures.message_digest(text), statement.signature, link.previous)
    except SignatureError as error:
        raise RuleError(error.detail, rule="link-signed", remedy=error.remedy) from error
