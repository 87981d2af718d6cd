"""Events are sent to the endpoints of platforms (webhooks), beside the worker's steps."""

from ledger.worker.delivering.delivering import Delivering

__all__ = ["Delivering"]
