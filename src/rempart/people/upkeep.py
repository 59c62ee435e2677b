"""What is forgotten about people by itself: sign-ins that are over, tries, links nobody used, counts of old days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.people.records import keys, sessions
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

KEPT = timedelta(days=1)
_DAYS_OF_USAGE = 31


def periodics(store: Store) -> Sequence[Periodic]:
    """The periodic work of people."""

    def run(worker: Worker) -> None:
        with store.write() as conn:
            worker.guard(conn)
            forget(conn, at=store.clock())

    return (Periodic(name="people.forget", seconds=900.0, run=run),)


def forget(conn: Connection, *, at: datetime) -> None:
    """Delete what has served: the ledger keeps that it was."""
    sessions.forget_ended(conn, at - KEPT)
    keys.forget_usage(conn, before_day=int(at.timestamp()) // 86400 - _DAYS_OF_USAGE)
