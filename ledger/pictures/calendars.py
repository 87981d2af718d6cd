"""The Persian calendar (solar Hijri)."""

from __future__ import annotations

from datetime import date
from typing import Final

import jdatetime

MONTHS: Final = tuple(jdatetime.date.j_months_fa)
"""Their names in Persian, in order."""


def persian(day: date) -> tuple[int, int, int]:
    """Year, month (1 to 12) and day of the month."""
    found = jdatetime.date.fromgregorian(date=day)
    return found.year, found.month, found.day
