"""Counting the ledger as it grows: leaf by leaf in the order of their positions, each exactly once.

The mark stands in the transaction of the counts that it is about, so that whoever goes on after a crash goes on where
the last one ended. What is counted here can be counted again by anybody who has an export.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection

from rempart.evidence.ledger.storedtree import size_of
from rempart.reports.transparency.folding import VERSION, fold
from rempart.reports.transparency.records import counts as records
from rempart.reports.transparency.records.counts import FORM, POSITION, Key
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

SECONDS = 60.0
AT_ONCE = 2_000
_MOST_IN_A_RUN = 500
JOIN = "|"

Guard = Callable[[Connection], None]
"""Called at the start of each transaction; raises when it must not go on."""


def periodics(store: Store) -> Sequence[Periodic]:
    """Counting, by one process at a time."""

    def run(worker: Worker) -> None:
        count(store, worker.guard, most=_MOST_IN_A_RUN)

    return (Periodic(name="transparency.count", seconds=SECONDS, run=run),)


def count(store: Store, guard: Guard, *, at_once: int = AT_ONCE, most: int | None = None) -> int:
    """Count what has a position and was not counted yet, `most` times so many leaves; gives how many there were."""
    total, steps = 0, 0
    while most is None or steps < most:
        done = _some(store, guard, at_once)
        total, steps = total + done, steps + 1
        if done < at_once:
            break
    return total


def counted(leaves: Iterable[str]) -> Counter[Key]:
    """What these leaves (their bodies, as JSON) come to."""
    found: Counter[Key] = Counter()
    for body in leaves:
        for one in fold(json.loads(body)):
            found[one.day, one.measure, JOIN.join(one.labels)] += one.amount
    return found


def _some(store: Store, guard: Guard, at_once: int) -> int:
    with store.read() as conn:
        form, start = records.mark(conn, FORM), records.mark(conn, POSITION)
        bodies = records.bodies(conn, start=start, most=at_once) if form == VERSION and size_of(conn) > start else []
    if form == VERSION and not bodies:
        return 0
    found = counted(bodies)  # before the transaction: others wait for that
    with store.write() as conn:
        guard(conn)
        if form != VERSION:
            if records.advance(conn, FORM, before=form, to=VERSION):
                records.clear(conn)
            return at_once
        if not records.advance(conn, POSITION, before=start, to=start + len(bodies)):
            return at_once  # somebody else went on meanwhile
        records.add(conn, found)
    return len(bodies)
