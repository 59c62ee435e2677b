"""Tables of the room `people`: persons, credentials, sessions, services' keys, approvals."""

import sqlalchemy as sa
from alembic import op

revision = "0004_people"
down_revision: str | None = "0003_vault"


def upgrade() -> None:
    """Make the tables, and the counter of changes of keys at 0."""
    _accounts()
    _sessions()
    _services()
    counters = sa.table("counters", sa.column("name", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(counters, [{"name": "keys", "value": 0}])


def _accounts() -> None:
    """Persons, their roles and credentials."""
    op.create_table(
        "persons",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("pseudonym", sa.String(40), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("shown_name", sa.String(200), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("password", sa.String(200)),
        sa.Column("totp_secret", sa.LargeBinary),
        sa.Column("totp_step", sa.BigInteger, nullable=False),
        sa.Column("oidc_issuer", sa.String(400)),
        sa.Column("oidc_subject", sa.String(255)),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("deactivated", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_persons"),
        sa.UniqueConstraint("name", name="uq_persons_name"),
        sa.UniqueConstraint("oidc_issuer", "oidc_subject", name="uq_persons_oidc"),
        sa.UniqueConstraint("pseudonym", name="uq_persons_pseudonym"),
    )
    op.create_table(
        "person_roles",
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_person_roles_person"),
        sa.PrimaryKeyConstraint("person", "role", name="pk_person_roles"),
    )
    op.create_table(
        "passkeys",
        sa.Column("credential", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("last_used", sa.BigInteger),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_passkeys_person"),
        sa.PrimaryKeyConstraint("credential", name="pk_passkeys"),
    )
    op.create_index("ix_passkeys_person", "passkeys", ["person"])
    op.create_table(
        "signin_links",
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger),
        sa.CheckConstraint("purpose IN ('enrol', 'sign-in')", name="ck_signin_links_purpose"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_signin_links_person"),
        sa.PrimaryKeyConstraint("hash", name="pk_signin_links"),
    )
    op.create_index("ix_signin_links_person", "signin_links", ["person"])


def _sessions() -> None:
    """Sign-ins, under way and done."""
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("last_seen", sa.BigInteger, nullable=False),
        sa.Column("proved", sa.BigInteger),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.CheckConstraint("stage IN ('enrolling', 'full')", name="ck_sessions_stage"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_sessions_person"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("hash", name="uq_sessions_hash"),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "ceremonies",
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("person", sa.String(40)),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_ceremonies"),
    )
    op.create_index("ix_ceremonies_expires", "ceremonies", ["expires"])
    op.create_table(
        "signin_attempts",
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_signin_attempts"),
    )
    op.create_index("ix_signin_attempts_started", "signin_attempts", ["started"])


def _services() -> None:
    """Keys of services, and approvals."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("made_by", sa.String(40)),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger),
        sa.Column("follows", sa.String(40)),
        sa.Column("per_minute", sa.Integer),
        sa.Column("signals_per_day", sa.BigInteger),
        sa.ForeignKeyConstraint(["follows"], ["api_keys.id"], name="fk_api_keys_follows"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )
    op.create_table(
        "key_usage",
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("taken", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["key"], ["api_keys.id"], name="fk_key_usage_key"),
        sa.PrimaryKeyConstraint("key", "day", name="pk_key_usage"),
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("asked_by", sa.String(40), nullable=False),
        sa.Column("asked_behind", sa.String(40)),
        sa.Column("asked_session", sa.String(40)),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(40)),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("reason", sa.String(2000)),
        sa.Column("single", sa.Boolean, nullable=False),
        sa.CheckConstraint("state IN ('pending', 'approved', 'refused', 'withdrawn')", name="ck_approvals_state"),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
    )
    op.create_index("ix_approvals_state", "approvals", ["state", "asked_at"])
    op.create_index("ix_approvals_subject", "approvals", ["subject"])
