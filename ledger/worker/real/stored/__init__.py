"""The worker's rows in the database, by what they are about."""
