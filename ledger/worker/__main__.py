"""``python -m ledger.worker [LOG]``: a log's worker as a child of ``crowdledger serve``."""

import sys

from ledger.worker.main import main

main(sys.argv[1] if len(sys.argv) > 1 else None, end_with_parent=True)
