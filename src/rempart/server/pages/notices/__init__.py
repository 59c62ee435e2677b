"""Notices and statements of reasons, as the team sees them."""
