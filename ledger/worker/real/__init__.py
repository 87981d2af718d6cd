"""What the worker stands on in earnest: real nodes, a database, the log, signers and the clock."""
