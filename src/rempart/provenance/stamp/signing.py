"""Signing what was made, and reading it back."""

from __future__ import annotations


class Signing:
    """A certificate and whatever signs with its key."""
