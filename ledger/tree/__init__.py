"""The log's mathematics and formats: pure functions over bytes, no I/O."""
