"""Payees, claims and the two kinds of pool in plain Python, from the NatSpec of the contracts' interfaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.simulation.contracts.model_log import Logs
from tests.simulation.contracts.model_money import NOBODY, FickleToken, Refused, Token, refuse
from tests.simulation.contracts.model_roles import Role, Times
from tests.simulation.contracts.model_settlements import Settlements
from tests.simulation.contracts.trees import Leaf, proves, proves_many

BUSY = "ReentrancyGuardReentrantCall"


class Payment(NamedTuple):
    """What events must tell of a claim: was it paid or skipped, whose, to whom, and how much."""

    paid: bool
    account: str
    payee: str
    amount: int


class Pool(Settlements):
    """What every pool does with claims; who inherits says how it is funded and how it pays."""

    token: Token

    def __init__(self, address: str, logs: Logs, log_id: bytes, times: Times, roles: tuple[str, str, str]) -> None:
        super().__init__(address, logs, log_id, times, roles)
        self.claimed: dict[str, int] = {}
        self.payees: dict[str, str] = {}
        self.nonces: dict[str, int] = {}
        self.busy = False
        self.payments: list[Payment] = []
        """What the latest operation paid."""

    # ---- what a pool adds ----

    def _collect(self, backer: str, amount: int) -> None:
        raise NotImplementedError

    def _give_back(self, backer: str, amount: int) -> None:
        raise NotImplementedError

    def _pay(self, payee: str, amount: int) -> None:
        raise NotImplementedError

    def _pays(self, payee: str, amount: int, unpaid: int) -> bool:
        """Pays in a batch; False if the recipient is to be skipped. ``unpaid``: booked and not yet tried, with this."""
        raise NotImplementedError

    # ---- money ----

    @property
    def paid(self) -> int:
        return sum(self.claimed.values())

    @property
    def must_hold(self) -> int:
        return self.funded - self.returned - self.paid

    def guarded(self, operation: Callable[[], None]) -> None:
        """Runs what must not be entered again from within."""
        refuse([BUSY] if self.busy else [])
        self.busy = True
        try:
            operation()
        finally:
            self.busy = False

    def fund(self, backer: str, campaign: bytes, amount: int) -> None:
        def operation() -> None:
            self.book_funding(campaign, backer, amount)
            self._collect(backer, amount)

        self.guarded(operation)

    def refund(self, backer: str, campaign: bytes) -> None:
        self.guarded(lambda: self._give_back(backer, self.book_refund(campaign, backer)))

    def claim(self, account: str, cumulative: int, proof: Sequence[bytes]) -> None:
        def operation() -> None:
            problems = self.not_paused()
            if not self._proved(proves(proof, self.active.root, (account, cumulative)), [(account, cumulative)]):
                problems.append("InvalidProof")
            refuse(problems)
            amount = self._take(account, cumulative)
            if amount:
                payee = self.payee_of(account)
                self.payments.append(Payment(True, account, payee, amount))
                self._pay(payee, amount)

        self.guarded(operation)

    def claim_many(
        self, accounts: Sequence[str], cumulatives: Sequence[int], proof: Sequence[bytes], words: Sequence[int]
    ) -> None:
        def operation() -> None:
            problems = self.not_paused()
            leaves = list(zip(accounts, cumulatives, strict=False))
            if not accounts or len(accounts) != len(cumulatives):
                problems.append("BadLength")
            if not self._proved(proves_many(leaves, proof, words, self.active.root), leaves):
                problems.append("InvalidProof")
            refuse(problems)
            due = [self._take(*leaf) for leaf in leaves]
            unpaid = sum(due)
            for leaf, amount in zip(leaves, due, strict=True):
                if amount:
                    self._pay_or_skip(leaf[0], amount, unpaid)
                unpaid -= amount

        self.guarded(operation)

    def _proved(self, proved: bool, leaves: Sequence[Leaf]) -> bool:
        """A proof that leads to the root is one of leaves that the root was made of; anything else is a forgery."""
        assert not proved or set(leaves) <= set(self.active.tree.leaves)
        return proved

    def _take(self, account: str, cumulative: int) -> int:
        amount = max(cumulative - self.claimed.get(account, 0), 0)
        if amount and self.paid + amount > self.awarded:
            raise Refused("AwardsExceeded")
        self.claimed[account] = self.claimed.get(account, 0) + amount
        return amount

    def _pay_or_skip(self, account: str, amount: int, unpaid: int) -> None:
        """Pays what is booked; what cannot be paid is unbooked. ``unpaid``: booked and not yet tried, with this."""
        payee, before = self.payee_of(account), self.payments
        self.payments = [*before, Payment(True, account, payee, amount)]
        if not self._pays(payee, amount, unpaid):
            self.claimed[account] -= amount
            self.payments = [*before, Payment(False, account, payee, amount)]

    # ---- payees ----

    def payee_of(self, account: str) -> str:
        return self.payees.get(account, account)

    def set_payee(self, account: str, payee: str) -> None:
        refuse(["BadPayee"] if payee == self.address else [])
        self.payees[account] = account if payee == NOBODY else payee
        self.nonces[account] = self.nonces.get(account, 0) + 1

    def set_payee_by_signature(self, account: str, payee: str, deadline: int, *, signed: bool) -> None:
        """``signed``: the account's signature of just this, with its present nonce, for this pool and chain."""
        problems = [] if signed else ["InvalidSignature"]
        if self.now > deadline:
            problems.append("SignatureExpired")
        if payee == self.address:
            problems.append("BadPayee")
        refuse(problems)
        self.set_payee(account, payee)

    def people_words(self, people: list[str]) -> list[int | str | bytes]:
        """As `Stage._ofPeople` reads them."""
        words: list[int | str | bytes] = [sum(self.token.balances.values())]
        for person in people:
            words += [self.claimed.get(person, 0), self.payee_of(person), self.nonces.get(person, 0)]
            words.append(self.token.balance(person))
        return words


class EscrowPool(Pool):
    """RewardPool over a `FickleToken`."""

    token: FickleToken

    def __init__(
        self, address: str, logs: Logs, log_id: bytes, times: Times, roles: tuple[str, str, str], token: FickleToken
    ) -> None:
        super().__init__(address, logs, log_id, times, roles)
        self.token = token
        self.lost = 0
        """What the token took out of the pool in ways for which no contract can answer."""

    @property
    def balance(self) -> int:
        return self.token.balance(self.address)

    def fund_with_permit(self, backer: str, campaign: bytes, amount: int, *, valid: bool) -> None:
        """``valid``: the permit is; one that is not is no error as long as the allowance is there."""
        refuse([BUSY] if self.busy else [])
        if valid:
            self.token.permit(backer, self.address, amount, in_time=True, signed=True)
        self.fund(backer, campaign, amount)

    def _collect(self, backer: str, amount: int) -> None:
        before = self.balance
        if not self.token.transfer_from(self.address, backer, self.address, amount):
            raise Refused("SafeERC20FailedOperation")
        if self.balance - before != amount:
            raise Refused("WrongAmountArrived")

    def _give_back(self, backer: str, amount: int) -> None:
        self._pay(backer, amount)

    def _pay(self, payee: str, amount: int) -> None:
        if not self.token.transfer(self.address, payee, amount):
            raise Refused("SafeERC20FailedOperation")

    def _pays(self, payee: str, amount: int, unpaid: int) -> bool:
        before = self.balance
        try:
            if self.token.transfer(self.address, payee, amount):
                return True
        except Refused:
            return False
        if self.balance < self.must_hold + unpaid:
            raise Refused("PaymentUnclear")
        self.lost += before - self.balance
        return False


class TokenPool(Pool):
    """RewardToken, which is its own pool and pays by minting."""

    def __init__(
        self, address: str, logs: Logs, log_id: bytes, times: Times, roles: tuple[str, str, str], cap: int
    ) -> None:
        super().__init__(address, logs, log_id, times, roles)
        self.token = Token()
        self.cap = cap

    def fund(self, backer: str, campaign: bytes, amount: int) -> None:
        """Grants an allowance to mint; only the admin."""
        problems = self.not_role(Role.ADMIN, backer)
        if self.funded - self.returned + amount > self.cap:
            problems.append("CapExceeded")
        refuse(problems + self.funding_problems(campaign, amount))
        super().fund(backer, campaign, amount)

    def _collect(self, backer: str, amount: int) -> None:
        """Nothing moves: a claim mints."""

    def _take(self, account: str, cumulative: int) -> int:
        """Nothing can be minted for nobody, so that nothing is booked either."""
        return cumulative if account == NOBODY else super()._take(account, cumulative)

    def _pay_or_skip(self, account: str, amount: int, unpaid: int) -> None:
        if account == NOBODY:
            self.payments.append(Payment(False, account, account, amount))
        else:
            super()._pay_or_skip(account, amount, unpaid)

    def _give_back(self, backer: str, amount: int) -> None:
        """Nothing moves: what was returned counts no more towards the cap."""

    def _pay(self, payee: str, amount: int) -> None:
        if payee == NOBODY:
            raise Refused("ERC20InvalidReceiver")
        self.token.mint(payee, amount)

    def _pays(self, payee: str, amount: int, unpaid: int) -> bool:
        if payee == NOBODY:
            return False
        self.token.mint(payee, amount)
        return True
