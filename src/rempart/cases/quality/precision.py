"""How often a list, a probe or a distance was right: of the cases that people decided, in how many something was done.

Only cases that people decided count. A match of an observing list counts as well as one of a blocking list where both
stood in the same case: that is how one tries a list. What was blocked or allowed without a case nobody has judged, so
these figures say nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.quality.intervals import Interval, wilson
from rempart.cases.records import figures as records
from rempart.cases.records.figures import CaseFigure

FEWEST = 10
"""Fewer decided cases give no share."""
BANDS: Mapping[str, str] = {"-1": "exact", "0": "0–7", "1": "8–15", "2": "16–23", "3": "24–31", "4": "≥ 32"}
"""The distances that are counted together, by the key that figures have for them; `exact` is the same digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Of `upheld + cleared` decided cases, in how many something was done. `share` is None where there are too few."""

    key: str
    label: str
    upheld: int
    cleared: int

    @property
    def total(self) -> int:
        return self.upheld + self.cleared

    @property
    def few(self) -> bool:
        return self.total < FEWEST

    @property
    def share(self) -> float | None:
        return None if self.few else self.upheld / self.total

    @property
    def interval(self) -> Interval | None:
        """Holds the true share in about 95 of 100 such figures."""
        return None if self.few else wilson(self.upheld, self.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPrecision:
    """What is known of a list: over all, by distance, by the probe that found the match. `at` is when it was counted;
    None where nothing was counted yet."""

    at: datetime | None
    whole: Precision
    bands: tuple[Precision, ...]
    probes: tuple[Precision, ...]


def of_list(conn: Connection, list_id: str, *, name: str = "") -> ListPrecision:
    """The precision of a list, of all months together."""
    whole = _added(records.of_cases(conn, "list", starts=list_id))
    found = next((one for one in whole if one.key == list_id), None)
    own = f"{list_id} "
    return ListPrecision(
        at=records.mark(conn, records.CASES),
        whole=found or Precision(key=list_id, label=name or list_id, upheld=0, cleared=0),
        bands=tuple(
            Precision(
                key=one.key, label=BANDS.get(one.key.removeprefix(own), ""), upheld=one.upheld, cleared=one.cleared
            )
            for one in sorted(_added(records.of_cases(conn, "band", starts=own)), key=lambda one: one.key)
        ),
        probes=tuple(
            Precision(key=one.key, label=one.key.removeprefix(own), upheld=one.upheld, cleared=one.cleared)
            for one in _added(records.of_cases(conn, "listprobe", starts=own))
        ),
    )


def of_all(conn: Connection, dimension: str, *, since: str = "") -> tuple[Precision, ...]:
    """The precision by `list`, `probe`, `category` or `kind`, from a month on, those with most decided cases first."""
    return tuple(
        sorted(_added(records.of_cases(conn, dimension, since=since)), key=lambda one: (-one.total, one.label))
    )


def _added(rows: Iterable[CaseFigure]) -> list[Precision]:
    """Figures of several months put together, by key."""
    found: dict[str, Precision] = {}
    for row in rows:
        before = found.get(row.key)
        found[row.key] = Precision(
            key=row.key,
            label=row.label,
            upheld=row.upheld + (before.upheld if before else 0),
            cleared=row.cleared + (before.cleared if before else 0),
        )
    return list(found.values())
