"""Seeds of notices, findings, and removals that services confirm."""

import sqlalchemy as sa
from alembic import op

revision = "0017_seeds"
down_revision: str | None = "0016_notices"


def upgrade() -> None:
    """Make the tables, and mark the lists that are Rempart's own."""
    # Names that begin so are Rempart's own from here on; a list that people named so keeps all but its name.
    op.execute("UPDATE lists SET name = 'our ' || name WHERE name LIKE 'system:%' AND ended IS NULL")
    op.add_column(
        "lists", sa.Column("system", sa.Boolean(create_constraint=False), nullable=False, server_default=sa.false())
    )
    _make_seeds()
    _make_removals()
    _make_findings()


def _make_seeds() -> None:
    op.create_table(
        "notice_seeds",
        sa.Column("entry", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("notice", sa.String(40), nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("planted", sa.BigInteger, nullable=False),
        sa.Column("pulled", sa.BigInteger),
        sa.PrimaryKeyConstraint("entry", name="pk_notice_seeds"),
        sa.ForeignKeyConstraint(["entry"], ["list_entries.id"], name="fk_notice_seeds_entry"),
    )
    op.create_index("ix_notice_seeds_notice", "notice_seeds", ["notice"])


def _make_removals() -> None:
    op.create_table(
        "removals",
        sa.Column("decision", sa.String(40), nullable=False),
        sa.Column("item", sa.BigInteger, nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("case_id", sa.String(40)),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("confirmed", sa.BigInteger),
        sa.Column("confirmed_by", sa.String(40)),
        sa.Column("alarm_at", sa.BigInteger),
        sa.Column("alarmed", sa.BigInteger),
        sa.PrimaryKeyConstraint("decision", name="pk_removals"),
    )
    op.create_index("ix_removals_item", "removals", ["item"])
    waits = sa.text("alarm_at IS NOT NULL")
    op.create_index("ix_removals_alarm_at", "removals", ["alarm_at"], sqlite_where=waits, postgresql_where=waits)


def _make_findings() -> None:
    op.create_table(
        "notice_findings",
        sa.Column("notice", sa.String(40), nullable=False),
        sa.Column("item", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("location", sa.String(40)),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("case_id", sa.String(40), nullable=False),
        sa.Column("distance", sa.Integer),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("notice", "item", name="pk_notice_findings"),
    )
