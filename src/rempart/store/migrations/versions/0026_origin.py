"""What a file says of where it came from, kept with its item; and what was read of our own mark in evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0026_origin"
down_revision: str | None = "0025_generated"


def upgrade() -> None:
    """Add the column, and make the table. Of items that were checked before, nobody has looked."""
    op.add_column("items", sa.Column("origin", sa.Text))
    op.create_table(
        "item_marks",
        sa.Column("item", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("object", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("record", sa.BigInteger),
        sa.Column("recognised", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("item", name="pk_item_marks"),
    )
