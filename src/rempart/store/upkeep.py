"""What a database needs by itself: jobs that were done are forgotten, and SQLite's log is moved on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rempart.store import jobs
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

JOBS_KEPT = timedelta(days=2)
_SECONDS = 3600.0
_LOG_SECONDS = 0.5
_AT_ONCE = 2_000


def periodics(store: Store) -> Sequence[Periodic]:
    """The periodic work."""

    def forget(worker: Worker) -> None:
        more = True
        while more:
            with store.write() as conn:
                worker.guard(conn)
                more = jobs.sweep(conn, before=store.clock() - JOBS_KEPT, most=_AT_ONCE) == _AT_ONCE

    def move_log(_: Worker) -> None:
        store.move_log()

    forgets = Periodic(name="store.forget", seconds=_SECONDS, run=forget)
    if store.path is None:
        return (forgets,)
    return (forgets, Periodic(name="store.log", seconds=_LOG_SECONDS, run=move_log, everywhere=True))
