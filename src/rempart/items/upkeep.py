"""What is forgotten about items by itself: old answers, and signals that went or are kept for some days only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rempart.items.records import checks, items, replays, signals
from rempart.store.counters import next_number
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

REPLAYS_KEPT = timedelta(days=2)
"""How long a request that is sent again has the answer that it had."""
REMOVALS_KEPT = timedelta(days=1)
"""How long it stays known that a signal went. Base files are merged each hour; one that is older is made anew."""
_AT_ONCE = 500
_ROWS_AT_ONCE = 5_000


def periodics(store: Store, *, keep: str) -> Sequence[Periodic]:
    """The periodic work of items; `keep` is how long signals are kept: `hosted`, `off`, or `30 days`."""

    def forget(worker: Worker) -> None:
        while forget_some(store, worker):
            pass
        if keep.endswith(" days"):
            while forget_signals(store, worker, older=timedelta(days=int(keep.split()[0]))):
                pass

    return (Periodic(name="items.forget", seconds=600.0, run=forget),)


def forget_some(store: Store, worker: Worker) -> int:
    """Forget some old answers, and some rows of signals that went so long ago that every process knows; how many."""
    now = store.clock()
    with store.write() as conn:
        worker.guard(conn)
        answers = replays.sweep(conn, before=now - REPLAYS_KEPT, most=_ROWS_AT_ONCE)
        upto = checks.number_before(conn, now - REMOVALS_KEPT)
        return answers + signals.sweep(conn, upto=upto, most=_ROWS_AT_ONCE)


def forget_signals(store: Store, worker: Worker, *, older: timedelta) -> int:
    """Forget the signals of some items whose last check is older; says of how many."""
    with store.write() as conn:
        worker.guard(conn)
        some = items.with_signals_before(conn, store.clock() - older, most=_AT_ONCE)
        if some:
            signals.remove(conn, some, number=next_number(conn, items.COUNTER))
    return len(some)
