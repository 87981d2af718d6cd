"""``crowdledger import``: a platform's file into the log, row by row, as often as one likes."""

from ledger.cli.importing.command import register

__all__ = ["register"]
