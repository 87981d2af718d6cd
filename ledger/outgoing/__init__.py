"""Requests that the service sends to addresses that others name."""
