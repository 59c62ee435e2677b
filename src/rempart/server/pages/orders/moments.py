"""A moment as a form has it: date and time as the letter or the clock on the wall shows them, and the offset from UTC,
which nobody guesses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from starlette.datastructures import FormData

from rempart.errors import RefusedError
from rempart.server.pages.doors import field

_QUARTERS = (-210, -570, 210, 270, 330, 345, 390, 525, 570, 630, 765)
ZONES: tuple[str, ...] = tuple(
    f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    for minutes in sorted({*(60 * hours for hours in range(-12, 15)), *_QUARTERS})
)
"""The offsets from UTC that are in use."""


def moment_of(form: FormData, name: str) -> datetime | None:
    """The moment in two fields, `name` and `name_zone`; None where neither was filled in. Raises RefusedError."""
    text, zone = field(form, name).strip(), field(form, f"{name}_zone").strip()
    if not text:
        return None
    if zone not in ZONES:
        raise RefusedError("The time has no zone.", hint="Choose the offset from UTC that the time was told in.")
    try:
        found = datetime.fromisoformat(text)
    except ValueError as err:
        raise RefusedError("That is no time.", hint="Write it as 2026-11-22T09:30.") from err
    if found.tzinfo is not None:
        raise RefusedError("That is no time.", hint="Write it as 2026-11-22T09:30.")
    hours, _, minutes = zone[1:].partition(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        aware = found.replace(tzinfo=timezone(-offset if zone.startswith("-") else offset))
        aware.astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise RefusedError("That is no time.", hint="Write it as 2026-11-22T09:30.") from err
    return aware
