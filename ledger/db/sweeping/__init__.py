"""What is erased when it has been kept long enough: rows beside the log that nothing needs any longer.

``rules`` says what goes and when, ``running`` does it in small transactions. The log, its tree, what its statements
commit to and what explains a payment are in no rule (``docs/retention.md``); contents go by entries of the log
(``ledger.worker.retention``).
"""

from ledger.db.sweeping.bodies import bound_bodies
from ledger.db.sweeping.periods import DAY_MS, Periods
from ledger.db.sweeping.rules import RULES, Rule
from ledger.db.sweeping.running import ROWS, believed_ms, sweep

__all__ = ["DAY_MS", "ROWS", "RULES", "Periods", "Rule", "believed_ms", "bound_bodies", "sweep"]
