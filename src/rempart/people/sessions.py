"""Sessions of persons: 256 random bits in a cookie, their SHA-256 here, an idle and an absolute limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.evidence.ledger import Leaf, append
from rempart.people.principal import Principal
from rempart.people.records import persons, sessions
from rempart.people.records.persons import Person
from rempart.people.records.sessions import SessionRow
from rempart.people.tokens import RandomBytes, looks_like_token, new_token, token_hash
from rempart.store.engine import Store
from rempart.store.ids import new_id

_TOUCH = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a sign-in holds: unused, at most, while setting up credentials, and as proof for grave things."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)
    enrolling: timedelta = timedelta(minutes=30)
    proof: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A new session; `token` goes into the cookie and is kept nowhere."""

    token: str
    session: SessionRow
    person: Person


def start(
    conn: Connection,
    person: Person,
    *,
    method: str,
    at: datetime,
    limits: Limits,
    random: RandomBytes,
    stage: str = "full",
    replaces: str | None = None,
    proved: bool = True,
) -> Started:
    """Sign a person in. `replaces` names the session that ends with it: a token never outlives a sign-in. `proved`:
    the person used a credential just now."""
    if replaces is not None:
        sessions.end(conn, replaces, at)
    token = new_token(random)
    row = SessionRow(
        id=new_id("session"),
        person=person.id,
        stage=stage,
        method=method,
        created=at,
        last_seen=at,
        proved=at if stage == "full" and proved else None,
        expires=at + (limits.absolute if stage == "full" else limits.enrolling),
        ended=None,
    )
    sessions.add_session(
        conn, {name: getattr(row, name) for name in SessionRow.__slots__} | {"hash": token_hash(token)}
    )
    facts = {"method": method, "stage": stage}
    append(
        conn, Leaf(action="session.started", actor=person.pseudonym, facts=facts, subject=_subject(person.id)), at=at
    )
    return Started(token=token, session=row, person=person)


def resolve(store: Store, token: str, *, at: datetime, limits: Limits) -> tuple[Person, SessionRow] | None:
    """Whose session this is, noting the use at most once a minute; None when it ended, expired or never was."""
    if not looks_like_token(token):
        return None
    with store.read() as conn:
        row = sessions.session_by_hash(conn, token_hash(token))
        if row is None or not live(row, at=at, limits=limits):
            return None
        person = persons.by_id(conn, row.person)
    if person is None or not person.active:
        return None
    if at - row.last_seen >= _TOUCH:
        with store.write() as conn:
            sessions.touch(conn, row.id, at)
    return person, row


def live(row: SessionRow, *, at: datetime, limits: Limits) -> bool:
    """Not ended, inside both limits, and not from the future (a clock that was set back ends no night's work,
    but a session started an hour ahead is not believed)."""
    if row.ended is not None or at >= row.expires or row.created - at > timedelta(minutes=5):
        return False
    return at - row.last_seen < limits.idle


def principal_of(person: Person, row: SessionRow) -> Principal:
    """Who asks in this session."""
    return Principal(
        kind="person",
        id=person.id,
        pseudonym=person.pseudonym,
        roles=person.roles if row.stage == "full" else frozenset(),
        session=row.id,
        signed_in=row.created,
        proved=row.proved,
        enrolling=row.stage != "full",
        language=person.language,
    )


def end(conn: Connection, row: SessionRow, *, by: Principal, at: datetime) -> None:
    """Sign out of one session; nothing happens when it had ended."""
    if sessions.end(conn, row.id, at):
        append(conn, Leaf(action="session.ended", actor=by.pseudonym, facts={}, subject=_subject(row.person)), at=at)


def end_everywhere(conn: Connection, person: str, *, by: Principal, at: datetime, but: str | None = None) -> int:
    """Sign a person out of all sessions (but one, if it is named); gives how many there were."""
    count = sessions.end_all(conn, person, at, but=but)
    if count:
        facts = {"sessions": count}
        append(conn, Leaf(action="session.ended_all", actor=by.pseudonym, facts=facts, subject=_subject(person)), at=at)
    return count


def _subject(person: str) -> str:
    return f"person:{person}"
