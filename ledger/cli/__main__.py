"""``python -m ledger.cli`` is ``crowdledger``."""

from ledger.cli.app import main

if __name__ == "__main__":
    main()
