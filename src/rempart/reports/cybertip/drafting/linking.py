"""Several reports on one person: what was reported of the same account before, by its mark."""

from __future__ import annotations

from sqlalchemy import Connection

from rempart.reports.cybertip.records import reports
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import Environment, ReportState


def same_person(conn: Connection, row: ReportRow) -> tuple[ReportRow, ...]:
    """The other reports about the same account, in any state, the oldest first; none where no account is known."""
    return () if row.person is None else reports.of_person(conn, row.person, but=row.id)


def earlier_numbers(conn: Connection, row: ReportRow) -> tuple[int, ...]:
    """The authority's numbers of what was reported of the account before. What was rehearsed or tested has none."""
    found = (one.number for one in same_person(conn, row) if _is_reported(one))
    return tuple(int(one) for one in found if one is not None and one.isascii() and one.isdigit())


def _is_reported(row: ReportRow) -> bool:
    return row.state is ReportState.FILED and row.environment is Environment.PRODUCTION
