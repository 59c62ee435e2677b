"""Local features of listed pictures, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0027_parts"
down_revision: str | None = "0026_origin"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "list_parts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("list", sa.BigInteger, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("features", sa.LargeBinary, nullable=False),
        sa.Column("object_id", sa.String(40), nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_list_parts"),
        sa.ForeignKeyConstraint(["list"], ["lists.number"], name="fk_list_parts_list"),
        sa.UniqueConstraint("list", "ref", name="uq_list_parts_list_ref"),
        sqlite_autoincrement=True,
    )
