"""Referral packages."""

import sqlalchemy as sa
from alembic import op

revision = "0021_referrals"
down_revision: str | None = "0020_filing"

ID, NUMBER, BYTES = sa.String(40), sa.BigInteger, sa.LargeBinary
BOOLEAN = sa.Boolean(create_constraint=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "referrals",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("task_id", ID),
        sa.Column("authority", ID, nullable=False),
        sa.Column("regime", ID, nullable=False),
        sa.Column("classes", sa.String(100), nullable=False),
        sa.Column("parts", sa.String(100), nullable=False),
        sa.Column("content", BOOLEAN, nullable=False),
        sa.Column("ground", sa.String(20), nullable=False),
        sa.Column("order", ID),
        sa.Column("danger", BOOLEAN, nullable=False),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("created", NUMBER, nullable=False),
        sa.Column("created_by", ID, nullable=False),
        sa.Column("frozen", BYTES),
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("asked_at", NUMBER),
        sa.Column("asked_by", ID),
        sa.Column("confirmed_at", NUMBER),
        sa.Column("confirmed_by", ID),
        sa.Column("single", BOOLEAN, nullable=False),
        sa.Column("reviewed_at", NUMBER),
        sa.Column("reviewed_by", ID),
        sa.Column("ended_at", NUMBER),
        sa.Column("ended_by", ID),
        sa.Column("outcome", BYTES),
        sa.Column("keep_until", NUMBER),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_referrals_case_id_cases"),
        sa.PrimaryKeyConstraint("id", name="pk_referrals"),
    )
    op.create_index("ix_referrals_case", "referrals", ["case_id"])
    op.create_index("ix_referrals_state", "referrals", ["state", "id"])
    op.create_index("ix_referrals_keep_until", "referrals", ["keep_until"])
    op.create_table(
        "referral_packages",
        sa.Column("id", ID, nullable=False),
        sa.Column("referral", ID, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("manifest", BYTES, nullable=False),
        sa.ForeignKeyConstraint(["referral"], ["referrals.id"], name="fk_referral_packages_referral_referrals"),
        sa.PrimaryKeyConstraint("id", name="pk_referral_packages"),
    )
    op.create_index("ix_referral_packages_referral", "referral_packages", ["referral", "id"])
