"""CrowdLedger's domain: the log, the book, the chain and the audit. It knows no web framework."""

__version__ = "0.1.0"
