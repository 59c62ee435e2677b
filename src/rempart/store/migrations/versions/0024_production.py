"""When filing reports for real was switched on and off, and what was said afterwards of single reports."""

import sqlalchemy as sa
from alembic import op

from rempart.store.triggers import append_only_triggers

revision = "0024_production"
down_revision: str | None = "0023_transparency"


def upgrade() -> None:
    """Make the two tables; neither a turn nor a word is ever altered."""
    op.create_table(
        "report_switches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("enabled", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("target", sa.LargeBinary, nullable=False),
        sa.Column("approval", sa.String(40)),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report_switches"),
    )
    op.create_table(
        "report_reviews",
        sa.Column("report", sa.String(40), nullable=False),
        sa.Column("agreed", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("report", name="pk_report_reviews"),
        sa.ForeignKeyConstraint(["report"], ["reports.id"], name="fk_report_reviews_report"),
    )
    for table, key in (("report_switches", "id"), ("report_reviews", "report")):
        for statement in append_only_triggers(table, op.get_bind().dialect.name, keys=[[key]]):
            op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
