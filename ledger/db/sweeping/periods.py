"""How long things are kept: what an operator chooses, and what is promised to everybody."""

from __future__ import annotations

from typing import Final, Protocol

DAY_MS: Final = 86_400_000
REPEATS_MS: Final = DAY_MS
"""A reply is given again for a day: callers count on it (``docs/api.md``)."""
WAITED_FOR_MS: Final = 30 * DAY_MS
"""For so much longer an event is kept that an endpoint has yet to be sent."""
MAX_BODIES: Final = 1_000
"""Bodies of one webhook that are kept though they could not be used, the newest."""


class Periods(Protocol):
    """The settings that say how long; ``ledger.config.Config`` has them."""

    @property
    def event_retention_days(self) -> int:
        """Events."""
        ...

    @property
    def sending_retention_days(self) -> int:
        """How sending them ended."""
        ...

    @property
    def delivery_retention_days(self) -> int:
        """What became of deliveries."""
        ...

    @property
    def refused_retention_days(self) -> int:
        """The bodies of deliveries that could not be used."""
        ...

    @property
    def refused_retention_bytes(self) -> int:
        """How many bytes of them, a webhook."""
        ...

    @property
    def import_retention_days(self) -> int:
        """What programs told of their imports."""
        ...

    @property
    def request_retention_days(self) -> int:
        """What was asked of the worker and is answered."""
        ...

    @property
    def transaction_retention_days(self) -> int:
        """Signed transactions that are settled."""
        ...

    @property
    def audit_reports_kept(self) -> int:
        """How many reports of audits, the newest."""
        ...
