"""Watching the clocks of orders: who is told when a time is nearly up, when it is, and every day after that.

It looks into two small indexes and writes only where there is something to say. What was to be said while no server
ran is said when one does, once and as it stands. A time of day that was wrong for a while keeps nothing silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.deadlines.clocks import RunningClock, after_word
from rempart.evidence.ledger import Leaf, append_many
from rempart.evidence.vault import Vault
from rempart.people.principal import SYSTEM
from rempart.reports.orders import answering, keeping
from rempart.reports.orders.records import clocks as records
from rempart.reports.orders.records import orders, parts
from rempart.reports.orders.records.clocks import ClockRow
from rempart.reports.orders.values import OrderKind
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

SLACK = timedelta(minutes=5)
"""So much may the clocks of two machines differ."""
_SECONDS = 20.0
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What has to be said of one order: the clock that ends first of those about which something is to be said.
    `keeps`: what is up is the time for which something is kept. Nothing in it says who gave the order."""

    order: str
    kind: str
    regimes: tuple[str, ...]
    due: datetime
    overdue: bool
    keeps: bool


Alarm = Callable[[Connection, Word], None]
"""Tells the operator in the caller's transaction; `server.alarms.Alarms.order` is one."""


def speak(conn: Connection, *, alarm: Alarm, at: datetime, most: int = _AT_ONCE) -> int:
    """Say what has to be said by now, once for each order; gives for how many clocks. Fewer than `most`: all."""
    rows = records.to_speak(conn, at, ahead=at + SLACK, most=most)
    telling = [row for row in rows if _tells(row, at)]
    of_orders: dict[str, list[ClockRow]] = {}
    for row in telling:
        of_orders.setdefault(row.order, []).append(row)
    kinds = {one.id: one.kind for one in orders.among(conn, sorted(of_orders))}
    words = [_word(kinds[order], some, at) for order, some in of_orders.items()]
    for word in sorted(words, key=lambda one: (not one.overdue, one.due, one.order)):
        alarm(conn, word)
    for row in rows:
        said = _said(row, at) if row in telling else {"said": None, "next": _next(row, at)}
        records.change(conn, row, **said)
    append_many(conn, list(_leaves(telling, at)), at=at)
    return len(rows)


def periodics(store: Store, vault: Vault, *, alarm: Alarm) -> Sequence[Periodic]:
    """The watch, and the keeping of what comes to items later. Both are tried as soon as a process starts."""

    def watch(worker: Worker) -> None:
        more = True
        while more:
            at = store.clock()
            with store.read() as conn:  # nearly always there is nothing to say, and nobody has to wait for that
                more = records.any_to_speak(conn, at, ahead=at + SLACK)
            if more:
                with store.write() as conn:
                    worker.guard(conn)
                    speak(conn, alarm=alarm, at=store.clock())

    def keep(worker: Worker) -> None:
        with store.read() as conn:
            some = something_to_keep(conn)
        if some:
            with store.write() as conn:
                worker.guard(conn)
                keep_on(conn, vault, at=store.clock())

    return (
        Periodic(name="orders.clocks", seconds=_SECONDS, run=watch),
        Periodic(name="orders.keeping", seconds=_SECONDS, run=keep),
    )


def something_to_keep(conn: Connection) -> bool:
    """Whether something came to an order's items since, or a time of keeping is to be begun."""
    laws = keeping.laws_after()
    return bool(parts.unreached(conn, laws, most=1) or orders.unbegun(conn, laws, most=1))


def keep_on(conn: Connection, vault: Vault, *, at: datetime, most: int = _AT_ONCE) -> int:
    """Keep what came to the items of orders since, and begin the time for which something is kept after a removal.
    Gives how many orders were looked at. Done again it changes nothing."""
    laws = keeping.laws_after()
    found: dict[str, dict[str, int]] = {}
    for order, one, place in parts.unreached(conn, laws, most=most):
        found.setdefault(order, {})[one] = place
    unbegun = frozenset(orders.unbegun(conn, laws, most=most))
    for row in orders.among(conn, sorted({*found, *unbegun}), lock=True):
        keeping.cover(conn, vault, row, found.get(row.id, {}), by=SYSTEM, at=at)
        if row.kind == OrderKind.PRESERVATION:
            answering.in_force(conn, row, at=at)
        if row.id in unbegun:
            keeping.begin(conn, vault, row, at=at)
    return len({*found, *unbegun})


def _tells(row: ClockRow, at: datetime) -> bool:
    """Whether something is to be said of a clock now; not where it was only looked at because time was set back."""
    return (row.next is not None and row.next <= at) or row.due <= at


def _next(row: ClockRow, at: datetime) -> datetime | None:
    return _clock(row).next_word(at)


def _said(row: ClockRow, at: datetime) -> dict[str, datetime | None]:
    alarmed = (row.alarmed or at) if row.due <= at else row.alarmed
    return {"said": at, "next": after_word(_clock(row), at), "alarmed": alarmed}


def _clock(row: ClockRow) -> RunningClock:
    return RunningClock(trigger=row.trigger, due=row.due, warnings=row.warnings)


def _word(kind: str, rows: Sequence[ClockRow], at: datetime) -> Word:
    first = min(rows, key=lambda row: (row.due, row.regime))
    return Word(
        order=first.order, kind=kind, regimes=tuple(sorted({row.regime for row in rows})), due=first.due,
        overdue=first.due <= at, keeps=first.what == "keep",
    )  # fmt: skip


def _leaves(rows: Iterable[ClockRow], at: datetime) -> Iterable[Leaf]:
    for row in rows:
        action = "order.overdue" if row.due <= at else "order.warned"
        facts = {"regime": row.regime, "what": row.what, "hours_left": (row.due - at) // timedelta(hours=1)}
        yield Leaf(action=action, actor=SYSTEM.pseudonym, facts=facts, subject=f"order:{row.order}")
