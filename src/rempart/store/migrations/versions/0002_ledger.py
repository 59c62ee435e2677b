"""Tables of the ledger, and the triggers that keep them append-only."""

import sqlalchemy as sa
from alembic import op

from rempart.store.triggers import append_only_triggers

revision = "0002_ledger"
down_revision: str | None = "0001_store"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, then close them."""
    _make_leaves()
    _make_tree()
    _make_statements()
    dialect = op.get_bind().dialect.name
    for table, keys in (
        ("ledger_leaves", [["id"]]),
        ("ledger_positions", [["position"], ["leaf_id"]]),
        ("ledger_tiles", [["level", "place"]]),
        ("ledger_checkpoints", [["id"]]),
        ("ledger_timestamps", [["id"], ["checkpoint_id"]]),
        ("ledger_keys", [["id"], ["line"]]),
    ):
        _execute(append_only_triggers(table, dialect, keys=keys))
    _execute(append_only_triggers("ledger_salts", dialect, keys=[["leaf_id"]], deletable=True))
    _execute(_PENDING_SQLITE if dialect == "sqlite" else _PENDING_POSTGRES)


def _execute(statements: list[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def _make_leaves() -> None:
    op.create_table(
        "ledger_leaves",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("at_salt", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_leaves"),
    )
    op.create_table(
        "ledger_salts",
        sa.Column("leaf_id", BIG_ID, nullable=False, autoincrement=False),
        sa.Column("subject", sa.Text),
        sa.Column("salts", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("leaf_id", name="pk_ledger_salts"),
    )
    op.create_index("ix_ledger_salts_subject", "ledger_salts", ["subject"])
    op.create_table(
        "ledger_pending",
        sa.Column("leaf_id", BIG_ID, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("leaf_id", name="pk_ledger_pending"),
    )


def _make_tree() -> None:
    op.create_table(
        "ledger_positions",
        sa.Column("position", BIG_ID, nullable=False, autoincrement=False),
        sa.Column("leaf_id", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_ledger_positions"),
        sa.UniqueConstraint("leaf_id", name="uq_ledger_positions_leaf_id"),
    )
    op.create_table(
        "ledger_tiles",
        sa.Column("level", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("place", BIG_ID, nullable=False, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "place", name="pk_ledger_tiles"),
    )


def _make_statements() -> None:
    op.create_table(
        "ledger_checkpoints",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_checkpoints"),
    )
    op.create_table(
        "ledger_timestamps",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("checkpoint_id", sa.BigInteger, nullable=False),
        sa.Column("response", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_timestamps"),
        sa.UniqueConstraint("checkpoint_id", name="uq_ledger_timestamps_checkpoint_id"),
    )
    op.create_table(
        "ledger_keys",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_keys"),
        sa.UniqueConstraint("line", name="uq_ledger_keys_line"),
    )


# A leaf leaves the queue only once it has its position: forgotten leaves would be lost to the tree.
_PENDING_SQLITE = [
    "CREATE TRIGGER ledger_pending_positioned BEFORE DELETE ON ledger_pending "
    "WHEN NOT EXISTS (SELECT 1 FROM ledger_positions WHERE leaf_id = OLD.leaf_id) "
    "BEGIN SELECT RAISE(ABORT, 'DELETE refused: the leaf has no position'); END",
    "CREATE TRIGGER ledger_pending_no_update BEFORE UPDATE ON ledger_pending "
    "BEGIN SELECT RAISE(ABORT, 'UPDATE refused: ledger_pending is a queue'); END",
]
_PENDING_POSTGRES = [
    "CREATE FUNCTION ledger_pending_positioned() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF EXISTS (SELECT 1 FROM ledger_positions WHERE leaf_id = OLD.leaf_id) THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION 'DELETE refused: the leaf has no position' USING ERRCODE = 'restrict_violation'; END $$",
    "CREATE TRIGGER ledger_pending_positioned BEFORE DELETE ON ledger_pending "
    "FOR EACH ROW EXECUTE FUNCTION ledger_pending_positioned()",
    "CREATE TRIGGER ledger_pending_append_only BEFORE UPDATE OR TRUNCATE ON ledger_pending "
    "FOR EACH STATEMENT EXECUTE FUNCTION rempart_append_only()",
]
