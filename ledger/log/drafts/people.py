"""Drafts about what contributors say, and where their pay goes."""

from __future__ import annotations

from ledger.log import items
from ledger.log.drafts.draft import Draft, Kept
from ledger.log.drafts.known import Known
from ledger.statements.commitments import Place, commit
from ledger.statements.feedback import FeedbackGiven
from ledger.statements.wallets import WalletLinked, WalletObjected


def give_feedback(item: items.GiveFeedback, known: Known) -> Draft:
    """A rating with the commitment to its words."""
    known.campaign(item.platform, item.campaign)
    known.named_person(item.platform, item.contributor)
    opening = None
    if item.words is not None:
        who = item.contributor
        place = Place("feedback", known.log, item.campaign, contributor=who, subject=item.subject)
        opening = commit(place, item.words, item.salt)
    statement = FeedbackGiven(
        v=1,
        at=known.at,
        id=item.id,
        campaign=item.campaign,
        contributor=item.contributor,
        about=item.about,
        subject=item.subject,
        score=item.score,
        words=opening.commitment if opening else None,
    )
    return Draft(statement, opening, (Kept("feedback", item.id, opening),) if opening else ())


def link_wallet(item: items.LinkWallet, known: Known) -> Draft:
    """A link of a wallet."""
    known.named_person(item.platform, item.contributor)
    return Draft(
        WalletLinked(
            v=1,
            at=known.at,
            contributor=item.contributor,
            address=item.address,
            message=item.message,
            signature=item.signature,
            erc1271=item.erc1271,
            consent=item.consent,
        )
    )


def object_to_link(item: items.ObjectToLink, known: Known) -> Draft:
    """An objection to a link."""
    return Draft(
        WalletObjected(v=1, at=known.at, contributor=item.contributor, link=item.link, signature=item.signature)
    )
