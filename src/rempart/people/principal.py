"""Who is asking: the one value that every privileged function is handed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from rempart.people.permissions import Permission, Role, Scope, of_roles, of_scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person in a session, a service with its key, or the software itself.

    `pseudonym` is what the ledger shows; it leads to a name only inside the deployment. `behind` is the person
    who made a service's key: what a key asked for, that person cannot second. `session` and `signed_in` tell
    one sign-in of a person from the next; `proved` is when the person last used a credential in it. `enrolling`:
    came by a one-time link and may only set up credentials.
    """

    kind: Literal["person", "service", "system"]
    id: str
    pseudonym: str
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[Scope] = frozenset()
    service: str | None = None
    behind: str | None = None
    session: str | None = None
    signed_in: datetime | None = None
    proved: datetime | None = None
    enrolling: bool = False
    signals_per_day: int | None = None
    language: str | None = None
    permissions: frozenset[Permission] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "permissions", self._allowed())

    def _allowed(self) -> frozenset[Permission]:
        if self.enrolling:
            return frozenset({Permission.ENROL})
        if self.kind == "system":
            return frozenset(Permission)
        own = frozenset({Permission.OWN_ACCOUNT}) if self.kind == "person" else frozenset()
        return of_roles(self.roles) | of_scopes(self.scopes) | own

    def may(self, permission: Permission) -> bool:
        """Whether a role or scope allows it."""
        return permission in self.permissions


SYSTEM = Principal(kind="system", id="system", pseudonym="system")
"""The software acting by itself: retention, look-back, feeds."""

CONSOLE = Principal(kind="system", id="console", pseudonym="console")
"""Whoever has a shell on the machine and the data folder; commands act as this unless they name a person."""
