"""What an old deployment still knows of who may see what, and no ledger tells; a restore takes it over from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Text, or_, select, type_coerce

from rempart.cases.records.cases import cases
from rempart.cases.records.work import case_barred, work_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Of each case from which somebody is kept whether it is
    for leads alone and who that is; and the team's settings, by version."""

    barred: Mapping[str, tuple[bool, frozenset[str]]]
    settings: Mapping[int, str]


def known(conn: Connection) -> Known:
    """All of it."""
    barred: dict[str, tuple[bool, frozenset[str]]] = {}
    own = select(cases.c.id, cases.c.insider, case_barred.c.person).outerjoin(
        case_barred, case_barred.c.case_id == cases.c.id
    )
    for row in conn.execute(own.where(or_(cases.c.insider, case_barred.c.person.is_not(None)))):
        _, before = barred.get(row.id, (False, frozenset[str]()))
        barred[row.id] = bool(row.insider), before | ({row.person} if row.person else frozenset())
    document = type_coerce(work_settings.c.document, Text).label("document")
    rows = conn.execute(select(work_settings.c.version, document))
    return Known(barred=barred, settings={row.version: row.document for row in rows})
