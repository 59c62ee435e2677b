"""Who acts in tests: persons and services as the rooms are handed them."""

from datetime import UTC, datetime

from rempart.people.permissions import Role, Scope
from rempart.people.principal import Principal

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def person(name: str, *roles: Role) -> Principal:
    """A person with these roles; lead where none is named."""
    return Principal(
        kind="person", id=f"person_{name}", pseudonym=f"p-{name}", roles=frozenset(roles or {Role.LEAD}),
        session=f"session_{name}", signed_in=NOON,
    )  # fmt: skip


def service(name: str, *scopes: Scope) -> Principal:
    """A service with a key of these scopes."""
    return Principal(kind="service", id=f"key_{name}", pseudonym=f"k-{name}", scopes=frozenset(scopes), service=name)
