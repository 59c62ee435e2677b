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
    _make_list_curation()
    _make_list_changesets()
    _make_changeset_rows()
    _make_guard_signals()
    _make_breakers()


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
        sa.Column("content", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_list_entries"),
        sa.ForeignKeyConstraint(["list"], ["lists.number"], name="fk_list_entries_list"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_list_entries_list_ref", "list_entries", ["list", "ref"])
    op.create_index("ix_list_entries_list_id", "list_entries", ["list", "id"])
    good = sa.text("disposition = 1")
    op.create_index("ix_list_entries_known_good", "list_entries", ["id"], sqlite_where=good, postgresql_where=good)


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


def _make_list_curation() -> None:
    op.create_table(
        "list_curation",
        sa.Column("list_id", sa.String(40), nullable=False),
        sa.Column("scheme", sa.String(64), nullable=False),
        sa.Column("growth", sa.Text, nullable=False),
        sa.Column("feeds", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("live", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("list_id", name="pk_list_curation"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_list_curation_list_id"),
    )


def _make_list_changesets() -> None:
    op.create_table(
        "list_changesets",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("list_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("origin", sa.String(200), nullable=False),
        sa.Column("feed", sa.Boolean, nullable=False),
        sa.Column("asked_by", sa.String(100), nullable=False),
        sa.Column("asked_as", sa.String(100), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("touched", sa.BigInteger, nullable=False),
        sa.Column("settled", sa.BigInteger),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("outcomes", sa.Text, nullable=False),
        sa.Column("refused", sa.Text, nullable=False),
        sa.Column("why", sa.String(400), nullable=False),
        sa.Column("marks", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary),
        sa.Column("approval_id", sa.String(40)),
        sa.Column("chunks_done", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_list_changesets"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_list_changesets_list_id"),
    )
    op.create_index("ix_list_changesets_list_id_created", "list_changesets", ["list_id", "created"])
    op.create_index("ix_list_changesets_state_touched", "list_changesets", ["state", "touched"])


def _make_changeset_rows() -> None:
    op.create_table(
        "changeset_rows",
        sa.Column("changeset_id", sa.String(40), nullable=False),
        sa.Column("no", sa.Integer, nullable=False),
        sa.Column("ref", sa.String(512), nullable=False),
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("before", sa.LargeBinary),
        sa.Column("after", sa.LargeBinary),
        sa.Column("was", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("flag", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("changeset_id", "no", name="pk_changeset_rows"),
        sa.ForeignKeyConstraint(["changeset_id"], ["list_changesets.id"], name="fk_changeset_rows_changeset_id"),
    )
    op.create_index("ix_changeset_rows_changeset_id_ref", "changeset_rows", ["changeset_id", "ref"], unique=True)


def _make_guard_signals() -> None:
    op.create_table(
        "guard_signals",
        sa.Column("guard", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("added_by", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("guard", "kind", "value", name="pk_guard_signals"),
    )


def _make_breakers() -> None:
    op.create_table(
        "breaker_counts",
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("window_start", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject", "window_start", name="pk_breaker_counts"),
    )
    op.create_index("ix_breaker_counts_window_start", "breaker_counts", ["window_start"])
    op.create_table(
        "breakers",
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tripped", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("usual", sa.BigInteger, nullable=False),
        sa.Column("allowed", sa.BigInteger),
        sa.Column("reset", sa.BigInteger),
        sa.Column("reset_by", sa.String(100)),
        sa.PrimaryKeyConstraint("subject", name="pk_breakers"),
    )
    op.create_table(
        "list_hits",
        sa.Column("list_id", sa.String(40), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("list_id", "day", name="pk_list_hits"),
    )
