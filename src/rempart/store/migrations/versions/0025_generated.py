"""What generators made and a service stamped, and by what parts of its hash it is found again."""

import sqlalchemy as sa
from alembic import op

from rempart.store.triggers import append_only_triggers

revision = "0025_generated"
down_revision: str | None = "0024_production"


def upgrade() -> None:
    """Make the tables; a record is never altered, and may be erased."""
    op.create_table(
        "generated",
        sa.Column("record", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("edited", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("marked", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("pdq", sa.LargeBinary),
        sa.Column("manifest", sa.String(120)),
        sa.Column("manifest_digest", sa.LargeBinary),
        sa.Column("gate", sa.Text),
        sa.PrimaryKeyConstraint("record", name="pk_generated"),
    )
    op.create_index("ix_generated_manifest", "generated", ["manifest"])
    op.create_index("ix_generated_at", "generated", ["at"])
    op.create_table(
        "generated_parts",
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("record", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("part", "record", name="pk_generated_parts"),
        sa.ForeignKeyConstraint(["record"], ["generated.record"], name="fk_generated_parts_record"),
    )
    op.create_index("ix_generated_parts_record", "generated_parts", ["record"])
    for statement in append_only_triggers("generated", op.get_bind().dialect.name, keys=[["record"]], deletable=True):
        op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
