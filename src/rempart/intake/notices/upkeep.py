"""What happens to notices by itself: clocks are watched, and what identifies people is forgotten in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.erasure import forget_item
from rempart.cases.records import judged
from rempart.evidence.ledger import Leaf, append
from rempart.intake.notices import clockwork, seeds
from rempart.intake.notices.clockwork import Alarm
from rempart.intake.notices.locating import is_own_item
from rempart.intake.notices.records import locations, signals
from rempart.intake.notices.records import notices as records
from rempart.intake.notices.records.notices import NoticeRow
from rempart.intake.notices.withdrawal import forget
from rempart.items.records import items
from rempart.items.records.items import COUNTER
from rempart.people.principal import SYSTEM
from rempart.store.counters import locked_number
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

_SECONDS = 3600.0
_AT_ONCE = 50


def periodics(store: Store, *, alarm: Alarm, keep: timedelta) -> Sequence[Periodic]:
    """The periodic work; `keep` is how long notices are kept whole after they were decided or taken back."""

    def forget_old(worker: Worker) -> None:
        more = True
        while more:
            with store.write() as conn:
                worker.guard(conn)
                more = forget_some(conn, before=store.clock() - keep, at=store.clock()) == _AT_ONCE

    return (
        *clockwork.periodics(store, alarm=alarm),
        Periodic(name="notices.forget", seconds=_SECONDS, run=forget_old),
    )


def forget_some(conn: Connection, *, before: datetime, at: datetime, most: int = _AT_ONCE) -> int:
    """Forget some of the notices that were over before a moment: who sent them, what they wrote, where it was, and
    their signals, which look for copies no more; gives how many. Those with a complaint that waits are kept."""
    rows = records.over_before(conn, before, most=most)
    if rows:
        locked_number(conn, COUNTER)
    for row in rows:
        _sweep(conn, row, at=at)
        append(conn, Leaf(action="notice.forgotten", actor=SYSTEM.pseudonym, subject=f"notice:{row.id}"), at=at)
    for row in rows:
        seeds.pull(conn, row.id, at=at)
    return len(rows)


def forget_again(conn: Connection, notice: str, *, at: datetime) -> bool:
    """After a restore: a notice that was forgotten later is forgotten again; False where it is not there, or was.

    Its seeds are pulled by a step of their own.
    """
    locked_number(conn, COUNTER)
    row = records.find(conn, notice, lock=True)
    if row is None or row.swept_at is not None:
        return False
    _sweep(conn, row, at=at)
    return True


def _sweep(conn: Connection, row: NoticeRow, *, at: datetime) -> None:
    forget(conn, row, at=at)
    signals.withdraw(conn, row.id, at=at)
    for place in locations.of(conn, [row.id]):
        locations.change(conn, place.id, url="", note="")
        item = items.hosted(conn, place.item)
        if item is not None and is_own_item(item.item_id) and not judged.needed(conn, [item.id]):
            forget_item(conn, item.id)
    records.change(conn, row.id, swept_at=at)
