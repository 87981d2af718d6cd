"""EIP-4361 messages: with one a wallet says "pay this contributor to me", with the other "it is me".

The parsers are strict (every line in its place, nothing else), because what a person reads in the wallet must be what
is acted on. A linking message can be used once: it names the index of the link that it replaces. A message to sign in
can be used once because whoever takes it remembers its nonce. None can pass for another: their statements differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sha3 import keccak_256

from ledger.errors import FormatError
from ledger.statements.values import time_ms

_HEAD = (
    r"(?P<domain>[A-Za-z0-9.\-:\[\]]{1,255}) wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9a-fA-F]{40})\n"
    r"\n"
)
_TAIL = (
    r"\n"
    r"\n"
    r"URI: (?P<uri>[!-~]{1,500})\n"
    r"Version: 1\n"
    r"Chain ID: (?P<chain_id>[1-9][0-9]{0,15})\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,64})\n"
    r"Issued At: (?P<issued_at>[0-9T:.\-]{23}Z)\n"
    r"Expiration Time: (?P<expires_at>[0-9T:.\-]{23}Z)"
)
_LOG = r"(?P<log>[a-z0-9./_-]{1,400})"
_LINK = re.compile(
    _HEAD + rf"Pay contributor (?P<contributor>[0-9a-f-]{{36}}) of the log {_LOG} to this wallet, "
    r"replacing (?P<replaces>no earlier link|the link in entry (?:0|[1-9][0-9]{0,15}))\. "
    r"This joins the two for good and everybody can see it\." + _TAIL
)
_SIGN_IN = re.compile(
    _HEAD + rf"Sign in to the log {_LOG} with this wallet\. This pays nothing and changes nothing\." + _TAIL
)


_MEMBER_SIGN_IN = re.compile(
    _HEAD + rf"Sign in to the log {_LOG} with this wallet as a member of a platform\. "
    r"Until the session ends, it can do there what your role allows\." + _TAIL
)


@dataclass(frozen=True, slots=True)
class WalletLink:
    """What a linking message says. ``address`` is lower case; ``replaces`` is an entry's index or None."""

    domain: str
    address: str
    contributor: str
    log: str
    replaces: int | None
    uri: str
    chain_id: int
    nonce: str
    issued_at: str
    expires_at: str

    def message(self) -> str:
        """The EIP-4361 text to sign, its address with EIP-55 capitals."""
        earlier = "no earlier link" if self.replaces is None else f"the link in entry {self.replaces}"
        return _text(
            self,
            f"Pay contributor {self.contributor} of the log {self.log} to this wallet, replacing {earlier}. "
            "This joins the two for good and everybody can see it.",
        )


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a message to sign in says. ``address`` is lower case."""

    domain: str
    address: str
    log: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: str
    expires_at: str

    def message(self) -> str:
        """The EIP-4361 text to sign, its address with EIP-55 capitals."""
        return _text(self, f"Sign in to the log {self.log} with this wallet. This pays nothing and changes nothing.")


@dataclass(frozen=True, slots=True)
class MemberSignIn(SignIn):
    """What a message says with which a member of a platform signs in. ``address`` is lower case."""

    def message(self) -> str:
        """The EIP-4361 text to sign, its address with EIP-55 capitals."""
        return _text(
            self,
            f"Sign in to the log {self.log} with this wallet as a member of a platform. "
            "Until the session ends, it can do there what your role allows.",
        )


def _text(said: WalletLink | SignIn, statement: str) -> str:
    return (
        f"{said.domain} wants you to sign in with your Ethereum account:\n"
        f"{checksum_address(said.address)}\n"
        "\n"
        f"{statement}\n"
        "\n"
        f"URI: {said.uri}\n"
        "Version: 1\n"
        f"Chain ID: {said.chain_id}\n"
        f"Nonce: {said.nonce}\n"
        f"Issued At: {said.issued_at}\n"
        f"Expiration Time: {said.expires_at}"
    )


def parse(message: str) -> WalletLink:
    """Read a linking message. Raises FormatError for any text that ``WalletLink.message`` does not write."""
    match = _LINK.fullmatch(message)
    if match is None:
        raise FormatError(
            "This is not a wallet-linking message (EIP-4361).", remedy="Sign the text that the service gave, unchanged."
        )
    replaces = match["replaces"]
    link = WalletLink(
        domain=match["domain"],
        address=match["address"].lower(),
        contributor=match["contributor"],
        log=match["log"],
        replaces=None if replaces == "no earlier link" else int(replaces.rsplit(" ", 1)[1]),
        uri=match["uri"],
        chain_id=int(match["chain_id"]),
        nonce=match["nonce"],
        issued_at=match["issued_at"],
        expires_at=match["expires_at"],
    )
    _check(link, message)
    return link


def parse_sign_in(message: str) -> SignIn:
    """Read a message to sign in, a contributor's or a member's. Raises FormatError for any text that neither writes."""
    made: type[SignIn] = SignIn
    match = _SIGN_IN.fullmatch(message)
    if match is None:
        made, match = MemberSignIn, _MEMBER_SIGN_IN.fullmatch(message)
    if match is None:
        raise FormatError(
            "This is not a message to sign in (EIP-4361).", remedy="Sign the text that the service gave, unchanged."
        )
    said = made(
        domain=match["domain"],
        address=match["address"].lower(),
        log=match["log"],
        uri=match["uri"],
        chain_id=int(match["chain_id"]),
        nonce=match["nonce"],
        issued_at=match["issued_at"],
        expires_at=match["expires_at"],
    )
    _check(said, message)
    return said


def _check(said: WalletLink | SignIn, message: str) -> None:
    time_ms(said.issued_at)
    time_ms(said.expires_at)
    if said.message() != message:
        raise FormatError("The message's address has wrong capitals (EIP-55).", remedy="Sign the given text unchanged.")


def objection(log: str, contributor: str, link: int) -> str:
    """The text that the wallet in force signs (EIP-191) to delay the link in entry ``link``."""
    return (
        f"I object to the link in entry {link} of the log {log}, which would pay contributor {contributor} "
        "to another wallet. It shall wait twice as long."
    )


def withdrawal(log: str, contribution: str) -> str:
    """The text that the wallet which signed a contribution signs (EIP-191) to take it back."""
    return f"I withdraw contribution {contribution} from the log {log}."


def checksum_address(address: str) -> str:
    """An address with EIP-55 capitals."""
    digits = address[2:].lower()
    digest = keccak_256(digits.encode()).hexdigest()
    return "0x" + "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit for digit, nibble in zip(digits, digest, strict=False)
    )
