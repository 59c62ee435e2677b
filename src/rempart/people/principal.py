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
    one sign-in of a person from the next.
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
    permissions: frozenset[Permission] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        allowed = frozenset(Permission) if self.kind == "system" else of_roles(self.roles) | of_scopes(self.scopes)
        object.__setattr__(self, "permissions", allowed)

    def may(self, permission: Permission) -> bool:
        """Whether a role or scope allows it."""
        return permission in self.permissions


SYSTEM = Principal(kind="system", id="system", pseudonym="system")
"""The software acting by itself: retention, look-back, feeds."""

CONSOLE = Principal(kind="system", id="console", pseudonym="console")
"""Whoever has a shell on the machine and the data folder; commands act as this unless they name a person."""
