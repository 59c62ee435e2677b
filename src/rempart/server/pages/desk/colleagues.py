"""Whom a case may be handed to."""

from __future__ import annotations

from rempart.people.permissions import BY_ROLE, Permission
from rempart.people.principal import Principal
from rempart.people.records.persons import Person
from rempart.server.pages.desk.contexts import Colleague


def colleagues(everyone: tuple[Person, ...], who: Principal) -> tuple[Colleague, ...]:
    """Everybody else who assesses cases; by name for those who may know names."""
    named = who.may(Permission.PEOPLE_READ)
    return tuple(
        Colleague(id=one.id, pseudonym=one.pseudonym, name=one.shown_name if named else "")
        for one in everyone
        if one.active and one.id != who.id and any(Permission.CASES_ASSESS in BY_ROLE[role] for role in one.roles)
    )
