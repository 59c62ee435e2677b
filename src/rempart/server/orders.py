"""Orders of authorities as a running deployment takes them: what other rooms know of what an order names."""

from __future__ import annotations

from sqlalchemy import Connection

from rempart.intake.notices import removals
from rempart.reports.cybertip.records import reports
from rempart.reports.orders.locating import Links


def links() -> Links:
    """What rooms beside and above the register know."""
    return Links(removed=removals.removed_at, case_of_report=_case_of_report)


def _case_of_report(conn: Connection, report: str) -> str | None:
    found = reports.find(conn, report)
    return None if found is None else found.case_id
