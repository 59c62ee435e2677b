"""Telling a service that a report about an account of its own waits for what it knows: an id, and nothing else.

Only a service that has a key with the scope `reports` is told: no other could do anything about it. What the report is
about it reads with that key; a message may be passed on, and whoever is reported must not learn of it.
"""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.events import send
from rempart.cases.records import webhooks
from rempart.clock import iso
from rempart.people.permissions import Scope
from rempart.people.records import keys
from rempart.reports.cybertip.records import reports
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import EDITABLE

TYPE = "report.wanted"
PREFIX = "report_"
"""How the id of a report begins; a message that names one in place of a decision is of this kind."""


def tell(conn: Connection, row: ReportRow, at: datetime) -> None:
    """Put the messages on their way, in the transaction that makes the draft."""
    if row.service is None or not _can_supply(conn, row.service, at=at):
        return
    for endpoint in webhooks.enabled(conn, row.service):
        send(conn, endpoint=endpoint, decision=row.id, at=at)


def body_of(conn: Connection, report_id: str) -> bytes | None:
    """What is sent; None where nothing can be supplied any more."""
    row = reports.find(conn, report_id)
    if row is None or row.state not in EDITABLE:
        return None
    told = {"type": TYPE, "timestamp": iso(row.created), "data": {"id": row.id}}
    return json.dumps(told, separators=(",", ":")).encode()


def _can_supply(conn: Connection, service: str, *, at: datetime) -> bool:
    own = (one for one in keys.every(conn) if one.service == service and Scope.REPORTS in one.scopes)
    return any(one.usable(at) for one in own)
