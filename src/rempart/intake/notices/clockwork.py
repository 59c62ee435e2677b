"""Watching the clocks of notices: the operator is warned before a time is up, and told when it is.

What was to be said while no server ran is said when one starts: once, and as things stand then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.deadlines import clocks as deadlines
from rempart.deadlines.regimes import regimes
from rempart.evidence.ledger import Leaf, append_many
from rempart.intake.notices.records import clocks as records
from rempart.intake.notices.records import notices
from rempart.intake.notices.records.clocks import ClockRow
from rempart.people.principal import SYSTEM
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

_SECONDS = 20.0
_AT_ONCE = 1_000
_ALONE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What has to be said of one notice: the clock that ends first of those about which something is to be said.

    `number` is the notice's public number, which opens nothing by itself; `regimes` are the laws it is said of. Of
    `others` more notices, due no sooner, the same has to be said, and is not said one by one.
    """

    notice: str
    number: str
    regimes: tuple[str, ...]
    due: datetime
    overdue: bool
    others: int = 0


Alarm = Callable[[Connection, Word], None]
"""Tells the operator in the caller's transaction; `server.alarms.Alarms.notice` is one."""


def speak(conn: Connection, *, alarm: Alarm, at: datetime, most: int = _AT_ONCE) -> int:
    """Say what has to be said by now, once for each notice; gives for how many clocks. Fewer than `most`: that was all.

    What was missed is not made up for: who is told that a time is up is not told as well that it soon would have been.
    """
    rows = records.to_speak(conn, at, most=most)
    of_notices: dict[str, list[ClockRow]] = {}
    for row in rows:
        of_notices.setdefault(row.notice, []).append(row)
    words = [_word(conn, notice, some, at) for notice, some in of_notices.items()]
    for overdue in (True, False):
        for word in _few([one for one in words if one.overdue is overdue]):
            alarm(conn, word)
    for row in rows:
        records.change(conn, row.notice, row.regime, **_said(row, at))
    append_many(conn, list(_leaves(rows, at)), at=at)
    return len(rows)


def periodics(store: Store, *, alarm: Alarm) -> Sequence[Periodic]:
    """The watch. It is tried as soon as a process starts."""

    def watch(worker: Worker) -> None:
        more = True
        while more:
            with store.read() as conn:  # nearly always there is nothing to say, and nobody has to wait for that
                more = bool(records.any_to_speak(conn, store.clock()))
            if more:
                with store.write() as conn:
                    worker.guard(conn)
                    speak(conn, alarm=alarm, at=store.clock())

    return (Periodic(name="notices.clocks", seconds=_SECONDS, run=watch),)


def _few(words: Sequence[Word]) -> Sequence[Word]:
    """The first ones each, and the others in one: whoever sends a thousand notices does not bury other alarms."""
    words = sorted(words, key=lambda one: (one.due, one.notice))
    if len(words) <= _ALONE:
        return words
    return [*words[: _ALONE - 1], replace(words[_ALONE - 1], others=len(words) - _ALONE)]


def _word(conn: Connection, notice: str, rows: Sequence[ClockRow], at: datetime) -> Word:
    first = min(rows, key=lambda row: (row.due, row.regime))
    found = notices.find(conn, notice)
    return Word(
        notice=notice, number="" if found is None else found.number, due=first.due, overdue=first.due <= at,
        regimes=tuple(sorted(row.regime for row in rows)),
    )  # fmt: skip


def _said(row: ClockRow, at: datetime) -> dict[str, datetime | None]:
    clock = deadlines.RunningClock(
        trigger=row.trigger, due=row.due, warnings=deadlines.warnings(row.trigger, regimes()[row.regime])
    )
    said = {"alarmed": row.alarmed or at} if row.due <= at else {"warned": at}
    return {**said, "next": deadlines.after_word(clock, at)}


def _leaves(rows: Iterable[ClockRow], at: datetime) -> Iterable[Leaf]:
    for row in rows:
        action = "clock.overdue" if row.due <= at else "clock.warned"
        facts = {"regime": row.regime, "hours_left": (row.due - at) // timedelta(hours=1)}
        yield Leaf(action=action, actor=SYSTEM.pseudonym, facts=facts, subject=f"notice:{row.notice}")
