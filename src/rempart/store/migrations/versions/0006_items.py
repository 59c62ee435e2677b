"""Items, the checks of them, their signals, and answers under idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0006_items"
down_revision: str | None = "0005_lists"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT, NUMBER, BYTES = sa.Text, sa.BigInteger, sa.LargeBinary


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "items",
        sa.Column("id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("item_id", sa.String(512), nullable=False),
        sa.Column("uploader", TEXT),
        sa.Column("url", TEXT),
        sa.Column("published", sa.Boolean(create_constraint=False)),
        sa.Column("context", TEXT, nullable=False),
        sa.Column("sha256", BYTES),
        sa.Column("media_type", sa.String(80)),
        sa.Column("size", NUMBER),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("decided", sa.String(10)),
        sa.Column("request", sa.String(40), nullable=False),
        sa.Column("object", sa.String(40)),
        sa.Column("created", NUMBER, nullable=False),
        sa.Column("checked", NUMBER, nullable=False),
        sa.Column("gone", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
        sa.UniqueConstraint("service", "item_id", name="uq_items_service_item_id"),
    )
    op.create_index("ix_items_checked", "items", ["checked"])
    op.create_table(
        "checks",
        sa.Column("request", sa.String(40), nullable=False),
        sa.Column("item", NUMBER, nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("outcome", sa.String(20)),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("rule", sa.String(80), nullable=False),
        sa.Column("policy", NUMBER, nullable=False),
        sa.Column("mark", NUMBER, nullable=False),
        sa.Column("facts", TEXT),
        sa.Column("case_id", sa.String(40)),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_checks"),
    )
    op.create_index("ix_checks_item", "checks", ["item"])
    op.create_index("ix_checks_at", "checks", ["at"])
    _signals()
    op.create_table(
        "check_replays",
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("key", BYTES, nullable=False),
        sa.Column("request", sa.String(40), nullable=False),
        sa.Column("item", NUMBER, nullable=False),
        sa.Column("salt", BYTES, nullable=False),
        sa.Column("asked", BYTES, nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("service", "key", name="pk_check_replays"),
    )
    op.create_index("ix_check_replays_at", "check_replays", ["at"])
    op.create_index("ix_check_replays_item", "check_replays", ["item"])


def _signals() -> None:
    op.create_table(
        "item_signals",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("item", NUMBER, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("value", BYTES, nullable=False),
        sa.Column("probe", TEXT, nullable=False),
        sa.Column("recipe", TEXT),
        sa.Column("quality", sa.SmallInteger),
        sa.Column("added", NUMBER, nullable=False),
        sa.Column("removed", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_item_signals"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_item_signals_item", "item_signals", ["item"])
    op.create_index("ix_item_signals_added", "item_signals", ["added"])
    gone = sa.text("removed IS NOT NULL")
    op.create_index("ix_item_signals_removed", "item_signals", ["removed"], sqlite_where=gone, postgresql_where=gone)
