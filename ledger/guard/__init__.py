"""The watchman: a log and the chain that pays by it, looked at from a machine that is not the operator's.

It needs a mirror of its own, nodes, and for a guardian the key; nothing of the service's database or configuration.
"""
