"""Sessions: ``cs_<secret>`` of contributors, ``ms_<secret>`` of members, as Bearer, short-lived, stored as SHA-256.

A session by a link of the platform is one contributor's. A session by a wallet is whoever the wallet is: the
contributors to whom it is the wallet in force, looked up with every request, so that a wallet that was replaced sees
nothing any more. A member's is taken where keys are, and so is read with them (``api.auth``).
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from api.auth import MEMBER_PREFIX, Caller, bearer, digest_of
from api.lookup import find_contribution
from api.reads.members import Membership, find_member, is_member, memberships
from api.reads.people import people_by_wallet
from api.reads.people_sessions import Subject, begin_session, find_session, nonce_waits
from api.sealing import DIRECT_PREFIX
from api.service import Service, service_of
from ledger.chain.contract_wallets import accepts_signature
from ledger.chain.rpc import connect
from ledger.errors import FieldError, ForbiddenError, FormatError, NotFoundError, SignatureError, UnauthorizedError
from ledger.log.shapes import ContributionView, PersonView
from ledger.statements import sign_in, signatures
from ledger.statements.platforms import Scope
from ledger.statements.values import time_ms
from ledger.statements.wallets import ContractSignature
from ledger.wire.members import Member

SESSION_SECONDS: Final = 2 * 3600
LINK_SECONDS: Final = 15 * 60
MESSAGE_SECONDS: Final = 600
_CLOCK_SKEW_MS: Final = 60_000
_CONTRIBUTOR: Final = "cs_"
_TOKEN = re.compile(_CONTRIBUTOR + "[0-9a-f]{64}")
_LINK = re.compile(r"[sm]l_[0-9a-f]{64}")
_MEMBER_LINK: Final = "ml_"
_PLAIN_SIGNATURE_CHARACTERS: Final = 132
_MAINNET: Final = 1
_SIGN_IN_REMEDY: Final = "Sign in anew: ask your platform for a sign-in link, or sign with your wallet."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sends a request with a session: ``people`` are all that they are, ``wallet`` is what signed, if one did."""

    digest: bytes
    wallet: str | None
    people: tuple[PersonView, ...]

    def ids(self) -> list[str]:
        """Their public ids."""
        return [person.id for person in self.people]


def new_link_token(*, member: bool = False) -> str:
    """The token of a sign-in link, for a contributor or a member."""
    return f"{_MEMBER_LINK if member else 'sl_'}{secrets.token_hex(32)}"


def chain_id_of(service: Service) -> int:
    """The chain that messages name; Ethereum's own where none is configured."""
    return _MAINNET if service.deployment is None else service.deployment.chain_id


def is_session(request: Request) -> bool:
    """Whether the request carries the token of a contributor's session. Raises UnauthorizedError without any token."""
    return bearer(request).startswith(_CONTRIBUTOR)


async def signed_in(request: Request) -> SignedIn:
    """Who sends ``request``. Raises UnauthorizedError without a session that is still good."""
    service = service_of(request)
    if "authorization" not in request.headers:
        raise UnauthorizedError("There is no session in this request.", remedy=_SIGN_IN_REMEDY)
    token = bearer(request)
    digest = digest_of(token)
    stored = await find_session(service.reads, digest, _now_ms()) if _TOKEN.fullmatch(token) else None
    if stored is None or not hmac.compare_digest(stored.digest, digest):
        raise UnauthorizedError("There is no session of this token, or it has expired.", remedy=_SIGN_IN_REMEDY)
    return SignedIn(digest, stored.subject.wallet, await people_of(service, stored.subject))


async def people_of(service: Service, subject: Subject) -> tuple[PersonView, ...]:
    """The contributors that a session's subject is now."""
    if subject.wallet is not None:
        return tuple(await people_by_wallet(service.reads, subject.wallet, _now_ms()))
    person = await service.reader.person(subject.contributor)
    return () if person is None else (person,)


async def _described(
    request: Request, _shown: Annotated[Any, Depends(HTTPBearer(auto_error=False, description="A session, cs_..."))]
) -> SignedIn:
    return await signed_in(request)


Session = Annotated[SignedIn, Depends(_described)]
"""A FastAPI dependency: who is signed in."""
Bearer: Final = Depends(HTTPBearer(auto_error=False))
"""Only says in the description that a path takes a token; the route looks at it."""


async def own_contribution(request: Request, contribution: str, scope: Scope | None) -> ContributionView:
    """A contribution that whoever asks may act on: its author's session, or a key of its platform with ``scope``.

    With the scope submit a platform acts in its author's name, which ForbiddenError keeps it from where they entered
    without it, or are a member. Raises NotFoundError for what is another's exactly as for what never was.
    """
    service = service_of(request)
    if not is_session(request):
        caller = await service.keys.caller(request, scope)
        row = await find_contribution(service.reader, contribution, caller.platform)
        if scope == "submit":
            author = await service.reader.person(row.contributor)
            await _check_entrusted(service, caller, "" if author is None else author.external_id)
        return row
    who = await signed_in(request)
    row = await find_contribution(service.reader, contribution)
    if row.contributor not in who.ids():
        raise NotFoundError(f"There is no contribution {contribution}.")
    return row


async def person_of_platform(service: Service, platform: str, own_id: str) -> PersonView:
    """A platform's contributor by its own id. Raises NotFoundError."""
    found = await service.reader.contributor(platform, own_id)
    if found is None:
        raise NotFoundError(
            "Your platform has no contributor of this id.",
            remedy="Send a contribution of theirs first; use the id you gave there.",
        )
    return PersonView(found, platform, own_id)


async def person_entrusted(service: Service, caller: Caller, own_id: str) -> PersonView:
    """The same, of those in whose name the platform acts, or a member of themselves. Else raises ForbiddenError."""
    await _check_entrusted(service, caller, own_id)
    return await person_of_platform(service, caller.platform, own_id)


async def _check_entrusted(service: Service, caller: Caller, own_id: str) -> None:
    """Raise ForbiddenError for who entered without their platform, and for other members: what these earn by judging is
    theirs, whoever else may act for contributors.
    """
    if own_id != caller.member and await is_member(service.reads, caller.platform, own_id):
        raise ForbiddenError(
            "This person is a member of your platform and acts in their own name.",
            remedy="They sign in to the console, and open their own work from there.",
        )
    if own_id.startswith(DIRECT_PREFIX):
        raise ForbiddenError(
            "This person entered without a platform and acts in their own name.",
            remedy="They sign in with the wallet that their id names.",
        )


def one_of(who: SignedIn, contributor: str | None = None) -> PersonView:
    """The one person that is meant: the only one, or the one of this public id. Raises FieldError, NotFoundError."""
    if not who.people:
        raise NotFoundError(
            "This wallet is not linked to any contributor yet.",
            remedy="Link it through the platform, or send signed work to a campaign that takes direct entries.",
        )
    if contributor is None and len(who.people) == 1:
        return who.people[0]
    for person in who.people:
        if person.id == contributor:
            return person
    raise FieldError(
        "contributor: This wallet is several contributors; say which.",
        field="contributor",
        remedy=f"Send one of {', '.join(who.ids())}.",
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that has begun; ``member`` is whom it is of, None for a contributor's."""

    token: str
    expires_ms: int
    subject: Subject
    member: Member | None = None


async def open_by_token(service: Service, token: str) -> Opened:
    """A session from a sign-in link's token, which is used up. Raises UnauthorizedError."""
    if _LINK.fullmatch(token) is None:
        raise _used_up("sign-in link")
    if not token.startswith(_MEMBER_LINK):
        return await _begin(service, digest_of(token), None, "sign-in link", _CONTRIBUTOR)
    opened = await _begin(service, digest_of(token), None, "sign-in link", MEMBER_PREFIX)
    try:
        member = await find_member(service.reads, opened.subject.platform, opened.subject.contributor)
    except NotFoundError:
        raise _used_up("sign-in link") from None  # removed at this moment: the session opens nothing
    return replace(opened, member=member)


async def open_by_wallet(service: Service, message: str, signature: str, platform: str | None) -> Opened:
    """A session from a signed message to sign in, which is used up; ``platform`` is whose member is meant.

    Raises FieldError, UnauthorizedError.
    """
    try:
        said = sign_in.parse_sign_in(message)
    except FormatError as error:
        raise FieldError(f"message: {error.detail}", field="message", remedy=error.remedy) from error
    _check_place(service, said)
    now_ms = _now_ms()
    if not time_ms(said.issued_at) - _CLOCK_SKEW_MS <= now_ms <= time_ms(said.expires_at):
        raise UnauthorizedError("The signed message has expired.", remedy="Ask for a new message and sign that.")
    nonce = digest_of(said.nonce)
    # Before the chain is asked: strangers do not get that for a text that they made up.
    if not await nonce_waits(service.reads, nonce, said.address, now_ms):
        raise _used_up("message")
    await check_wallet(service, message, signature, said.address)
    if not isinstance(said, sign_in.MemberSignIn):
        return await _begin(service, nonce, said.address, "message", _CONTRIBUTOR)
    found = await _membership(service, said.address, platform)
    subject = Subject(found.platform, found.member.member)
    opened = await _begin(service, nonce, said.address, "message", MEMBER_PREFIX, subject)
    return replace(opened, member=found.member)


async def _membership(service: Service, wallet: str, platform: str | None) -> Membership:
    """The one platform that is meant. Only who signed is told which there are.

    Raises UnauthorizedError for a wallet that is nobody's, FieldError for one that is several platforms'.
    """
    found = await memberships(service.reads, wallet, platform)
    if not found:
        raise UnauthorizedError(
            "This wallet is not a member's.",
            remedy="Ask an owner of your platform to enter it for you, or for a sign-in link.",
        )
    if len(found) > 1:
        raise FieldError(
            "platform: This wallet is a member of several platforms; say which.",
            field="platform",
            remedy=f"Send one of {', '.join(each.platform for each in found)}.",
            platforms="\n".join(f"{each.platform} {each.platform_name}" for each in found),
        )
    return found[0]


def _check_place(service: Service, said: sign_in.SignIn) -> None:
    named = (said.domain, said.log, said.uri, said.chain_id)
    if named != (service.domain, service.config.origin, service.public_url, chain_id_of(service)):
        raise FieldError(
            f"message: It was made for {said.domain} and its log {said.log}, not for {service.domain} and "
            f"{service.config.origin}.",
            field="message",
            remedy="Ask POST /v1/sessions/message for a message and sign that.",
        )


async def _begin(
    service: Service, one_time: bytes, wallet: str | None, what: str, prefix: str, member: Subject | None = None
) -> Opened:
    token = prefix + secrets.token_hex(32)
    now_ms = _now_ms()
    expires_ms = now_ms + SESSION_SECONDS * 1000
    subject = await begin_session(service.reads, one_time, digest_of(token), wallet, now_ms, expires_ms, member)
    if subject is None:
        raise _used_up(what)
    return Opened(token, expires_ms, subject)


async def check_wallet(service: Service, message: str, signature: str, wallet: str) -> ContractSignature | None:
    """Check that ``wallet`` signed ``message``: its own key (EIP-191), or its contract says so (ERC-1271).

    Gives the block at which the contract was asked, None for a plain signature. Raises SignatureError, ChainError.
    """
    digest = signatures.message_digest(message)
    lowered = signature.lower()
    if len(lowered) == _PLAIN_SIGNATURE_CHARACTERS:
        try:
            signatures.verify(digest, lowered, wallet)
            return None
        except SignatureError:
            if service.deployment is None:
                raise
    if service.deployment is None or not service.config.rpc_urls:
        raise SignatureError(
            "The signature is not one of this account's key, and no chain is configured where its contract could "
            "be asked.",
            remedy="Sign the given text unchanged, with the wallet that it names.",
        )
    urls, chain_id = service.config.rpc_urls, service.deployment.chain_id
    return await asyncio.to_thread(_ask_contract, urls, chain_id, wallet, digest, bytes.fromhex(lowered[2:]))


def _ask_contract(urls: Sequence[str], chain_id: int, wallet: str, digest: bytes, value: bytes) -> ContractSignature:
    with connect(urls, chain_id) as node:
        block = node.block("latest")
        if not accepts_signature(node, wallet, digest, value, block.number):
            raise SignatureError(
                f"{wallet} did not sign this: neither its key nor a contract there says so.",
                remedy="Sign the given text unchanged, with the wallet that it names.",
            )
    return ContractSignature(chain_id=chain_id, block=block.number, block_hash=block.hash)


def _used_up(what: str) -> UnauthorizedError:
    return UnauthorizedError(
        f"This {what} was used already, has expired, or never was.",
        remedy="Ask for a new one; each can be used once.",
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
