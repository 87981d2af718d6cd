"""EIP-4361 messages with which a wallet says: pay this contributor to me.

The parser is strict (every line in its place, nothing else), because what a person reads in the wallet must be what
the log acts on. One message can be used once: it names the index of the link that it replaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sha3 import keccak_256

from ledger.errors import FormatError
from ledger.statements.values import time_ms

_LINES = re.compile(
    r"(?P<domain>[A-Za-z0-9.\-:\[\]]{1,255}) wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9a-fA-F]{40})\n"
    r"\n"
    r"Pay contributor (?P<contributor>[0-9a-f-]{36}) of the log (?P<log>[a-z0-9./_-]{1,400}) to this wallet, "
    r"replacing (?P<replaces>no earlier link|the link in entry (?:0|[1-9][0-9]{0,15}))\. "
    r"This joins the two for good and everybody can see it\.\n"
    r"\n"
    r"URI: (?P<uri>[!-~]{1,500})\n"
    r"Version: 1\n"
    r"Chain ID: (?P<chain_id>[1-9][0-9]{0,15})\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,64})\n"
    r"Issued At: (?P<issued_at>[0-9T:.\-]{23}Z)\n"
    r"Expiration Time: (?P<expires_at>[0-9T:.\-]{23}Z)"
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
        return (
            f"{self.domain} wants you to sign in with your Ethereum account:\n"
            f"{checksum_address(self.address)}\n"
            "\n"
            f"Pay contributor {self.contributor} of the log {self.log} to this wallet, replacing {earlier}. "
            "This joins the two for good and everybody can see it.\n"
            "\n"
            f"URI: {self.uri}\n"
            "Version: 1\n"
            f"Chain ID: {self.chain_id}\n"
            f"Nonce: {self.nonce}\n"
            f"Issued At: {self.issued_at}\n"
            f"Expiration Time: {self.expires_at}"
        )


def parse(message: str) -> WalletLink:
    """Read a linking message. Raises FormatError for any text that ``WalletLink.message`` does not write."""
    match = _LINES.fullmatch(message)
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
    time_ms(link.issued_at)
    time_ms(link.expires_at)
    if link.message() != message:
        raise FormatError("The message's address has wrong capitals (EIP-55).", remedy="Sign the given text unchanged.")
    return link


def checksum_address(address: str) -> str:
    """An address with EIP-55 capitals."""
    digits = address[2:].lower()
    digest = keccak_256(digits.encode()).hexdigest()
    return "0x" + "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit for digit, nibble in zip(digits, digest, strict=False)
    )
