"""Alembic's migrations, one module a revision under ``versions``; ``ledger.db.migrate`` runs them."""
