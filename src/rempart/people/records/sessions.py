"""Questions to the tables of sessions, one-time links, ceremonies and sign-in attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, delete, insert, literal, select, update

from rempart.people.records.tables import ceremonies, sessions, signin_attempts, signin_links
from rempart.store.schema import UtcTime
from rempart.store.upsert import insert_into


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One sign-in. `stage` "enrolling" may only set up credentials; `proved` is when the person last proved
    who they are with a credential (step-up)."""

    id: str
    person: str
    stage: str
    method: str
    created: datetime
    last_seen: datetime
    proved: datetime | None
    expires: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-time link, found by its hash."""

    person: str
    purpose: str
    created: datetime
    expires: datetime
    used: datetime | None


_SESSION = [column for column in sessions.c if column.name != "hash"]


def add_session(conn: Connection, values: Mapping[str, object]) -> None:
    """Write a new session."""
    conn.execute(insert(sessions).values(**values))


def session_by_hash(conn: Connection, hashed: bytes) -> SessionRow | None:
    """One by the hash of its token, also when it ended."""
    row = conn.execute(select(*_SESSION).where(sessions.c.hash == hashed)).mappings().one_or_none()
    return SessionRow(**row) if row else None


def sessions_of(conn: Connection, person: str, *, at: datetime) -> tuple[SessionRow, ...]:
    """A person's sessions that have neither ended nor expired, newest first."""
    live = and_(sessions.c.person == person, sessions.c.ended.is_(None), sessions.c.expires > at)
    rows = conn.execute(select(*_SESSION).where(live).order_by(sessions.c.created.desc())).mappings()
    return tuple(SessionRow(**row) for row in rows)


def touch(conn: Connection, session: str, at: datetime) -> None:
    """Note that a session was used."""
    conn.execute(update(sessions).where(sessions.c.id == session).values(last_seen=at))


def prove(conn: Connection, session: str, at: datetime) -> None:
    """Note that the person proved again who they are."""
    conn.execute(update(sessions).where(sessions.c.id == session).values(proved=at))


def end(conn: Connection, session: str, at: datetime) -> bool:
    """End one; False when it had ended before."""
    still = and_(sessions.c.id == session, sessions.c.ended.is_(None))
    return conn.execute(update(sessions).where(still).values(ended=at)).rowcount == 1


def end_all(conn: Connection, person: str, at: datetime, *, but: str | None = None) -> int:
    """End all of a person's sessions, but one if it is named; gives how many."""
    still = and_(sessions.c.person == person, sessions.c.ended.is_(None), sessions.c.id != (but or ""))
    return conn.execute(update(sessions).where(still).values(ended=at)).rowcount


def forget_ended(conn: Connection, before: datetime) -> None:
    """Delete sessions that expired before a moment, with links and ceremonies nobody can use any more."""
    conn.execute(delete(sessions).where(sessions.c.expires < before))
    conn.execute(delete(signin_links).where(signin_links.c.expires < before))
    conn.execute(delete(ceremonies).where(ceremonies.c.expires < before))
    conn.execute(delete(signin_attempts).where(signin_attempts.c.started < before))


def add_link(conn: Connection, values: Mapping[str, object]) -> None:
    """Write a new one-time link."""
    conn.execute(insert(signin_links).values(**values))


def link_by_hash(conn: Connection, hashed: bytes) -> Link | None:
    """One by the hash of its token, also when it was used."""
    columns = [column for column in signin_links.c if column.name != "hash"]
    row = conn.execute(select(*columns).where(signin_links.c.hash == hashed)).mappings().one_or_none()
    return Link(**row) if row else None


def use_link(conn: Connection, hashed: bytes, at: datetime) -> bool:
    """Use a link up; False when it was used, withdrawn or has expired."""
    usable = and_(signin_links.c.hash == hashed, signin_links.c.used.is_(None), signin_links.c.expires > at)
    return conn.execute(update(signin_links).where(usable).values(used=at)).rowcount == 1


def void_links(conn: Connection, person: str, at: datetime) -> None:
    """No link of this person that was made so far can be used."""
    unused = and_(signin_links.c.person == person, signin_links.c.used.is_(None))
    conn.execute(update(signin_links).where(unused).values(used=at))


def add_ceremony(conn: Connection, values: Mapping[str, object]) -> None:
    """Write the state of a sign-in that is under way."""
    conn.execute(insert(ceremonies).values(**values))


def see_ceremony(conn: Connection, hashed: bytes, *, kind: str, at: datetime) -> tuple[str | None, Any] | None:
    """The state of a sign-in that is under way: (person, facts); None when there is none, or no more."""
    mine = and_(ceremonies.c.hash == hashed, ceremonies.c.kind == kind, ceremonies.c.expires > at)
    row = conn.execute(select(ceremonies.c.person, ceremonies.c.facts).where(mine)).one_or_none()
    return None if row is None else (row.person, row.facts)


def take_ceremony(conn: Connection, hashed: bytes, *, kind: str, at: datetime) -> tuple[str | None, Any] | None:
    """As `see_ceremony`, and take it away: only one can."""
    found = see_ceremony(conn, hashed, kind=kind, at=at)
    mine = and_(ceremonies.c.hash == hashed, ceremonies.c.kind == kind)
    return found if conn.execute(delete(ceremonies).where(mine)).rowcount == 1 else None


def count_attempt(conn: Connection, subject: bytes, *, at: datetime, since: datetime) -> int:
    """Count one more attempt of this subject and give how many there were since `since`, this one included."""
    fresh = signin_attempts.c.started <= since
    statement = (
        insert_into(conn, signin_attempts)
        .values(subject=subject, started=at, count=1)
        .on_conflict_do_update(
            index_elements=["subject"],
            set_={
                "count": case((fresh, 1), else_=signin_attempts.c.count + 1),
                "started": case((fresh, literal(at, UtcTime)), else_=signin_attempts.c.started),
            },
        )
    )
    conn.execute(statement)
    asked = select(signin_attempts.c.count).where(signin_attempts.c.subject == subject)
    return int(conn.execute(asked).scalar_one())


def uncount_attempt(conn: Connection, subject: bytes) -> None:
    """Take one attempt back."""
    some = and_(signin_attempts.c.subject == subject, signin_attempts.c.count > 0)
    conn.execute(update(signin_attempts).where(some).values(count=signin_attempts.c.count - 1))


def clear_attempts(conn: Connection, subject: bytes) -> None:
    """Forget the attempts of one subject."""
    conn.execute(delete(signin_attempts).where(signin_attempts.c.subject == subject))
