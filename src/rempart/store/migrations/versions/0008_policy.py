"""Tables of the room `policy`."""

import sqlalchemy as sa
from alembic import op

revision = "0008_policy"
down_revision: str | None = "0007_cases"


def upgrade() -> None:
    """Make the table of policy versions."""
    op.create_table(
        "policies",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("version", sa.BigInteger),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("approval", sa.String(40)),
        sa.Column("proposed_by", sa.String(40), nullable=False),
        sa.Column("proposed", sa.BigInteger, nullable=False),
        sa.Column("put_by", sa.String(40)),
        sa.Column("put", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_policies"),
    )
    op.create_index("uq_policies_version", "policies", ["version"], unique=True)
