"""How much work waits, for those who look after a deployment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from rempart.store.jobs import jobs
from rempart.store.schema import from_micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Jobs that wait and could run now, since when the oldest does, and jobs that were given up."""

    queued: int
    oldest: datetime | None
    dead: int


def backlog(conn: Connection, *, at: datetime) -> Backlog:
    """What waits at a moment; jobs whose time has not come yet do not count."""
    due = select(func.count(), func.min(jobs.c.run_at)).where(jobs.c.state == "queued", jobs.c.run_at <= at)
    queued, oldest = conn.execute(due).one()
    dead = conn.execute(select(func.count()).select_from(jobs).where(jobs.c.state == "dead")).scalar_one()
    since = from_micros(oldest) if isinstance(oldest, int) else oldest
    return Backlog(queued=queued, oldest=since, dead=dead)
