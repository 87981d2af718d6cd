"""What the contracts cost, measured: ``python -m scripts.gas``.

The same scenario functions make the benchmark's table and the snapshot that a test compares exactly. Every figure comes
from a real transaction on a dev chain whose clock, accounts, amounts and proofs are fixed by seeds.
"""
