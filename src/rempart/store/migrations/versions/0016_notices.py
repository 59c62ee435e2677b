"""Notices, their clocks, letters and complaints."""

import sqlalchemy as sa
from alembic import op

revision = "0016_notices"
down_revision: str | None = "0015_running"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT, NUMBER, ID, BYTES = sa.Text, sa.BigInteger, sa.String(40), sa.LargeBinary


def upgrade() -> None:
    """Make the tables."""
    _notices()
    _parts()
    _clocks()
    _after()
    # Whoever tells where a picture is tells an address. Postgres keeps addresses of any length in a hash index alone.
    where = sa.text("url IS NOT NULL")
    op.create_index(
        "ix_items_url", "items", ["url"], sqlite_where=where, postgresql_where=where, postgresql_using="hash"
    )


def _notices() -> None:
    boolean = sa.Boolean(create_constraint=False)
    open_, unswept = sa.text("state = 'open'"), sa.text("swept_at IS NULL")
    op.create_table(
        "notices",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("secret_hash", BYTES, nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("received", NUMBER, nullable=False),
        sa.Column("entered", NUMBER, nullable=False),
        sa.Column("via", sa.String(10), nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("role", sa.String(10)),
        sa.Column("track", sa.String(10), nullable=False),
        sa.Column("minor", sa.String(10), nullable=False),
        sa.Column("synthetic", sa.String(10)),
        sa.Column("declared", TEXT, nullable=False),
        sa.Column("regimes", TEXT, nullable=False),
        sa.Column("insider", boolean, nullable=False),
        sa.Column("sender", BYTES),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("outcome", sa.String(10)),
        sa.Column("decided_at", NUMBER),
        sa.Column("withdrawn_at", NUMBER),
        sa.Column("due", NUMBER, nullable=False),
        sa.Column("complaint_until", NUMBER),
        sa.Column("unfounded_at", NUMBER),
        sa.Column("forgotten_at", NUMBER),
        sa.Column("swept_at", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("number", name="uq_notices_number"),
    )
    op.create_index("ix_notices_open", "notices", ["due", "id"], sqlite_where=open_, postgresql_where=open_)
    op.create_index("ix_notices_received_id", "notices", ["received", "id"])
    op.create_index("ix_notices_unswept", "notices", ["state"], sqlite_where=unswept, postgresql_where=unswept)


def _parts() -> None:
    op.create_table(
        "notice_sealed",
        sa.Column("notice", ID, nullable=False),
        sa.Column("name", ID, nullable=False),
        sa.Column("sealed", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("notice", "name", name="pk_notice_sealed"),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name="fk_notice_sealed_notice"),
    )
    op.create_table(
        "notice_locations",
        sa.Column("id", ID, nullable=False),
        sa.Column("notice", ID, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("item", NUMBER, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("why", sa.String(40)),
        sa.Column("decided_at", NUMBER),
        sa.Column("decided_in", ID),
        sa.Column("removed_at", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_notice_locations"),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name="fk_notice_locations_notice"),
    )
    op.create_index("uq_notice_locations_notice_place", "notice_locations", ["notice", "place"], unique=True)
    op.create_index("ix_notice_locations_item", "notice_locations", ["item"])
    op.create_index("ix_notice_locations_case_id", "notice_locations", ["case_id"])
    op.create_table(
        "notice_signals",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("notice", ID, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("value", BYTES, nullable=False),
        sa.Column("quality", sa.SmallInteger),
        sa.Column("recipe", sa.String(40), nullable=False),
        sa.Column("withdrawn", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_notice_signals"),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name="fk_notice_signals_notice"),
    )
    op.create_index("ix_notice_signals_notice", "notice_signals", ["notice"])


def _clocks() -> None:
    running = sa.text("met IS NULL")
    op.create_table(
        "notice_clocks",
        sa.Column("notice", ID, nullable=False),
        sa.Column("regime", sa.String(20), nullable=False),
        sa.Column("trigger", NUMBER, nullable=False),
        sa.Column("due", NUMBER, nullable=False),
        sa.Column("next", NUMBER),
        sa.Column("warned", NUMBER),
        sa.Column("alarmed", NUMBER),
        sa.Column("met", NUMBER),
        sa.PrimaryKeyConstraint("notice", "regime", name="pk_notice_clocks"),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name="fk_notice_clocks_notice"),
    )
    op.create_index("ix_notice_clocks_next", "notice_clocks", ["next"], sqlite_where=running, postgresql_where=running)


def _after() -> None:
    op.create_table(
        "notice_letters",
        sa.Column("id", ID, nullable=False),
        sa.Column("notice", ID, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("sealed", BYTES),
        sa.Column("mailed", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_notice_letters"),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name="fk_notice_letters_notice"),
    )
    op.create_index("ix_notice_letters_notice", "notice_letters", ["notice"])
    op.create_table(
        "notice_complaints",
        sa.Column("id", ID, nullable=False),
        sa.Column("notice", ID, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("locations", TEXT, nullable=False),
        sa.Column("barred", TEXT, nullable=False),
        sa.Column("by", ID),
        sa.Column("decided_at", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_notice_complaints"),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name="fk_notice_complaints_notice"),
    )
    op.create_index("ix_notice_complaints_notice", "notice_complaints", ["notice"])
    op.create_index("ix_notice_complaints_case_id", "notice_complaints", ["case_id"])
    op.create_table(
        "notice_warnings",
        sa.Column("sender", BYTES, nullable=False),
        sa.Column("unfounded", sa.Integer, nullable=False),
        sa.Column("last", NUMBER, nullable=False),
        sa.Column("warned_at", NUMBER),
        sa.Column("until", NUMBER),
        sa.Column("by", ID),
        sa.PrimaryKeyConstraint("sender", name="pk_notice_warnings"),
    )
