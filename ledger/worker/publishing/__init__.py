"""Events for platforms: what follows from entries and from permanent facts of the chain, written down in order."""

from ledger.worker.publishing.publisher import Publishing

__all__ = ["Publishing"]
