"""What the API and the pages of lists both do: how often lists matched lately, and imports in a lane of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import BinaryIO

from sqlalchemy import Connection
from starlette.applications import Starlette

from rempart.lists import breaker_records
from rempart.lists.curation import Curation
from rempart.lists.entry_records import LiveList
from rempart.lists.ingest import Wishes
from rempart.lists.staging_records import ChangeSet
from rempart.people.principal import Principal
from rempart.server.waiting import lane_of

MAX_IMPORT = 2 << 30
IMPORT_SECONDS = 1800.0
IMPORTS_AT_ONCE = 4
"""In each process; each may take long and holds a thread all the time."""
_DAYS = 6


def matched_lately(conn: Connection, found: Sequence[LiveList], *, at: datetime) -> dict[str, int]:
    """How many checks matched each of these lists today and in the six days before."""
    first = (at - datetime(1970, 1, 1, tzinfo=UTC) - timedelta(days=_DAYS)).days
    return breaker_records.hits_since(conn, [one.id for one in found], day=first)


async def take_in(
    app: Starlette, curation: Curation, list_id: str, stream: BinaryIO, wishes: Wishes, *, by: Principal
) -> ChangeSet:
    """Import a stream in one of the few threads that imports have. Raises UnavailableError when these are at work."""
    lane = lane_of(app, "imports", threads=IMPORTS_AT_ONCE, waiting=0)
    return await lane.run(partial(curation.take_in, list_id, stream, wishes, by=by))
