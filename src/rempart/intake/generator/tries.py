"""How often one person may try: whoever may ask without end finds out what a list holds, one picture at a time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.errors import TooManyRequestsError
from rempart.intake.generator.records import gate as records
from rempart.intake.generator.records.gate import Window

_HOUR, _DAY = 3600, 86400
TRIED, REFUSED = "tried", "refused"
KEPT = timedelta(days=2)
"""How long it is known that somebody tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLimits:
    """Reference photos of one person in an hour, and refusals in a day (UTC), after which nothing more is looked at."""

    an_hour: int = 60
    refused_a_day: int = 10


def subject_of(service: str, end_user: str | None) -> bytes:
    """Whose tries are counted together; all without a name share one count."""
    named = b"\0" if end_user is None else b"\1" + end_user.encode("utf-8", "surrogatepass")
    return hashlib.sha256(service.encode() + b"\0" + named).digest()


def tried(conn: Connection, subject: bytes, *, limits: TryLimits, at: datetime) -> None:
    """Count a try. Raises TooManyRequestsError: then nothing is to be looked at, and the count stays (roll back)."""
    seconds = at.timestamp()
    if records.counted(conn, _window(subject, REFUSED, seconds)) >= limits.refused_a_day:
        raise _too_many(_DAY - seconds % _DAY)
    if records.count(conn, _window(subject, TRIED, seconds), at=at) > limits.an_hour:
        raise _too_many(_HOUR - seconds % _HOUR)


def refused(conn: Connection, subject: bytes, *, at: datetime) -> None:
    """Count a refusal, whatever its cause."""
    records.count(conn, _window(subject, REFUSED, at.timestamp()), at=at)


def _window(subject: bytes, kind: str, seconds: float) -> Window:
    return Window(subject=subject, kind=kind, window=int(seconds // (_DAY if kind == REFUSED else _HOUR)))


def _too_many(seconds: float) -> TooManyRequestsError:
    return TooManyRequestsError(
        "This person has tried too often.", hint="Nothing was looked at; wait as long as Retry-After says.",
        retry_after=seconds,
    )  # fmt: skip
