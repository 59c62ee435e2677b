"""Tables of the room `cases`: what somebody typed and has not sent."""

import sqlalchemy as sa
from alembic import op

revision = "0014_drafts"
down_revision: str | None = "0013_quality"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "case_drafts",
        sa.Column("case_id", sa.String(40), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "person", name="pk_case_drafts"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_drafts_case_id"),
    )
    op.create_index("ix_case_drafts_at", "case_drafts", ["at"])
