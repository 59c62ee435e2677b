"""What is forgotten about work by itself: jobs that were done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rempart.store import jobs
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

JOBS_KEPT = timedelta(days=2)
_SECONDS = 3600.0
_AT_ONCE = 2_000


def periodics(store: Store) -> Sequence[Periodic]:
    """The periodic work."""

    def forget(worker: Worker) -> None:
        more = True
        while more:
            with store.write() as conn:
                worker.guard(conn)
                more = jobs.sweep(conn, before=store.clock() - JOBS_KEPT, most=_AT_ONCE) == _AT_ONCE

    return (Periodic(name="store.forget", seconds=_SECONDS, run=forget),)
