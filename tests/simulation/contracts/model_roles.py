"""Roles and pauses in plain Python, from the NatSpec of IRoles and IPauses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from tests.simulation.contracts.model_money import NOBODY, Refused, refuse


class Role(IntEnum):
    ADMIN = 0
    REPORTER = 1
    GUARDIAN = 2


@dataclass(frozen=True)
class Times:
    """The contract's constants, in seconds."""

    settlement_delay: int
    role_delay: int
    grace: int
    max_pause: int
    pause_cooldown: int


class Roles:
    """Who holds which role of one pool, who is proposed from when, and when it was paused."""

    def __init__(self, times: Times, admin: str, reporter: str, guardian: str) -> None:
        self.times = times
        self.now = 0
        self.holders = {Role.ADMIN: admin, Role.REPORTER: reporter, Role.GUARDIAN: guardian}
        self.proposals: dict[Role, tuple[str, int]] = {}
        self.pauses: list[tuple[int, int]] = []

    def not_role(self, role: Role, caller: str) -> list[str]:
        return [] if self.holders[role] == caller else ["NotRole"]

    def propose_role(self, caller: str, role: Role, account: str) -> None:
        refuse(self.not_role(Role.ADMIN, caller) + (["ZeroAccount"] if account == NOBODY else []))
        self.proposals[role] = (account, self.now + self.times.role_delay)

    def cancel_role(self, caller: str, role: Role) -> None:
        refuse(self.not_role(Role.ADMIN, caller) + (["NoRoleProposal"] if role not in self.proposals else []))
        del self.proposals[role]

    def execute_role(self, caller: str, role: Role) -> None:
        if role not in self.proposals:
            raise Refused("NoRoleProposal")
        account, executable_at = self.proposals[role]
        problems = ["RoleDelayNotOver"] if self.now < executable_at else []
        if role is Role.ADMIN and caller != account:
            problems.append("NotProposedAdmin")
        refuse(problems)
        self.holders[role] = account
        del self.proposals[role]

    # ---- pauses ----

    @property
    def paused(self) -> bool:
        return bool(self.pauses) and self.now < self.pauses[-1][1]

    def not_paused(self) -> list[str]:
        return ["IsPaused"] if self.paused else []

    def pause(self, caller: str) -> None:
        cooling = bool(self.pauses) and self.now < self.pauses[-1][1] + self.times.pause_cooldown
        refuse(self.not_role(Role.GUARDIAN, caller) + (["PauseCooldown"] if cooling else []))
        self.pauses.append((self.now, self.now + self.times.max_pause))

    def unpause(self, caller: str) -> None:
        refuse(self.not_role(Role.GUARDIAN, caller) + ([] if self.paused else ["NotPaused"]))
        self.pauses[-1] = (self.pauses[-1][0], self.now)

    def clock(self) -> int:
        """Seconds on the clock that stands still while paused; it began with block time."""
        return self.now - sum(min(end, self.now) - begin for begin, end in self.pauses)

    def block_time_of(self, clock_time: int) -> int:
        """The block time at which the clock reads ``clock_time``, if a running pause ended now and none begins."""
        return self.now + clock_time - self.clock()

    def edges(self) -> list[int]:
        """Block times at which something of this becomes possible."""
        found = [executable_at for _, executable_at in self.proposals.values()]
        if self.pauses:
            found += [self.pauses[-1][1], self.pauses[-1][1] + self.times.pause_cooldown]
        return found

    def role_words(self) -> list[int | str | bytes]:
        """As `Stage._ofRoles` reads them."""
        words: list[int | str | bytes] = [self.holders[role] for role in Role]
        for role in Role:
            words += self.proposals.get(role, (NOBODY, 0))
        return words
