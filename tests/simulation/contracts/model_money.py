"""What tokens do, in plain Python: an honest ERC-20, and one that treats each account as it was told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum

NOBODY = "0x" + "00" * 20
UNLIMITED = (1 << 256) - 1


class Refused(Exception):
    """An operation must be refused; ``names`` are the errors that would be right, in whatever order one looks."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.names = frozenset(names)


def refuse(problems: Iterable[str]) -> None:
    """Raises `Refused` if there is any problem."""
    names = tuple(problems)
    if names:
        raise Refused(*names)


class Conduct(IntEnum):
    """As in contracts/dev/FickleToken.sol."""

    HONEST = 0
    REVERTS = 1
    BURNS_GAS = 2
    REVERTS_BOMB = 3
    ANSWERS_FALSE = 4
    ANSWERS_FALSE_BUT_MOVES = 5
    ANSWERS_NOTHING = 6
    ANSWERS_BOMB = 7
    TAKES_FEE = 8
    REENTERS = 9


FAILURES = {Conduct.REVERTS: "Refused", Conduct.BURNS_GAS: "", Conduct.REVERTS_BOMB: "unknown"}


class Token:
    """Balances and allowances of ERC-20 as OpenZeppelin has it."""

    def __init__(self) -> None:
        self.balances: dict[str, int] = {}
        self.allowances: dict[tuple[str, str], int] = {}

    def balance(self, account: str) -> int:
        return self.balances.get(account, 0)

    def mint(self, to: str, amount: int) -> None:
        self.balances[to] = self.balance(to) + amount

    def move(self, sender: str, to: str, amount: int) -> None:
        problems = [] if to != NOBODY else ["ERC20InvalidReceiver"]
        if self.balance(sender) < amount:
            problems.append("ERC20InsufficientBalance")
        refuse(problems)
        self.balances[sender] = self.balance(sender) - amount
        self.mint(to, amount)


class FickleToken(Token):
    """As contracts/dev/FickleToken.sol says. ``reentry`` is what it does where its conduct is to call back."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.conduct: dict[str, Conduct] = {}
        self.permits: dict[str, int] = {}
        self.reentry: Callable[[], None] | None = None
        self.reentered = False
        self.inside = False

    def conduct_of(self, account: str) -> Conduct:
        return self.conduct.get(account, Conduct.HONEST)

    def set_reentry(self, reentry: Callable[[], None]) -> None:
        self.reentry = reentry

    def transfer(self, sender: str, to: str, amount: int) -> bool:
        """The answer; no answer at all counts as yes. Raises `Refused`."""
        return self._act(self.conduct_of(to), sender, to, amount)

    def transfer_from(self, spender: str, sender: str, to: str, amount: int) -> bool:
        """The same by an allowance of ``sender``."""
        allowed = self.allowances.get((sender, spender), 0)
        failure = FAILURES.get(self.conduct_of(sender))
        if allowed < amount:
            raise Refused("ERC20InsufficientAllowance", *([] if failure is None else [failure]))
        if allowed != UNLIMITED:
            self.allowances[sender, spender] = allowed - amount
        return self._act(self.conduct_of(sender), sender, to, amount)

    def permit(self, owner: str, spender: str, amount: int, in_time: bool, signed: bool) -> None:
        """``signed``: by the owner, for just this, with its present nonce."""
        refuse(([] if in_time else ["ERC2612ExpiredSignature"]) + ([] if signed else ["ERC2612InvalidSigner"]))
        self.allowances[owner, spender] = amount
        self.permits[owner] = self.permits.get(owner, 0) + 1

    def _act(self, conduct: Conduct, sender: str, to: str, amount: int) -> bool:
        if conduct in FAILURES:
            raise Refused(FAILURES[conduct])
        if conduct is Conduct.ANSWERS_FALSE:
            return False
        if conduct is Conduct.REENTERS:
            self._reenter()
        self.move(sender, to, amount - (amount // 100 + 1) if conduct is Conduct.TAKES_FEE else amount)
        return conduct is not Conduct.ANSWERS_FALSE_BUT_MOVES

    def _reenter(self) -> None:
        """What it calls refuses, where it does, before it has changed anything."""
        if self.inside or self.reentry is None:
            return
        self.inside = True
        try:
            self.reentry()
            self.reentered = True
        except Refused:
            self.reentered = False
        self.inside = False
