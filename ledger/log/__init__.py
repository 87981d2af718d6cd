"""The log: items in, entries and receipts out. ``plan`` is pure, ``writer`` commits groups, ``reader`` serves."""
