"""What is forgotten about decisions by itself: old webhook messages with their attempts, and work that was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rempart.cases.records import webhooks
from rempart.store import jobs
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

MESSAGES_KEPT = timedelta(days=30)
"""How long the log of webhook messages goes back. The decisions themselves stay in the feed."""
JOBS_KEPT = timedelta(days=2)
_SECONDS = 3600.0


def periodics(store: Store) -> Sequence[Periodic]:
    """The periodic work."""

    def forget(worker: Worker) -> None:
        with store.write() as conn:
            worker.guard(conn)
            webhooks.forget(conn, settled_before=store.clock() - MESSAGES_KEPT)
            jobs.sweep(conn, before=store.clock() - JOBS_KEPT)

    return (Periodic(name="cases.forget", seconds=_SECONDS, run=forget),)
