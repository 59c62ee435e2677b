"""Keys of services: `rk_` and 256 random bits, shown once; only their SHA-256 is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people.permissions import Scope
from rempart.people.principal import Principal
from rempart.people.records import keys as records
from rempart.people.records.keys import ApiKey
from rempart.people.tokens import KEY_PREFIX, RandomBytes, looks_like_token, new_token, token_hash
from rempart.store.counters import current_number, next_number
from rempart.store.ids import new_id

LIFE = timedelta(days=365)
OVERLAP = timedelta(days=7)
COUNTER = "keys"
"""Changes of keys are numbered, so that every process sees in one small question that it has to look again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key and its secret, which is nowhere else and cannot be shown again."""

    key: ApiKey
    secret: str


def create(
    conn: Connection,
    *,
    label: str,
    service: str,
    scopes: Iterable[Scope],
    by: Principal,
    at: datetime,
    random: RandomBytes,
    life: timedelta = LIFE,
    per_minute: int | None = None,
    signals_per_day: int | None = None,
) -> NewKey:
    """Make a key. RefusedError for a name, scopes or limits that make no sense."""
    wanted = frozenset(scopes)
    _refuse_nonsense(label, service, wanted, life, per_minute, signals_per_day)
    key = ApiKey(
        id=new_id("key"),
        label=label.strip(),
        service=service.strip(),
        scopes=wanted,
        made_by=by.id if by.kind == "person" else by.behind,
        created=at,
        expires=at + life,
        revoked=None,
        follows=None,
        per_minute=per_minute,
        signals_per_day=signals_per_day,
    )
    return _written(conn, key, by=by, at=at, random=random)


def rotate(
    conn: Connection,
    key_id: str,
    *,
    by: Principal,
    at: datetime,
    random: RandomBytes,
    overlap: timedelta = OVERLAP,
    life: timedelta = LIFE,
) -> NewKey:
    """Make a key that follows another and may do the same; the old one ends after `overlap`.

    RefusedError when the old one cannot be used any more.
    """
    old = _found(conn, key_id)
    if not old.usable(at):
        raise RefusedError("This key has ended already.", hint="Create a new key.")
    if overlap < timedelta(0) or overlap > timedelta(days=90):
        raise RefusedError("The overlap has to be between 0 and 90 days.")
    fresh = ApiKey(
        id=new_id("key"),
        label=old.label,
        service=old.service,
        scopes=old.scopes,
        made_by=by.id if by.kind == "person" else by.behind,
        created=at,
        expires=at + life,
        revoked=None,
        follows=old.id,
        per_minute=old.per_minute,
        signals_per_day=old.signals_per_day,
    )
    records.end_at(conn, old.id, revoked=at + overlap)
    return _written(conn, fresh, by=by, at=at, random=random)


def revoke(conn: Connection, key_id: str, *, by: Principal, at: datetime) -> None:
    """End a key now. Effective in this process at once when its cache is told, in any other within a second."""
    key = _found(conn, key_id)
    if not records.end_at(conn, key.id, revoked=at):
        raise RefusedError("This key was revoked before.", hint="Nothing has to be done.")
    append(conn, Leaf(action="key.revoked", actor=by.pseudonym, facts={"key": key.id}, subject=f"key:{key.id}"), at=at)
    next_number(conn, COUNTER)


def find(conn: Connection, secret: str) -> ApiKey | None:
    """The key with this secret, also when it has ended; None when there is none."""
    return records.by_hash(conn, token_hash(secret)) if looks_like_token(secret, KEY_PREFIX) else None


def every(conn: Connection) -> tuple[ApiKey, ...]:
    """All keys, newest first."""
    return records.every(conn)


def changes(conn: Connection) -> int:
    """A number that grows with each change of a key."""
    return current_number(conn, COUNTER)


def principal_of(key: ApiKey) -> Principal:
    """Who asks when this key is sent."""
    return Principal(
        kind="service",
        id=key.id,
        pseudonym=key.id,
        scopes=key.scopes,
        service=key.service,
        behind=key.made_by,
        signals_per_day=key.signals_per_day,
    )


def _written(conn: Connection, key: ApiKey, *, by: Principal, at: datetime, random: RandomBytes) -> NewKey:
    facts = {"key": key.id, "scopes": sorted(scope.value for scope in key.scopes), "follows": key.follows}
    secret = new_token(random, KEY_PREFIX)
    values = {name: getattr(key, name) for name in ApiKey.__slots__}
    values["scopes"] = facts["scopes"]
    records.add(conn, values | {"hash": token_hash(secret)})
    leaf = Leaf(
        action="key.created", actor=by.pseudonym, facts=facts, sealed={"service": key.service}, subject=f"key:{key.id}"
    )
    append(conn, leaf, at=at)
    next_number(conn, COUNTER)
    return NewKey(key=key, secret=secret)


def _found(conn: Connection, key_id: str) -> ApiKey:
    key = records.by_id(conn, key_id)
    if key is None:
        raise RefusedError("There is no such key.", hint="Look at the list of keys.")
    return key


def _refuse_nonsense(
    label: str,
    service: str,
    scopes: frozenset[Scope],
    life: timedelta,
    per_minute: int | None,
    signals_per_day: int | None,
) -> None:
    if not 1 <= len(label.strip()) <= 80 or not label.isprintable():
        raise RefusedError("A key needs a name of 1 to 80 characters.", hint="Say what uses it: “forum, production”.")
    if not 1 <= len(service.strip()) <= 64 or not service.isprintable():
        raise RefusedError("A key needs the name of its service, 1 to 64 characters.")
    if not scopes:
        raise RefusedError("A key without a scope could do nothing.", hint="Choose at least one.")
    if not timedelta(minutes=1) <= life <= timedelta(days=3660):
        raise RefusedError("A key has to expire, within ten years.")
    if (per_minute is not None and per_minute < 1) or (signals_per_day is not None and signals_per_day < 1):
        raise RefusedError("A limit has to be 1 or more.", hint="Leave it empty for none.")
