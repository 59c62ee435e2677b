"""What a gate let through, how often each person tried, and photos that are protected from generators."""

import sqlalchemy as sa
from alembic import op

revision = "0028_gate"
down_revision: str | None = "0027_parts"

_REMOVED = sa.text("removed IS NOT NULL")


def upgrade() -> None:
    """Make the tables, and the counter at 0."""
    op.create_table(
        "gate_records",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("passage", sa.String(10), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gate_records"),
    )
    op.create_index("ix_gate_records_passage_at", "gate_records", ["passage", "at"])
    op.create_table(
        "gate_tries",
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("window", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject", "kind", "window", name="pk_gate_tries"),
    )
    op.create_index("ix_gate_tries_at", "gate_tries", ["at"])
    op.create_table(
        "protected_photos",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("service", sa.String(200)),
        sa.Column("reference", sa.Text),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("withdrawn", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_protected_photos"),
    )
    op.create_index("ix_protected_photos_service_reference", "protected_photos", ["service", "reference"])
    op.create_table(
        "protected_signals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("photo", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("quality", sa.SmallInteger),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("removed", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_protected_signals"),
        sa.ForeignKeyConstraint(["photo"], ["protected_photos.id"], name="fk_protected_signals_photo"),
        sa.UniqueConstraint("photo", "kind", name="uq_protected_signals_photo_kind"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_protected_signals_added", "protected_signals", ["added"])
    op.create_index(
        "ix_protected_signals_removed", "protected_signals", ["removed"], sqlite_where=_REMOVED,
        postgresql_where=_REMOVED,
    )  # fmt: skip
    op.execute("INSERT INTO counters (name, value) VALUES ('protected', 0)")
