"""What the API and the pages of lists both do: how often lists matched lately, and imports in a lane of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection
from starlette.applications import Starlette

from rempart.lists import breaker_records
from rempart.lists.entry_records import LiveList
from rempart.server.waiting import Lane, lane_of

MAX_IMPORT = 2 << 30
IMPORT_SECONDS = 1800.0
IMPORTS_AT_ONCE = 4
"""In each process; each may take long and holds a thread all the time."""
_DAYS = 6


def matched_lately(conn: Connection, found: Sequence[LiveList], *, at: datetime) -> dict[str, int]:
    """How many checks matched each of these lists today and in the six days before."""
    first = (at - datetime(1970, 1, 1, tzinfo=UTC) - timedelta(days=_DAYS)).days
    return breaker_records.hits_since(conn, [one.id for one in found], day=first)


def import_lane(app: Starlette) -> Lane:
    """The few threads that imports have."""
    return lane_of(app, "imports", threads=IMPORTS_AT_ONCE, waiting=0)
