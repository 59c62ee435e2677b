"""What a statement of reasons may know of notices: whether one was about the very item, never whose or which."""

from __future__ import annotations

from sqlalchemy import Connection

from rempart.cases.records.cases import Case
from rempart.intake.notices.records import locations, notices, seeds
from rempart.intake.notices.values import CHILD_QUEUE, KIND, Role, Track
from rempart.reports.reasons.values import Source, Told

_SOURCES = {Role.FLAGGER: Source.TRUSTED_FLAGGER, Role.AUTHORITY: Source.OTHER_NOTIFICATION}


def told_of(conn: Connection, item: int | None, case: Case) -> Told:
    """How a case, and an item in it, came to notice.

    What a notice names came by it. Copies that were found on the way were looked for by the service itself. A case is a
    child-safety matter when its queue says so, or one of the notices that are behind it.
    """
    places = locations.of_case(conn, case.id)
    own = places if item is None else locations.of_items(conn, [item])
    names = {one.notice for one in (*places, *own)} | set(seeds.notices_of(conn, case.id))
    found = {name: row for name in sorted(names) if (row := notices.find(conn, name)) is not None}
    child = case.queue == CHILD_QUEUE or any(row.track == Track.CHILD for row in found.values())
    by_notice = own or (item is None and case.kind == KIND)
    if not by_notice:
        return Told(source=Source.OWN_INITIATIVE, child=child)
    roles = [found[one.notice].role for one in own if one.notice in found]
    known = (_SOURCES[Role(role)] for role in roles if role is not None and Role(role) in _SOURCES)
    return Told(source=next(known, Source.NOTICE), child=child)
