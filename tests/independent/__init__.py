"""The log as a stranger meets it: a verifier that shares no code with the project, and what it says of a served log."""
