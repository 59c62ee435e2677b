"""Persons, their credentials and sessions, services' keys, approvals."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from rempart.store.schema import Json, UtcTime, metadata

ID = String(40)

persons = Table(
    "persons",
    metadata,
    Column("id", ID, primary_key=True),
    Column("pseudonym", String(40), nullable=False, unique=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("shown_name", String(200), nullable=False),
    Column("language", String(8), nullable=False),
    Column("password", String(200)),
    Column("totp_secret", LargeBinary),
    Column("totp_step", BigInteger, nullable=False),
    Column("oidc_issuer", String(400)),
    Column("oidc_subject", String(255)),
    Column("created", UtcTime, nullable=False),
    Column("deactivated", UtcTime),
    UniqueConstraint("oidc_issuer", "oidc_subject", name="uq_persons_oidc"),
)

person_roles = Table(
    "person_roles",
    metadata,
    Column("person", ID, ForeignKey("persons.id"), primary_key=True),
    Column("role", String(20), primary_key=True),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("credential", LargeBinary, primary_key=True),
    Column("person", ID, ForeignKey("persons.id"), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("label", String(80), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("last_used", UtcTime),
    Index("ix_passkeys_person", "person"),
)

signin_links = Table(
    "signin_links",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("person", ID, ForeignKey("persons.id"), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("used", UtcTime),
    Index("ix_signin_links_person", "person"),
    CheckConstraint("purpose IN ('enrol', 'sign-in')", name="purpose"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("person", ID, ForeignKey("persons.id"), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("method", String(16), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    Column("proved", UtcTime),
    Column("expires", UtcTime, nullable=False),
    Column("ended", UtcTime),
    Index("ix_sessions_person", "person"),
    CheckConstraint("stage IN ('enrolling', 'full')", name="stage"),
)

ceremonies = Table(
    "ceremonies",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("person", ID),
    Column("facts", Json, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Index("ix_ceremonies_expires", "expires"),
)

signin_attempts = Table(
    "signin_attempts",
    metadata,
    Column("subject", LargeBinary, primary_key=True),
    Column("started", UtcTime, nullable=False),
    Column("count", Integer, nullable=False),
    Index("ix_signin_attempts_started", "started"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", ID, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("label", String(80), nullable=False),
    Column("service", String(64), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("made_by", ID),
    Column("created", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("revoked", UtcTime),
    Column("follows", ID, ForeignKey("api_keys.id")),
    Column("per_minute", Integer),
    Column("signals_per_day", BigInteger),
)

key_usage = Table(
    "key_usage",
    metadata,
    Column("key", ID, ForeignKey("api_keys.id"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("taken", BigInteger, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("facts", Json, nullable=False),
    Column("asked_by", ID, nullable=False),
    Column("asked_behind", ID),
    Column("asked_session", ID),
    Column("asked_at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", ID),
    Column("decided_at", UtcTime),
    Column("reason", String(2000)),
    Column("single", Boolean, nullable=False),
    Index("ix_approvals_state", "state", "asked_at"),
    Index("ix_approvals_subject", "subject"),
    CheckConstraint("state IN ('pending', 'approved', 'refused', 'withdrawn')", name="state"),
)
