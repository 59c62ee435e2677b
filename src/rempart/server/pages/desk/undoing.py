"""An answer that has not taken effect yet, as the banner that takes it back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.values import Standing
from rempart.cases.assessing.viewing import standing
from rempart.errors import NotFoundError
from rempart.people.principal import Principal
from rempart.server.pages.desk.contexts import Undo
from rempart.server.service import Service


def undoable(conn: Connection, service: Service, who: Principal, case_id: str) -> Undo | None:
    """What this person can still take back of a case; None where there is nothing."""
    if not case_id or len(case_id) > 40 or not case_id.isascii():
        return None
    try:
        found = standing(conn, case_id, who, at=service.clock())
    except NotFoundError:
        return None
    return of_standing(found, at=service.clock())


def of_standing(found: Standing, *, at: datetime) -> Undo | None:
    """The same of a case that was looked at already."""
    last = next((one for one in reversed(found.outcomes) if one.undoable), None)
    if last is None:
        return None
    left = int((last.settles_at - at).total_seconds())
    return Undo(case_id=found.case_id, outcome=last.id, until=last.settles_at, left=left)
