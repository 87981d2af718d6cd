"""Real services for tests: a dev chain, a PostgreSQL server and migrated databases, each one a test process."""
