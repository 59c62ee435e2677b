"""Figures that are folded from the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0023_transparency"
down_revision: str | None = "0022_orders"


def upgrade() -> None:
    """Make the tables; everything in the ledger is counted as soon as a server runs."""
    op.create_table(
        "ledger_counts",
        sa.Column("measure", sa.String(40), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("labels", sa.String(500), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("measure", "day", "labels", name="pk_ledger_counts"),
    )
    op.create_table(
        "ledger_count_marks",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_ledger_count_marks"),
    )
    op.execute("INSERT INTO ledger_count_marks (name, value) VALUES ('form', 0), ('position', 0)")
