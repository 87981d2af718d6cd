"""A verifier of tiled transparency logs, written from the specifications alone.

It imports nothing of CrowdLedger (tests/unit/house/test_independent.py holds it to that): only the standard library and
``cryptography`` for Ed25519. Its sources are C2SP signed-note, tlog-checkpoint, tlog-tiles and tlog-proof, RFC 9162
section 2.1 and RFC 8785. As a program: ``python -m tests.independent.verifier PLACE VKEY``.
"""
