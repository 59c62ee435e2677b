"""The ways in: an upload that a service asks about."""
