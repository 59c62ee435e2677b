"""What is forgotten of the gate by itself: who tried how often, and what was let through long ago."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rempart.intake.generator.records import gate as records
from rempart.intake.generator.records import generated
from rempart.intake.generator.tries import KEPT as TRIES_KEPT
from rempart.intake.generator.values import Passage
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

REFERENCES_KEPT = timedelta(days=2)
"""An output's own record holds those of its references."""
OUTPUTS_KEPT = timedelta(days=365)
_AT_ONCE = 500


def periodics(store: Store, *, stamps_kept: timedelta | None = None) -> Sequence[Periodic]:
    """The periodic work of the gate, and of what was stamped; its records stay where no time is told."""

    def forget(worker: Worker) -> None:
        while forget_some(store, worker) >= _AT_ONCE:
            pass

    def forget_stamps(worker: Worker) -> None:
        while stamps_kept is not None and forget_some_stamps(store, worker, kept=stamps_kept) >= _AT_ONCE:
            pass

    return (
        Periodic(name="gate.forget", seconds=600.0, run=forget),
        Periodic(name="generated.forget", seconds=3600.0, run=forget_stamps),
    )


def forget_some_stamps(store: Store, worker: Worker, *, kept: timedelta) -> int:
    """Forget some records of what was stamped before a time; how many."""
    with store.write() as conn:
        worker.guard(conn)
        return generated.erase_before(conn, store.clock() - kept, most=_AT_ONCE)


def forget_some(store: Store, worker: Worker) -> int:
    """Forget some of each kind; how many of that of which there were most."""
    now = store.clock()
    with store.write() as conn:
        worker.guard(conn)
        return max(
            records.sweep_tries(conn, before=now - TRIES_KEPT, most=_AT_ONCE),
            records.sweep_records(conn, Passage.REFERENCE, before=now - REFERENCES_KEPT, most=_AT_ONCE),
            records.sweep_records(conn, Passage.OUTPUT, before=now - OUTPUTS_KEPT, most=_AT_ONCE),
        )
