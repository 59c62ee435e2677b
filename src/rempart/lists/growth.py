"""When a feed changes a list far more than feeds do: the import stops and asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from rempart.errors import RefusedError

SMALL = 100
"""A share of the list says nothing about so few rows: five new entries in a list of ten are no flood."""
MAX_ROWS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthLimits:
    """How much a feed may change within a day, in per cent of the list's live entries and in rows."""

    percent: int = 20
    rows: int = 50_000

    def __post_init__(self) -> None:
        if not 1 <= self.percent <= 1000:
            raise RefusedError("A growth limit in per cent is a whole number from 1 to 1000.")
        if not 0 <= self.rows <= MAX_ROWS:
            raise RefusedError(f"A growth limit in rows is a whole number from 0 to {MAX_ROWS}.")

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> Self:
        """The limits as stored by `document`; raises RefusedError for anything else."""
        found = {name: document.get(name) for name in ("percent", "rows")}
        if not document.keys() == found.keys() or not all(type(value) is int for value in found.values()):
            raise RefusedError("Growth limits are two whole numbers, percent and rows.")
        return cls(percent=int(str(found["percent"])), rows=int(str(found["rows"])))

    def document(self) -> dict[str, object]:
        """The limits as JSON-able data."""
        return {"percent": self.percent, "rows": self.rows}

    def looser_than(self, other: GrowthLimits) -> bool:
        """True when these let anything pass that `other` would stop."""
        return self.percent > other.percent or self.rows > other.rows


USUAL = GrowthLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How much an import adds, alters and withdraws, counted in entries."""

    added: int = 0
    changed: int = 0
    withdrawn: int = 0

    def __add__(self, other: Change) -> Change:
        return Change(
            added=self.added + other.added,
            changed=self.changed + other.changed,
            withdrawn=self.withdrawn + other.withdrawn,
        )


def abnormal(change: Change, *, live: int, limits: GrowthLimits) -> str:
    """Why a feed must stop and ask, as a sentence; empty when nothing is unusual.

    `change` is what the feed has done within a day and this import together, `live` how many entries the list had
    before that. Losing entries is as suspicious as gaining them, and the share of an empty list is not judged.
    """
    for count, what in ((change.added, "adds"), (change.changed, "changes"), (change.withdrawn, "withdraws")):
        if count > limits.rows:
            return f"The feed {what} {count} entries within a day; the list's limit is {limits.rows}."
        if live and count > SMALL and count * 100 > limits.percent * live:
            return (
                f"The feed {what} {count} entries within a day, over {limits.percent} % of the {live} that were there."
            )
    return ""
