"""Tables of the room `lists`: the lists with their entries, then how they are changed."""

import sqlalchemy as sa
from alembic import op

revision = "0005_lists"
down_revision: str | None = "0004_people"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_lists()
    _make_list_entries()
    _make_entry_signals()


def _make_lists() -> None:
    op.create_table(
        "lists",
        sa.Column("number", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.PrimaryKeyConstraint("number", name="pk_lists"),
        sa.UniqueConstraint("id", name="uq_lists_id"),
        sqlite_autoincrement=True,
    )
    live = sa.text("ended IS NULL")
    op.create_index("uq_lists_name", "lists", ["name"], unique=True, sqlite_where=live, postgresql_where=live)


def _make_list_entries() -> None:
    op.create_table(
        "list_entries",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("list", sa.BigInteger, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("scheme", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("opinion", sa.String(20), nullable=False),
        sa.Column("disposition", sa.SmallInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("tags", sa.Text),
        sa.Column("record", sa.Text),
        sa.Column("told", sa.BigInteger),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("withdrawn", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_list_entries"),
        sa.ForeignKeyConstraint(["list"], ["lists.number"], name="fk_list_entries_list"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_list_entries_list_ref", "list_entries", ["list", "ref"])


def _make_entry_signals() -> None:
    op.create_table(
        "entry_signals",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("entry", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("facet", sa.Text),
        sa.Column("recipe", sa.Text),
        sa.Column("quality", sa.SmallInteger),
        sa.Column("answers", sa.Boolean, nullable=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("removed", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_entry_signals"),
        sa.ForeignKeyConstraint(["entry"], ["list_entries.id"], name="fk_entry_signals_entry"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_entry_signals_entry", "entry_signals", ["entry"])
    op.create_index("ix_entry_signals_added", "entry_signals", ["added"])
    removed = sa.text("removed IS NOT NULL")
    op.create_index(
        "ix_entry_signals_removed", "entry_signals", ["removed"], sqlite_where=removed, postgresql_where=removed
    )
