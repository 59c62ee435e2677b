"""What is sealed, why it is kept, legal holds, the custody log; and restores that must be finished."""

import sqlalchemy as sa
from alembic import op

from rempart.store.triggers import append_only_triggers

revision = "0003_vault"
down_revision: str | None = "0002_ledger"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables; the custody log takes new lines and nothing else."""
    _objects()
    _reasons()
    _custody()
    op.create_table(
        "restores",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("backup_made", sa.BigInteger, nullable=False),
        sa.Column("ledger_size", sa.BigInteger, nullable=False),
        sa.Column("last_leaf", sa.BigInteger, nullable=False),
        sa.Column("finished", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_restores"),
    )


def _objects() -> None:
    op.create_table(
        "vault_objects",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("item", sa.String(40)),
        sa.Column("sha256", sa.LargeBinary),
        sa.Column("blob", sa.String(40)),
        sa.Column("blob_size", sa.BigInteger, nullable=False),
        sa.Column("blob_sha256", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.String(40)),
        sa.Column("wrap", sa.LargeBinary),
        sa.Column("custodian_mark", sa.String(40)),
        sa.Column("custodian_wrap", sa.LargeBinary),
        sa.Column("due_seen", sa.BigInteger),
        sa.Column("destroyed", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_vault_objects"),
    )
    op.create_index("ix_vault_objects_item", "vault_objects", ["item"])
    op.create_index("ix_vault_objects_blob", "vault_objects", ["blob"])
    alive = sa.text("destroyed IS NULL")
    op.create_index("ix_vault_objects_alive", "vault_objects", ["key_id"], sqlite_where=alive, postgresql_where=alive)


def _reasons() -> None:
    op.create_table(
        "vault_bases",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("object", sa.String(40), nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("keep_until", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_vault_bases"),
        sa.ForeignKeyConstraint(["object"], ["vault_objects.id"], name="fk_vault_bases_object"),
    )
    op.create_index("ix_vault_bases_object", "vault_bases", ["object"])
    op.create_table(
        "vault_holds",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("object", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("authority", sa.Text, nullable=False),
        sa.Column("placed", sa.BigInteger, nullable=False),
        sa.Column("placed_by", sa.Text, nullable=False),
        sa.Column("released", sa.BigInteger),
        sa.Column("released_by", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_vault_holds"),
        sa.ForeignKeyConstraint(["object"], ["vault_objects.id"], name="fk_vault_holds_object"),
    )
    op.create_index("ix_vault_holds_object", "vault_holds", ["object"])


def _custody() -> None:
    op.create_table(
        "vault_custody",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("object", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vault_custody"),
        sa.ForeignKeyConstraint(["object"], ["vault_objects.id"], name="fk_vault_custody_object"),
    )
    op.create_index("ix_vault_custody_object", "vault_custody", ["object"])
    for statement in append_only_triggers("vault_custody", op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
