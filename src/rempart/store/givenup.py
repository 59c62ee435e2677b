"""Jobs that were given up: shown to whoever looks after a deployment, and tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from rempart.store.jobs import jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A job that failed too often: what kind of work, how often, when it was given up, and the last error."""

    id: int
    kind: str
    attempts: int
    finished: datetime | None
    error: str


def given_up(conn: Connection, *, most: int) -> tuple[GivenUp, ...]:
    """The jobs that were given up, the youngest first."""
    columns = jobs.c.id, jobs.c.kind, jobs.c.attempts, jobs.c.finished, jobs.c.error
    rows = conn.execute(select(*columns).where(jobs.c.state == "dead").order_by(jobs.c.id.desc()).limit(most))
    return tuple(
        GivenUp(id=row.id, kind=row.kind, attempts=row.attempts, finished=row.finished, error=row.error or "")
        for row in rows
    )


def retry(conn: Connection, job: int, *, at: datetime) -> str | None:
    """Queue a job that was given up anew, with all its tries; gives its kind, None when it is not given up (any more).

    Where a younger job of the same key waits already, that one does the work.
    """
    row = conn.execute(select(jobs.c.kind, jobs.c.key, jobs.c.state).where(jobs.c.id == job).with_for_update()).first()
    if row is None or row.state != "dead":
        return None
    twin = row.key is not None and (
        conn.execute(select(jobs.c.id).where(jobs.c.key == row.key, jobs.c.state == "queued")).first() is not None
    )
    values = {"state": "done", "finished": at} if twin else {"state": "queued", "finished": None}
    changed = {"worker": None, "attempts": 0, "run_at": at, "delay": 0, **values}
    conn.execute(update(jobs).where(jobs.c.id == job).values(**changed))
    return str(row.kind)
