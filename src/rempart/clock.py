"""The one source of "now": aware UTC, passed in where time matters, so that a test can set it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment as an aware UTC datetime."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """ISO 8601 with milliseconds and `Z`; naive datetimes are refused with ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be written; use rempart.clock.utc_now()")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
