"""What happens to drafts by themselves: those that are missing are made, those that nobody wants are withdrawn, and
what reports say of people is forgotten when its time is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.records import cases as case_records
from rempart.cases.records import tasks
from rempart.people.principal import SYSTEM
from rempart.reports.cybertip.drafting.making import Maker, withdraw_ended, write
from rempart.reports.cybertip.records import calls, files, reports, subjects
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

FILED_KEPT = timedelta(days=366)
"""How long what a report said is kept from its filing on: a year, which may have a day more."""
WITHDRAWN_KEPT = timedelta(days=30)
"""How long a draft is kept that nobody reports any more."""
_SECONDS, _FORGET_SECONDS = 20.0, 3600.0
_AT_ONCE = 100


def periodics(store: Store, *, maker: Maker) -> Sequence[Periodic]:
    """The periodic work."""

    def draft(worker: Worker) -> None:
        draft_missing(store, worker, maker)

    def forget(worker: Worker) -> None:
        forget_over(store, worker)

    return (
        Periodic(name="reports.draft", seconds=_SECONDS, run=draft),
        Periodic(name="reports.forget", seconds=_FORGET_SECONDS, run=forget),
    )


def draft_missing(store: Store, worker: Worker, maker: Maker) -> int:
    """Draft what waits without a draft (decided before there were any), and withdraw what nobody wants; gives how many
    were made."""
    with store.read() as conn:
        waiting = reports.undrafted(conn, most=_AT_ONCE)
        ended = reports.unwanted(conn, most=_AT_ONCE)
    made = 0
    for task_id in waiting:
        with store.write() as conn:
            worker.guard(conn)
            task = tasks.find(conn, task_id)
            case = None if task is None else case_records.find(conn, task.case_id, lock=True)
            task = tasks.find(conn, task_id, lock=True)
            if task is not None and case is not None and task.state == "waiting":
                made += len(maker.of_task(conn, case, task, at=store.clock()))
    if ended:
        with store.write() as conn:
            worker.guard(conn)
            withdraw_ended(conn, ended, at=store.clock())
    return made


def forget_over(store: Store, worker: Worker) -> int:
    """Forget what reports say whose time to be kept is over; gives of how many."""
    done = 0
    while True:
        at = store.clock()
        with store.read() as conn:
            found = reports.over(conn, filed=at - FILED_KEPT, withdrawn=at - WITHDRAWN_KEPT, now=at, most=_AT_ONCE)
        if not found:
            return done
        with store.write() as conn:
            worker.guard(conn)
            for one in found:
                if forget(conn, one.id, at=at):
                    write(conn, "report.forgotten", one.id, by=SYSTEM, at=at)
                    done += 1


def forget(conn: Connection, report_id: str, *, at: datetime) -> bool:
    """Forget what a report says of people, what its service supplied, the digests of its files, and what was answered
    to it. That there was a report, who confirmed it and under which number it was filed stays. Also after a restore,
    without a leaf."""
    if not reports.forget(conn, report_id, at=at):
        return False
    subjects.forget(conn, report_id)
    files.change_all(conn, report_id, md5=None, sha256=None, details=None)
    calls.forget(conn, report_id)
    return True


def keep(conn: Connection, report_id: str, *, until: datetime) -> None:
    """Keep what a report says at least until a moment, as somebody who may ask for it asked; never shorter."""
    row = reports.find(conn, report_id, lock=True)
    if row is not None and (row.keep_until is None or row.keep_until < until):
        reports.change(conn, report_id, keep_until=until)
