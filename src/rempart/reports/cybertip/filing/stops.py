"""Where the service refuses the credentials nothing is sent, by no report: one tries again after a while, or as soon as
the credentials are others, and the rest follow."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.evidence.ledger import Leaf, append
from rempart.people.principal import SYSTEM
from rempart.reports.cybertip.filing.ending import put_off
from rempart.reports.cybertip.filing.means import Means, Told, Word
from rempart.reports.cybertip.filing.standing import Standing
from rempart.reports.cybertip.filing.values import Why
from rempart.reports.cybertip.records import stops as records
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.records.stops import Stop
from rempart.reports.cybertip.values import Environment

_SLACK = timedelta(minutes=1)


def may_send(conn: Connection, now: Standing, means: Means, *, at: datetime) -> bool:
    """Whether something may be sent; where not, the report waits for the one that tries for all. Where it may although
    the credentials were refused, this report is that one."""
    environment = now.row.environment
    found = records.find(conn, environment.value, lock=True)
    if found is None:
        return True
    if found.mark == means.mark(environment) and at < found.next_try and found.put_off <= at + _SLACK:
        put_off(conn, now, means, why=found.why, at=at, delay=found.next_try - at)
        return False
    records.change(conn, environment.value, put_off=at, next_try=at + means.limits.stopped)
    return True


def stop(conn: Connection, now: Standing, means: Means, *, why: str, at: datetime) -> None:
    """The credentials were refused: nothing is sent there. People are told once."""
    environment, later = now.row.environment, at + means.limits.stopped
    row = Stop(
        environment=environment.value, mark=means.mark(environment), since=at, put_off=at, next_try=later, why=why
    )
    if records.put(conn, row):
        facts = {"environment": environment.value, "why": why}
        append(conn, Leaf(action="report.queue_stopped", actor=SYSTEM.pseudonym, facts=facts), at=at)
        means.alarm(conn, Word(told=Told.STOPPED, environment=environment, why=why, since=at))
    else:
        records.change(conn, environment.value, mark=row.mark, put_off=at, next_try=later, why=why)
    put_off(conn, now, means, why=why, at=at, delay=means.limits.stopped)


def go_on(conn: Connection, environment: Environment, *, at: datetime) -> bool:
    """The service answers these credentials: what waited for that is due now. False when nothing had stopped."""
    if not records.end(conn, environment.value):
        return False
    facts = {"environment": environment.value}
    append(conn, Leaf(action="report.queue_resumed", actor=SYSTEM.pseudonym, facts=facts), at=at)
    return True


def is_over(conn: Connection, row: ReportRow, means: Means) -> bool:
    """Whether a report waits for credentials that are not refused any more, or not tried yet."""
    if (row.why or "").partition(":")[0] != Why.CREDENTIALS:
        return False
    found = records.find(conn, row.environment.value)
    return found is None or found.mark != means.mark(row.environment)
