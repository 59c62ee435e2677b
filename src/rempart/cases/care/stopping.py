"""Stopping at once: whatever a person had before them is covered, and their cases go back to the queue."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.sight import grants
from rempart.cases.work import claims
from rempart.people.principal import Principal


def stop_now(conn: Connection, who: Principal, *, at: datetime) -> int:
    """End all looks and claims of a person, in the caller's transaction; gives how many cases went back.

    No reason is asked and none is kept: what stays is what any release of a case leaves behind.
    """
    released = claims.release_all(conn, who.id, by=who, at=at)
    grants.cover(conn, who=who, at=at)
    return len(released)
