"""Questions to the tables of persons, their roles and passkeys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from rempart.people.permissions import BY_ROLE, Permission, Role
from rempart.people.records.tables import passkeys, person_roles, persons


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person with an account. `password` is an argon2id hash, `totp_secret` is sealed; None: not set."""

    id: str
    pseudonym: str
    name: str
    shown_name: str
    language: str
    roles: frozenset[Role]
    password: str | None
    totp_secret: bytes | None
    totp_step: int
    oidc_issuer: str | None
    oidc_subject: str | None
    created: datetime
    deactivated: datetime | None

    @property
    def active(self) -> bool:
        return self.deactivated is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One passkey of a person."""

    credential: bytes
    person: str
    public_key: bytes
    sign_count: int
    label: str
    created: datetime
    last_used: datetime | None


def add(conn: Connection, values: Mapping[str, object], roles: Iterable[Role]) -> None:
    """Write a new person."""
    conn.execute(insert(persons).values(**values, totp_step=-1))
    set_roles(conn, str(values["id"]), roles)


def set_roles(conn: Connection, person: str, roles: Iterable[Role]) -> None:
    """Replace a person's roles."""
    conn.execute(delete(person_roles).where(person_roles.c.person == person))
    rows = [{"person": person, "role": role.value} for role in sorted(set(roles))]
    if rows:
        conn.execute(insert(person_roles), rows)


def change(conn: Connection, person: str, **values: object) -> None:
    """Set columns of one person."""
    conn.execute(update(persons).where(persons.c.id == person).values(**values))


def by_id(conn: Connection, person: str) -> Person | None:
    """One by id."""
    return _one(conn, persons.c.id == person)


def by_name(conn: Connection, name: str) -> Person | None:
    """One by the name used to sign in, in its folded form."""
    return _one(conn, persons.c.name == name)


def by_subject(conn: Connection, issuer: str, subject: str) -> Person | None:
    """One by an identity provider's own reference."""
    return _one(conn, and_(persons.c.oidc_issuer == issuer, persons.c.oidc_subject == subject))


def pseudonyms(conn: Connection, ids: Iterable[str]) -> Mapping[str, str]:
    """What the ledger calls these persons, by id."""
    asked = select(persons.c.id, persons.c.pseudonym).where(persons.c.id.in_(sorted(set(ids))))
    return {row.id: row.pseudonym for row in conn.execute(asked)}


def everyone(conn: Connection) -> tuple[Person, ...]:
    """All persons by name, also those who were deactivated."""
    held: dict[str, set[Role]] = {}
    for person, role in conn.execute(select(person_roles.c.person, person_roles.c.role)):
        held.setdefault(person, set()).add(Role(role))
    rows = conn.execute(select(persons).order_by(persons.c.name)).mappings()
    return tuple(Person(**row, roles=frozenset(held.get(row["id"], ()))) for row in rows)


def holders_of(conn: Connection, permission: Permission) -> frozenset[str]:
    """Ids of the active persons whose roles allow something."""
    roles = [role.value for role, allowed in BY_ROLE.items() if permission in allowed]
    asked = (
        select(persons.c.id)
        .join(person_roles, person_roles.c.person == persons.c.id)
        .where(persons.c.deactivated.is_(None), person_roles.c.role.in_(roles))
    )
    return frozenset(conn.execute(asked).scalars())


def take_step(conn: Connection, person: str, step: int) -> bool:
    """Note that the code of this time step was used; False when it, or a later one, was used before."""
    fresh = and_(persons.c.id == person, persons.c.totp_step < step)
    return conn.execute(update(persons).where(fresh).values(totp_step=step)).rowcount == 1


def lock_all(conn: Connection) -> None:
    """Hold every person's row until commit: for changes that depend on who else is there."""
    conn.execute(select(persons.c.id).order_by(persons.c.id).with_for_update()).all()


def add_passkey(conn: Connection, values: Mapping[str, object]) -> None:
    """Write a new passkey."""
    conn.execute(insert(passkeys).values(**values))


def passkey(conn: Connection, credential: bytes) -> Passkey | None:
    """One by its credential id."""
    row = conn.execute(select(passkeys).where(passkeys.c.credential == credential)).mappings().one_or_none()
    return Passkey(**row) if row else None


def passkeys_of(conn: Connection, person: str) -> tuple[Passkey, ...]:
    """A person's passkeys, oldest first."""
    asked = select(passkeys).where(passkeys.c.person == person).order_by(passkeys.c.created, passkeys.c.credential)
    return tuple(Passkey(**row) for row in conn.execute(asked).mappings())


def use_passkey(conn: Connection, credential: bytes, *, before: int, count: int, at: datetime) -> bool:
    """Note a use; False when the counter moved meanwhile."""
    same = and_(passkeys.c.credential == credential, passkeys.c.sign_count == before)
    return conn.execute(update(passkeys).where(same).values(sign_count=count, last_used=at)).rowcount == 1


def remove_passkey(conn: Connection, person: str, credential: bytes) -> bool:
    """Remove one of a person's passkeys; False when there is none such."""
    own = and_(passkeys.c.person == person, passkeys.c.credential == credential)
    return conn.execute(delete(passkeys).where(own)).rowcount == 1


def remove_passkeys(conn: Connection, person: str) -> None:
    """Remove all of a person's passkeys."""
    conn.execute(delete(passkeys).where(passkeys.c.person == person))


def _one(conn: Connection, where: ColumnElement[bool]) -> Person | None:
    row = conn.execute(select(persons).where(where)).mappings().one_or_none()
    if row is None:
        return None
    held = conn.execute(select(person_roles.c.role).where(person_roles.c.person == row["id"])).scalars()
    return Person(**row, roles=frozenset(Role(role) for role in held))
