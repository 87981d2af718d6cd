"""The command line, ``crowdledger``. A command imports what it needs when it runs, so that help is quick."""

from ledger.cli.app import app, main

__all__ = ["app", "main"]
