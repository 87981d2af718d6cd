"""Checking a log's database against the log in it: every row that a statement or a hash binds is made again.

The audit (``ledger.audit``) reads what is published and trusts nobody; this reads the tables and finds what a disk, a
restore or a hand has damaged: the table, the column and the entry.
"""

from ledger.log.checking.report import Finding, Report
from ledger.log.checking.run import check_database, log_names

__all__ = ["Finding", "Report", "check_database", "log_names"]
