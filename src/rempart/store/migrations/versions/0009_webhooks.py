"""Tables of the room `cases`: webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "0009_webhooks"
down_revision: str | None = "0008_policy"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("why", sa.Text),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
    op.create_index("ix_webhook_endpoints_service", "webhook_endpoints", ["service"])
    op.create_table(
        "webhook_secrets",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("endpoint", sa.String(40), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("service_key", sa.String(40), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_secrets"),
        sa.ForeignKeyConstraint(["endpoint"], ["webhook_endpoints.id"], name="fk_webhook_secrets_endpoint"),
    )
    op.create_index("ix_webhook_secrets_endpoint", "webhook_secrets", ["endpoint"])
    op.create_table(
        "webhook_messages",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("endpoint", sa.String(40), nullable=False),
        sa.Column("decision", sa.String(40), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("settled", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_messages"),
        sa.ForeignKeyConstraint(["endpoint"], ["webhook_endpoints.id"], name="fk_webhook_messages_endpoint"),
    )
    op.create_index("uq_webhook_messages_endpoint_decision", "webhook_messages", ["endpoint", "decision"], unique=True)
    op.create_index("ix_webhook_messages_endpoint_id", "webhook_messages", ["endpoint", "id"])
    op.create_index("ix_webhook_messages_settled", "webhook_messages", ["settled"])
    op.create_table(
        "webhook_attempts",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("message", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.String(200)),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_attempts"),
        sa.ForeignKeyConstraint(["message"], ["webhook_messages.id"], name="fk_webhook_attempts_message"),
    )
    op.create_index("ix_webhook_attempts_message", "webhook_attempts", ["message"])
