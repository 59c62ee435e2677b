"""Revisions of the database schema, one chain for all rooms."""
