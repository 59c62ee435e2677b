"""Following what happens to items and accounts, so that each restriction has its statement; nothing on a check's way.

Decisions are numbered in the order of commits and are read after the last number. Checks are known by their time, which
clocks that disagree may put in another order: those of the last minute are looked at again, and now and then all items
that are restricted. Statements are made from an item's whole history, so that being told twice makes none twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.records.decisions import DecisionRow
from rempart.reports.reasons import delays
from rempart.reports.reasons.making import Maker
from rempart.reports.reasons.records import delays as marks
from rempart.reports.reasons.records import happened
from rempart.reports.reasons.records import statements as records
from rempart.store.counters import locked_number
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.schema import from_micros, to_micros
from rempart.store.workers import Worker

SECONDS = 2.0
_SLACK = timedelta(minutes=1)
_SWEEP_SECONDS = 3_600.0
_READ = 500
_AT_ONCE = 25
_STANDING_AT_ONCE = 1_000


class Follower:
    """Makes the statements that are lacking, and lets out those that waited; `run` is its periodic work."""

    def __init__(self, store: Store, maker: Maker, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._store, self._maker, self._steady = store, maker, steady
        self._seen: dict[str, datetime] = {}
        self._swept: float | None = None
        self._place = ""

    def periodic(self) -> Periodic:
        """The work, for one process at a time."""

        def run(worker: Worker) -> None:
            self.run(worker)

        return Periodic(name="reasons.follow", seconds=SECONDS, run=run)

    def run(self, worker: Worker) -> int:
        """Catch up with what happened; gives how many statements were made."""
        self._release(worker)
        made = 0
        while (found := self._decisions(worker)) is not None:
            made += found
        made += self._checks(worker)
        made += self._loosened(worker)
        now = self._steady()
        if self._swept is None or now - self._swept >= _SWEEP_SECONDS:
            made += self._untold(worker)
            self._swept = now
        return made

    def _decisions(self, worker: Worker) -> int | None:
        with self._store.read() as conn:
            seq = marks.mark(conn, "decisions")
            found = happened.decisions_after(conn, seq, most=_READ)
        if not found:
            return None
        numbers = list(dict.fromkeys(one.item for one in found if one.item is not None))
        made = self._items(worker, numbers)
        accounts = [one for one in found if one.subject == "account"]
        return made + self._accounts(worker, accounts, last=found[-1].seq)

    def _accounts(self, worker: Worker, found: Sequence[DecisionRow], *, last: int) -> int:
        with self._store.write() as conn:
            self._begin(conn, worker)
            at = self._store.clock()
            made = sum(self._maker.of_account(conn, one, at=at) for one in found)
            marks.set_mark(conn, "decisions", last)
        return made

    def _checks(self, worker: Worker) -> int:
        now = self._store.clock()
        with self._store.read() as conn:
            mark = from_micros(marks.mark(conn, "checks"))
            since = from_micros(marks.mark(conn, "since"))
            start = max(since, mark - _SLACK)
            fresh = self._fresh(conn, start)
        if not fresh:
            return 0
        made = self._items(worker, list(dict.fromkeys(one.item for one in fresh)))
        last = min(now, max(one.at for one in fresh))
        if last > mark:
            with self._store.write() as conn:
                self._begin(conn, worker)
                marks.set_mark(conn, "checks", to_micros(last))
        self._seen |= {one.request: one.at for one in fresh}
        kept = max(mark, last) - 2 * _SLACK
        self._seen = {request: at for request, at in self._seen.items() if at >= kept}
        return made

    def _fresh(self, conn: Connection, start: datetime) -> list[happened.Restricted]:
        fresh: list[happened.Restricted] = []
        at, request = start, ""
        while True:
            found = happened.restricted_after(conn, at, request, most=_READ)
            fresh += (one for one in found if one.request not in self._seen)
            if len(found) < _READ or len(fresh) >= _READ:
                return fresh
            at, request = found[-1].at, found[-1].request

    def _loosened(self, worker: Worker) -> int:
        """Restrictions that ended because an item was checked again, and what was held until people decided so: nothing
        else tells of these."""
        with self._store.read() as conn:
            last, numbers = records.standing_otherwise(conn, after=self._place, most=_STANDING_AT_ONCE)
        self._place = last or ""
        return self._items(worker, numbers)

    def _untold(self, worker: Worker) -> int:
        made, after = 0, 0
        while True:
            with self._store.read() as conn:
                since = from_micros(marks.mark(conn, "since"))
                numbers = happened.restricted_untold(conn, since, after=after, most=_READ)
            made += self._items(worker, numbers)
            if len(numbers) < _READ:
                return made
            after = numbers[-1]

    def _items(self, worker: Worker, numbers: Iterable[int]) -> int:
        left, made = list(numbers), 0
        while left:
            some, left = left[:_AT_ONCE], left[_AT_ONCE:]
            with self._store.write() as conn:
                since = self._begin(conn, worker)
                at = self._store.clock()
                made += sum(self._maker.of_item(conn, one, since=since, at=at) for one in sorted(some))
        return made

    def _release(self, worker: Worker) -> None:
        while True:
            now = self._store.clock()
            with self._store.read() as conn:
                if not records.due(conn, now=now, most=1):
                    return
            with self._store.write() as conn:
                self._begin(conn, worker)
                delays.release(conn, at=now)

    def _begin(self, conn: Connection, worker: Worker) -> datetime:
        """One after the other, whoever believes that the work is theirs."""
        worker.guard(conn)
        locked_number(conn, records.COUNTER)
        return from_micros(marks.mark(conn, "since"))
