"""What is forgotten about items by itself: old answers, and signals that are kept for some days only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rempart.items.records import items, replays, signals
from rempart.store.counters import next_number
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

REPLAYS_KEPT = timedelta(days=2)
"""How long a request that is sent again has the answer that it had."""
_AT_ONCE = 500


def periodics(store: Store, *, keep: str) -> Sequence[Periodic]:
    """The periodic work of items; `keep` is how long signals are kept: `hosted`, `off`, or `30 days`."""

    def forget(worker: Worker) -> None:
        with store.write() as conn:
            worker.guard(conn)
            replays.sweep(conn, before=store.clock() - REPLAYS_KEPT)
        if keep.endswith(" days"):
            while forget_signals(store, worker, older=timedelta(days=int(keep.split()[0]))):
                pass

    return (Periodic(name="items.forget", seconds=600.0, run=forget),)


def forget_signals(store: Store, worker: Worker, *, older: timedelta) -> int:
    """Forget the signals of some items whose last check is older; says of how many."""
    with store.write() as conn:
        worker.guard(conn)
        some = items.with_signals_before(conn, store.clock() - older, most=_AT_ONCE)
        if some:
            signals.remove(conn, some, number=next_number(conn, items.COUNTER))
    return len(some)
