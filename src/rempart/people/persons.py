"""Persons: made by an administrator, known in the ledger by a pseudonym, deactivated and never deleted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from rempart.errors import NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people import sessions
from rempart.people.permissions import SEES_EVIDENCE, Permission, Role
from rempart.people.principal import Principal
from rempart.people.records import persons as records
from rempart.people.records.persons import Person
from rempart.people.records.sessions import void_links
from rempart.people.tokens import RandomBytes
from rempart.store.ids import new_id

LANGUAGES = ("en", "fr")
_NAME = re.compile(r"[\w.@+-]{2,64}")
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def folded(name: str) -> str:
    """The name used to sign in, as it is compared: case and form do not count."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def possible(name: str) -> bool:
    """Whether a folded name could be anybody's; others are never put to the database."""
    return _NAME.fullmatch(name) is not None


def add(
    conn: Connection,
    *,
    name: str,
    roles: Iterable[Role],
    by: Principal,
    at: datetime,
    random: RandomBytes,
    shown_name: str = "",
    language: str = "en",
) -> Person:
    """Make a person without credentials; a one-time link lets them set these up.

    Raises RefusedError for a name that is taken or cannot be one, or roles that `by` may not give.
    """
    wanted, held = folded(name), frozenset(roles)
    if not possible(wanted):
        raise RefusedError("This name cannot be used.", hint="2 to 64 letters, digits or . _ - + @, without spaces.")
    if language not in LANGUAGES:
        raise RefusedError("There is no such language here.", hint="Choose en or fr.")
    if len(shown_name) > 200 or not shown_name.isprintable():
        raise RefusedError("The shown name is too long, or holds characters that cannot be shown.")
    _refuse_roles(held, by=by)
    if records.by_name(conn, wanted) is not None:
        raise RefusedError("This name is taken.", hint="Choose another.")
    person = new_id("person")
    values = {
        "id": person,
        "pseudonym": _pseudonym(random),
        "name": wanted,
        "shown_name": shown_name.strip() or name.strip(),
        "language": language,
        "created": at,
    }
    records.add(conn, values, held)
    _tell(conn, "person.added", person, by=by, at=at, facts={"roles": _texts(held)})
    return found(conn, person)


def found(conn: Connection, person: str) -> Person:
    """One by id. RefusedError when there is none."""
    one = records.by_id(conn, person)
    if one is None:
        raise RefusedError("There is no such person.", hint="Look at the list of people.")
    return one


def named(conn: Connection, name: str) -> Person:
    """One by the name used to sign in. RefusedError when there is none."""
    wanted = folded(name)
    one = records.by_name(conn, wanted) if possible(wanted) else None
    if one is None:
        raise RefusedError("There is no person of that name.", hint="`rempart user list` shows all names.")
    return one


def everyone(conn: Connection) -> tuple[Person, ...]:
    """All persons by name."""
    return records.everyone(conn)


def set_roles(conn: Connection, person: str, roles: Iterable[Role], *, by: Principal, at: datetime) -> None:
    """Give a person exactly these roles; open sessions have them at the next request.

    Nobody changes their own roles, and somebody who can administer always remains.
    """
    records.lock_all(conn)
    one, held = found(conn, person), frozenset(roles)
    if by.id == person:
        raise NotPermittedError("Nobody changes their own roles.", hint="Ask another administrator.")
    _refuse_roles(held, by=by, before=one.roles)
    if Role.ADMINISTRATOR in one.roles and Role.ADMINISTRATOR not in held:
        _refuse_last_administrator(conn, person)
    records.set_roles(conn, person, held)
    facts = {"before": _texts(one.roles), "roles": _texts(held)}
    _tell(conn, "person.roles_changed", person, by=by, at=at, facts=facts)


def deactivate(conn: Connection, person: str, *, by: Principal, at: datetime) -> None:
    """Let a person sign in no more; sessions end and links are void at once. What they did keeps its pseudonym."""
    records.lock_all(conn)
    one = found(conn, person)
    if not one.active:
        raise RefusedError("This person was deactivated before.", hint="Nothing has to be done.")
    if by.id == person:
        raise NotPermittedError("Nobody deactivates themselves.", hint="Ask another administrator.")
    if Role.ADMINISTRATOR in one.roles:
        _refuse_last_administrator(conn, person)
    records.change(conn, person, deactivated=at)
    void_links(conn, person, at)
    sessions.end_everywhere(conn, person, by=by, at=at)
    _tell(conn, "person.deactivated", person, by=by, at=at)


def reactivate(conn: Connection, person: str, *, by: Principal, at: datetime) -> None:
    """Let a person sign in again, with the credentials they had."""
    if found(conn, person).active:
        raise RefusedError("This person is active.", hint="Nothing has to be done.")
    records.change(conn, person, deactivated=None)
    _tell(conn, "person.reactivated", person, by=by, at=at)


def set_language(conn: Connection, person: str, language: str) -> None:
    """Choose the language of a person's pages."""
    if language not in LANGUAGES:
        raise RefusedError("There is no such language here.", hint="Choose en or fr.")
    records.change(conn, person, language=language)


def _refuse_roles(held: frozenset[Role], *, by: Principal, before: frozenset[Role] = frozenset()) -> None:
    if not by.may(Permission.PEOPLE_MANAGE):
        raise NotPermittedError("You may not change roles.", hint="Ask an administrator.")
    mixed = Role.ADMINISTRATOR in held and held & SEES_EVIDENCE
    if mixed and by.kind == "person" and held != before:
        raise NotPermittedError(
            "Administrators see no evidence: these roles do not go together.",
            hint="Give them to two people; a deployment of one person does it at the console: `rempart user roles`.",
        )


def _refuse_last_administrator(conn: Connection, person: str) -> None:
    if not records.holders_of(conn, Permission.PEOPLE_MANAGE) - {person}:
        raise RefusedError("This is the last administrator.", hint="Make somebody else administrator first.")


def _pseudonym(random: RandomBytes) -> str:
    return "p-" + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in random(10))


def _tell(
    conn: Connection,
    action: str,
    person: str,
    *,
    by: Principal,
    at: datetime,
    facts: Mapping[str, object] | None = None,
) -> None:
    append(conn, Leaf(action=action, actor=by.pseudonym, facts=facts or {}, subject=f"person:{person}"), at=at)


def _texts(roles: frozenset[Role]) -> list[str]:
    return sorted(role.value for role in roles)
