"""The names of Rempart's own lists: what notices bring. They hold investigation seeds and nothing else."""

from __future__ import annotations

PREFIX = "system:"
NOTICES = "system:notices"


def is_own(name: str) -> bool:
    """Whether a list of this name is one of Rempart's own."""
    return name.startswith(PREFIX)
