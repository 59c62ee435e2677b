"""Tables of the room `cases`: cases and decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0007_cases"
down_revision: str | None = "0006_items"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _cases()
    _decisions()
    _searches()


def _cases() -> None:
    open_ = sa.text("state = 'open'")
    op.create_table(
        "cases",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("queue", sa.String(40), nullable=False),
        sa.Column("assessors", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("cluster", sa.LargeBinary),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("policy_version", sa.BigInteger, nullable=False),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("opened_by", sa.String(40), nullable=False),
        sa.Column("withdrawn", sa.BigInteger),
        sa.Column("decision", sa.String(10)),
        sa.Column("decided", sa.BigInteger),
        sa.Column("decided_by", sa.String(40)),
        sa.Column("decided_why", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_index("ix_cases_state_queue_opened", "cases", ["state", "queue", "opened"])
    op.create_index(
        "uq_cases_open_cluster", "cases", ["cluster"], unique=True, sqlite_where=open_, postgresql_where=open_
    )
    op.create_table(
        "case_items",
        sa.Column("case_id", sa.String(40), nullable=False),
        sa.Column("item", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "item", name="pk_case_items"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_items_case_id"),
    )
    op.create_index("ix_case_items_item", "case_items", ["item"])
    op.create_table(
        "case_matches",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("case_id", sa.String(40), nullable=False),
        sa.Column("item", sa.BigInteger, nullable=False),
        sa.Column("list_id", sa.String(40)),
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("mode", sa.String(10)),
        sa.Column("entry_id", sa.BigInteger),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("signal_kind", sa.String(10), nullable=False),
        sa.Column("distance", sa.Integer, nullable=False),
        sa.Column("probe", sa.String(80), nullable=False),
        sa.Column("scheme", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("opinion", sa.String(20), nullable=False),
        sa.Column("facet", sa.Text),
        sa.Column("withdrawn", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_case_matches"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_matches_case_id"),
    )
    op.create_index("ix_case_matches_case", "case_matches", ["case_id"])
    op.create_index("ix_case_matches_entry", "case_matches", ["entry_id"])


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("item", sa.BigInteger, nullable=False),
        sa.Column("item_id", sa.Text),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("previous", sa.String(10)),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("case_id", sa.String(40)),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_decisions"),
        sa.UniqueConstraint("id", name="uq_decisions_id"),
    )
    op.create_index("ix_decisions_item", "decisions", ["item"])
    op.create_index("ix_decisions_service_seq", "decisions", ["service", "seq"])


def _searches() -> None:
    op.create_table(
        "lookback_searches",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lookback_searches"),
    )
