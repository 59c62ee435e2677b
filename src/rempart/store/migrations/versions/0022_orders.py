"""Orders and requests of authorities, and disclosures."""

import sqlalchemy as sa
from alembic import op

revision = "0022_orders"
down_revision: str | None = "0021_referrals"

ID, NUMBER = sa.String(40), sa.BigInteger


def upgrade() -> None:
    """Make the tables."""
    _disclosures()


def _disclosures() -> None:
    op.create_table(
        "disclosures",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("order", ID),
        sa.Column("case_id", ID),
        sa.Column("recipient_class", sa.String(20), nullable=False),
        sa.Column("ground", sa.String(20), nullable=False),
        sa.Column("regime", sa.String(40), nullable=False),
        sa.Column("what", sa.String(100), nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.Column("second", ID),
        sa.Column("single", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_disclosures"),
    )
    op.create_index("ix_disclosures_at_id", "disclosures", ["at", "id"])
    for column in ("subject", "order", "case_id"):
        op.create_index(f"ix_disclosures_{column}", "disclosures", [column])
