"""Tables of the room `cases`: grants and care."""

import sqlalchemy as sa
from alembic import op

revision = "0012_sight"
down_revision: str | None = "0011_assessments"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "case_grants",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("case_id", sa.String(40), nullable=False),
        sa.Column("item", sa.BigInteger, nullable=False),
        sa.Column("object", sa.String(40)),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("session", sa.String(40), nullable=False),
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("served", sa.BigInteger),
        sa.Column("covered", sa.BigInteger),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(20)),
        sa.PrimaryKeyConstraint("id", name="pk_case_grants"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_grants_case_id"),
    )
    op.create_index("ix_case_grants_case_id_item", "case_grants", ["case_id", "item"])
    op.create_index("ix_case_grants_person_at", "case_grants", ["person", "at"])
    op.create_index("ix_case_grants_at", "case_grants", ["at"])
    op.create_table(
        "care_settings",
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("reveals_per_day", sa.Integer),
        sa.Column("seconds_per_day", sa.Integer),
        sa.Column("break_after_minutes", sa.Integer),
        sa.PrimaryKeyConstraint("person", name="pk_care_settings"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_care_settings_person"),
    )
    op.create_table(
        "training_runs",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("finished", sa.BigInteger),
        sa.Column("answers", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_training_runs"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_training_runs_person"),
    )
    op.create_index("ix_training_runs_person_started", "training_runs", ["person", "started"])
