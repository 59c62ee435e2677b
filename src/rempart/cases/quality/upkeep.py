"""What quality does by itself: figures, second looks that lapse, and looking for what a second lead should see."""

from __future__ import annotations

from collections.abc import Sequence

from rempart.cases.quality import counting, looks, oversight
from rempart.evidence.vault import Vault
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

_LAPSE_SECONDS, _WATCH_SECONDS = 3600.0, 600.0


def periodics(store: Store, *, vault: Vault) -> Sequence[Periodic]:
    """The periodic work."""

    def lapse(worker: Worker) -> None:
        ended = 1
        while ended:
            with store.write() as conn:
                worker.guard(conn)
                ended = looks.lapse(conn, at=store.clock(), vault=vault)

    def watch(worker: Worker) -> None:
        with store.read() as conn:
            found = oversight.unusual(conn, at=store.clock())
        if found:
            with store.write() as conn:
                worker.guard(conn)
                oversight.raise_flags(conn, found, at=store.clock())

    return (
        *counting.periodics(store),
        Periodic(name="quality.lapse", seconds=_LAPSE_SECONDS, run=lapse),
        Periodic(name="quality.watch", seconds=_WATCH_SECONDS, run=watch),
    )
