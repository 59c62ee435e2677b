"""Webhook endpoints, their secrets, and every message with its attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from rempart.store.schema import BigId, UtcTime, metadata

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("service", String(200), nullable=False),
    Column("url", Text, nullable=False),
    Column("state", String(10), nullable=False),  # enabled, disabled, deleted
    Column("why", Text),
    Column("created", UtcTime, nullable=False),
    Column("changed", UtcTime, nullable=False),
    Index("ix_webhook_endpoints_service", "service"),
)
webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("endpoint", String(40), ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),  # under a key derived from the service key
    Column("service_key", String(40), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("expires", UtcTime),
    Index("ix_webhook_secrets_endpoint", "endpoint"),
)
_GIVEN_UP = text("state = 'given_up'")
webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("endpoint", String(40), ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("decision", String(40), nullable=False),
    Column("state", String(10), nullable=False),  # waiting, delivered, given_up
    Column("created", UtcTime, nullable=False),
    Column("settled", UtcTime),
    Column("attempts", Integer, nullable=False),
    Index("uq_webhook_messages_endpoint_decision", "endpoint", "decision", unique=True),
    Index("ix_webhook_messages_endpoint_id", "endpoint", "id"),
    Index("ix_webhook_messages_settled", "settled"),
    Index("ix_webhook_messages_given_up", "id", sqlite_where=_GIVEN_UP, postgresql_where=_GIVEN_UP),
)
webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("message", String(40), ForeignKey("webhook_messages.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("status", Integer),
    Column("error", String(200)),
    Column("milliseconds", Integer, nullable=False),
    Index("ix_webhook_attempts_message", "message"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a service wants to be told."""

    id: str
    service: str
    url: str
    state: str
    why: str | None
    created: datetime
    changed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One of an endpoint's secrets, wrapped."""

    id: int
    endpoint: str
    wrapped: bytes
    service_key: str
    created: datetime
    expires: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One decision on its way to one endpoint."""

    id: str
    endpoint: str
    decision: str
    state: str
    created: datetime
    settled: datetime | None
    attempts: int


def add_endpoint(conn: Connection, row: Endpoint) -> None:
    """Write an endpoint."""
    conn.execute(insert(webhook_endpoints), {name: getattr(row, name) for name in Endpoint.__slots__})


def endpoint(conn: Connection, endpoint_id: str, *, lock: bool = False) -> Endpoint | None:
    """The endpoint with this id, unless it was deleted."""
    query = select(webhook_endpoints).where(
        webhook_endpoints.c.id == endpoint_id, webhook_endpoints.c.state != "deleted"
    )
    found = conn.execute(query.with_for_update() if lock else query).first()
    return None if found is None else Endpoint(**found._mapping)


def endpoints(conn: Connection, *, service: str | None) -> tuple[Endpoint, ...]:
    """A service's endpoints, oldest first; of all services with None."""
    query = select(webhook_endpoints).where(webhook_endpoints.c.state != "deleted")
    if service is not None:
        query = query.where(webhook_endpoints.c.service == service)
    return tuple(Endpoint(**row._mapping) for row in conn.execute(query.order_by(webhook_endpoints.c.id)))


def enabled(conn: Connection, service: str) -> tuple[str, ...]:
    """The ids of a service's endpoints that are told things."""
    own = webhook_endpoints.c.service == service, webhook_endpoints.c.state == "enabled"
    return tuple(conn.execute(select(webhook_endpoints.c.id).where(*own)).scalars())


def change_endpoint(conn: Connection, endpoint_id: str, **values: Any) -> None:
    """Give an endpoint new values."""
    conn.execute(update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id).values(**values))


def add_secret(conn: Connection, *, endpoint: str, wrapped: bytes, service_key: str, created: datetime) -> None:
    """Write a secret; it is used until it is given an end."""
    row = {"endpoint": endpoint, "wrapped": wrapped, "service_key": service_key, "created": created}
    conn.execute(insert(webhook_secrets), row)


def end_secrets(conn: Connection, *, endpoint: str, expires: datetime) -> None:
    """Let the secrets that have no end yet, or a later one, end at a time."""
    later = or_(webhook_secrets.c.expires.is_(None), webhook_secrets.c.expires > expires)
    own = webhook_secrets.c.endpoint == endpoint, later
    conn.execute(update(webhook_secrets).where(*own).values(expires=expires))


def secrets_of(conn: Connection, endpoint: str, *, at: datetime) -> tuple[Secret, ...]:
    """The secrets that messages are signed with at a time, the youngest first."""
    query = select(webhook_secrets).where(webhook_secrets.c.endpoint == endpoint)
    rows = conn.execute(query.order_by(webhook_secrets.c.id.desc()))
    found = (Secret(**row._mapping) for row in rows)
    return tuple(one for one in found if one.expires is None or one.expires > at)


def secrets_not_under(conn: Connection, service_key: str) -> tuple[Secret, ...]:
    """The secrets that are wrapped under another service key, locked until the transaction ends."""
    query = select(webhook_secrets).where(webhook_secrets.c.service_key != service_key).with_for_update()
    return tuple(Secret(**row._mapping) for row in conn.execute(query))


def rewrap_secret(conn: Connection, secret_id: int, *, wrapped: bytes, service_key: str) -> None:
    """Keep a secret under another service key."""
    own = webhook_secrets.c.id == secret_id
    conn.execute(update(webhook_secrets).where(own).values(wrapped=wrapped, service_key=service_key))


def delete_secrets(conn: Connection, *, endpoint: str, before: datetime | None = None) -> None:
    """Delete an endpoint's secrets; with `before`, those that ended by then."""
    own = [webhook_secrets.c.endpoint == endpoint]
    if before is not None:
        own.append(webhook_secrets.c.expires <= before)
    conn.execute(delete(webhook_secrets).where(*own))


def add_messages(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write messages."""
    if rows:
        conn.execute(insert(webhook_messages), list(rows))


def message(conn: Connection, message_id: str) -> Message | None:
    """The message with this id."""
    found = conn.execute(select(webhook_messages).where(webhook_messages.c.id == message_id)).first()
    return None if found is None else Message(**found._mapping)


def messages_of(conn: Connection, endpoint: str, *, most: int, before: str | None = None) -> tuple[Message, ...]:
    """An endpoint's messages, the youngest first, from before one of them."""
    query = select(webhook_messages).where(webhook_messages.c.endpoint == endpoint)
    if before is not None:
        query = query.where(webhook_messages.c.id < before)
    rows = conn.execute(query.order_by(webhook_messages.c.id.desc()).limit(most))
    return tuple(Message(**row._mapping) for row in rows)


def given_up(conn: Connection, *, most: int) -> tuple[tuple[Message, Endpoint, str], ...]:
    """Messages to endpoints that are there still, given up, the youngest first, each with its endpoint and what the
    last attempt ended in."""
    last = select(webhook_attempts.c.status, webhook_attempts.c.error).order_by(webhook_attempts.c.id.desc()).limit(1)
    query = select(webhook_messages).where(_GIVEN_UP).order_by(webhook_messages.c.id.desc()).limit(most)
    found = []
    for row in conn.execute(query).all():
        one = Message(**row._mapping)
        there = endpoint(conn, one.endpoint)
        attempt = conn.execute(last.where(webhook_attempts.c.message == one.id)).first()
        why = "" if attempt is None else attempt.error or f"status {attempt.status}"
        if there is not None:
            found.append((one, there, why))
    return tuple(found)


def counts_of(conn: Connection, endpoint: str) -> dict[str, int]:
    """How many messages of an endpoint wait, were delivered and were given up, of those that are kept."""
    own = webhook_messages.c.endpoint == endpoint
    rows = conn.execute(select(webhook_messages.c.state, func.count()).where(own).group_by(webhook_messages.c.state))
    return {state: int(count) for state, count in rows}


def message_of(conn: Connection, *, endpoint: str, decision: str) -> Message | None:
    """The message that tells an endpoint a decision."""
    own = webhook_messages.c.endpoint == endpoint, webhook_messages.c.decision == decision
    found = conn.execute(select(webhook_messages).where(*own)).first()
    return None if found is None else Message(**found._mapping)


def messages_about(conn: Connection, decisions: Sequence[str], endpoints: Sequence[str]) -> tuple[Message, ...]:
    """The messages that tell some endpoints some decisions."""
    own = webhook_messages.c.endpoint.in_(endpoints), webhook_messages.c.decision.in_(decisions)
    rows = conn.execute(select(webhook_messages).where(*own).order_by(webhook_messages.c.id.desc()))
    return tuple(Message(**row._mapping) for row in rows)


def change_message(conn: Connection, message_id: str, **values: Any) -> None:
    """Give a message new values."""
    conn.execute(update(webhook_messages).where(webhook_messages.c.id == message_id).values(**values))


def add_attempt(conn: Connection, row: Mapping[str, Any]) -> None:
    """Write down one attempt, and count it."""
    conn.execute(insert(webhook_attempts), row)
    own = webhook_messages.c.id == row["message"]
    conn.execute(update(webhook_messages).where(own).values(attempts=webhook_messages.c.attempts + 1))


def attempts_of(conn: Connection, message_id: str) -> tuple[Any, ...]:
    """The attempts of a message, in order."""
    query = select(webhook_attempts).where(webhook_attempts.c.message == message_id)
    return tuple(conn.execute(query.order_by(webhook_attempts.c.id)))


def forget(conn: Connection, *, settled_before: datetime, most: int) -> int:
    """Delete some messages that were settled before a time, with their attempts; says how many."""
    query = select(webhook_messages.c.id).where(webhook_messages.c.settled < settled_before).limit(most)
    old = list(conn.execute(query).scalars())
    if old:
        conn.execute(delete(webhook_attempts).where(webhook_attempts.c.message.in_(old)))
        conn.execute(delete(webhook_messages).where(webhook_messages.c.id.in_(old)))
    return len(old)
