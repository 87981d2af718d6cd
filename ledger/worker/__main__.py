"""``python -m ledger.worker``: the worker as a child of ``crowdledger serve``."""

from ledger.worker.main import main

main(end_with_parent=True)
