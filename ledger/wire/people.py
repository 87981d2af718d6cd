"""The people who do the work: signing in, who they are, their wallets, and what becomes of their data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from ledger.wire.contributions import Decision
from ledger.wire.members import Member
from ledger.wire.replies import State
from ledger.wire.values import Address, Amount, Document, Id, Model, OwnId, Score

MAX_MESSAGE_CHARACTERS = 2000
Message = Annotated[str, StringConstraints(max_length=MAX_MESSAGE_CHARACTERS)]
AnySignature = Annotated[str, Field(pattern="^0x(?:[0-9a-fA-F]{2}){1,2000}$")]
"""65 bytes of an account's key, or whatever a wallet that is a contract accepts (ERC-1271)."""
WalletSignature = Annotated[str, Field(pattern="^0x[0-9a-fA-F]{130}$")]


class NewSignInLink(Model):
    """Lets a contributor of the platform, by its own id, sign in once."""

    contributor: OwnId


class SignInLink(Model):
    """A token that opens one session, shown once. ``url`` is the page that opens it: only this person may get it.

    The token stands behind the ``#`` of ``url``, which browsers do not send: it is in no server's log.
    """

    token: str = Field(repr=False)
    url: str = Field(repr=False)
    expires_at: str


class SignInMessageRequest(Model):
    """Asks for the text with which ``address`` signs in: as the contributors it pays, or as a platform's ``member``."""

    address: Address
    member: bool = False


class NewSession(Model):
    """Either ``token``, of a sign-in link, or ``message`` and ``signature``, of a wallet.

    ``platform`` is needed by a wallet only that is a member of several.
    """

    token: Annotated[str, StringConstraints(max_length=200)] | None = Field(default=None, repr=False)
    message: Message | None = None
    signature: AnySignature | None = None
    platform: Id | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> NewSession:
        by_wallet = (self.message is not None, self.signature is not None)
        if by_wallet not in ((False, False), (True, True)) or (self.token is None) == (by_wallet == (False, False)):
            raise ValueError("send either token, or message and signature")
        return self


class SessionOpened(Model):
    """``token`` is sent as Bearer until ``expires_at``; it is shown this once.

    ``people`` are the contributors you are, by public ids; ``member`` is who you are on a platform, with a member's
    token.
    """

    token: str = Field(repr=False)
    expires_at: str
    people: list[str]
    member: Member | None = None


class SessionEnded(Model):
    """The session is over."""

    ended: bool


class PendingLink(Model):
    """A wallet that will be paid from ``in_force_from`` on.

    ``objection`` is the text with which the wallet in force can delay it, null where it cannot (any more).
    """

    entry: int
    address: str
    at: str
    in_force_from: str
    objection: str | None


class Person(Model):
    """Somebody as the log names them: a random public id, of one platform."""

    id: str
    platform: str
    platform_name: str
    wallet: str | None
    """Where their pay goes; null: it waits for them."""
    pending: PendingLink | None
    notice: str | None
    """What they should know now: a wallet that is about to replace theirs."""


class Me(Model):
    """Who is signed in. ``wallet`` is the one that signed; it may be nobody yet (``people`` empty) or several."""

    wallet: str | None
    people: list[Person]


class MyAppeal(Model):
    """An appeal on a contribution of one's own. ``outcome``: the decision that stands once it is resolved."""

    id: str
    index: int
    at: str
    decision: str
    due: str
    """If nobody resolves it until then, the campaign's declared default takes effect."""
    resolved_at: str | None
    outcome: str | None
    reason: Any
    receipt: str


class MyContribution(Model):
    """A contribution of one's own, with what became of it.

    ``state`` is sealed, submitted, in review, needs_work, decided, appealed, final, withdrawn or replaced.
    ``appeal_until`` is there while the decision can be appealed; ``final_from`` is when nothing changes any more if
    nothing more happens, and ``payable_from`` is that where it would then earn something.
    """

    id: str
    index: int
    at: str
    status: State
    state: Literal[
        "sealed", "submitted", "in_review", "needs_work", "decided", "appealed", "final", "withdrawn", "replaced"
    ]
    campaign: str
    campaign_title: str
    contributor: str
    task: str | None
    content: Any
    erased: bool
    replaced_by: str | None
    decision: Decision | None
    decision_receipt: str | None
    appeal: MyAppeal | None
    appeal_until: str | None
    final_from: str | None
    payable_from: str | None
    signed_by: str | None
    """The wallet that signed it: only that can take it back."""
    url: str
    receipt: str


class Earning(Model):
    """What one campaign owes a person, in base units, points where it has no pool.

    ``final`` is earned for good; ``pending`` would be if nothing more happens, the last of it from ``pending_until``
    on, because of ``why``. ``shared_at_end``: prizes or a pool are shared out once the campaign is over, so that no
    figure can be given before. The campaign pays first what became final first, as far as its budget and funds reach.
    """

    campaign: str
    title: str
    contributor: str
    unit: Literal["tokens", "points"]
    chain_id: int | None
    pool: str | None
    final: Amount
    pending: Amount
    pending_until: str | None
    why: list[str]
    shared_at_end: bool
    reviewing: Amount
    """The part of ``final`` and ``pending`` that was earned by judging other people's work."""


class PaidTo(Model):
    """Where a person's pay goes, in words: an award goes for ever to the wallet in force when it is published.

    ``change_until``: another wallet that is linked until then is in force before the first pending award is final;
    null where none is pending, or where that moment has passed.
    """

    contributor: str
    wallet: str | None
    words: str
    change_until: str | None
    pending: PendingLink | None


class Earnings(Model):
    """Earnings by campaign, and where they go."""

    items: list[Earning]
    paid_to: list[PaidTo]


class Payment(Model):
    """What a pool paid for an account in one transaction, wherever the account wanted it; base units of the token."""

    chain_id: int
    pool: str
    account: str
    amount: Amount
    at: str
    block: int
    transaction: str


class Payments(Model):
    """Payments, the newest first. ``accounts`` are all wallets ever linked: each keeps what was published for it.

    ``unlisted`` was paid too, but long ago, or the chain does not answer now.
    """

    accounts: list[str]
    items: list[Payment]
    unlisted: Amount


class Erase(Model):
    """``wish``: the contributor wants it; ``law``: the platform must."""

    reason: Literal["wish", "law"] = "wish"


class Erased(Model):
    """What is gone for good. Statements, public ids and wallet links stay in the log, which still verifies.

    ``unfinished``: contributions that were not final; whoever judges them has no evidence any more.
    """

    contents: int
    entries: list[int]
    files: int
    unfinished: list[str]
    warnings: list[str]


class NewObjection(Model):
    """The wallet in force objects to the link in entry ``link`` that would replace it; it then waits twice as long.

    ``signature`` is over the text that ``GET /v1/contributors/me`` and ``POST /v1/wallets/message`` show.
    """

    contributor: Annotated[str, Field(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
    link: Annotated[int, Field(ge=0, le=2**53 - 1)]
    signature: WalletSignature


class NewFeedback(Model):
    """What a contributor thinks of a task, a decision on their work, or a campaign: a score and, if they like, words.

    ``contributor`` is the platform's own id of the person, for a platform that passes it on; a session needs it only
    where it is several people.
    """

    campaign: Id
    about: Literal["task", "decision", "campaign"]
    subject: Id
    score: Score
    words: Document = None
    contributor: OwnId | None = None
