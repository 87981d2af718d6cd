"""``crowdledger pull``: what a platform's API has, into the log; once, or as it comes."""

from ledger.cli.pulling.command import register

__all__ = ["register"]
