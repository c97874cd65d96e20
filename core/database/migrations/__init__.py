"""Alembic's migrations; run them with `python -m core migrate`."""
