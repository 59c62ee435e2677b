"""A person's own limits for what they look at; for nobody else to read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Connection, ForeignKey, Integer, String, Table, select, update

from rempart.store.schema import metadata
from rempart.store.upsert import insert_or_ignore

care_settings = Table(
    "care_settings",
    metadata,
    Column("person", String(40), ForeignKey("persons.id"), primary_key=True),
    Column("reveals_per_day", Integer),
    Column("seconds_per_day", Integer),
    Column("break_after_minutes", Integer),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLimits:
    """What a person chose for themselves; None where they go by the team's."""

    reveals_per_day: int | None = None
    seconds_per_day: int | None = None
    break_after_minutes: int | None = None


_OWN = [care_settings.c[name] for name in OwnLimits.__slots__]


def own(conn: Connection, person: str) -> OwnLimits:
    """A person's own limits."""
    row = conn.execute(select(*_OWN).where(care_settings.c.person == person)).first()
    return OwnLimits() if row is None else OwnLimits(**row._mapping)


def locked(conn: Connection, person: str) -> OwnLimits:
    """As `own`, and no other transaction counts this person's looks before this one ends."""
    conn.execute(insert_or_ignore(conn, care_settings), {"person": person})
    query = select(*_OWN).where(care_settings.c.person == person).with_for_update()
    return OwnLimits(**conn.execute(query).one()._mapping)


def put(conn: Connection, person: str, limits: OwnLimits) -> None:
    """Keep a person's own limits."""
    locked(conn, person)
    values = {name: getattr(limits, name) for name in OwnLimits.__slots__}
    conn.execute(update(care_settings).where(care_settings.c.person == person).values(**values))
