"""What was sent of reports, and what was answered."""

import sqlalchemy as sa
from alembic import op

revision = "0020_filing"
down_revision: str | None = "0019_reports"

ID, TEXT, NUMBER, WORD = sa.String(40), sa.Text, sa.BigInteger, sa.String(12)
_ACTIVE = sa.text("active")


def upgrade() -> None:
    """Make the tables: what is being filed, each opening, each call, receipts, and where nothing is sent."""
    _filings()
    op.create_table(
        "report_calls",
        _report("report_calls"),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("no", sa.Integer, nullable=False),
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("file", ID),
        sa.Column("started", NUMBER, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("ended", NUMBER),
        sa.Column("result", WORD),
        sa.Column("http", sa.Integer),
        sa.Column("code", sa.Integer),
        sa.Column("request_id", sa.String(100)),
        sa.Column("response", sa.LargeBinary),
        sa.PrimaryKeyConstraint("report", "run", "no", name="pk_report_calls"),
    )
    op.create_table(
        "report_receipts",
        _report("report_receipts"),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("environment", WORD, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("object", ID),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("sealed", NUMBER, nullable=False),
        sa.Column("again", sa.Boolean, nullable=False),
        sa.Column("differs", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("report", "run", name="pk_report_receipts"),
    )
    op.create_index("ix_report_receipts_object", "report_receipts", ["object"])
    op.create_table(
        "report_stops",
        sa.Column("environment", WORD, nullable=False),
        sa.Column("mark", sa.LargeBinary, nullable=False),
        sa.Column("since", NUMBER, nullable=False),
        sa.Column("put_off", NUMBER, nullable=False),
        sa.Column("next_try", NUMBER, nullable=False),
        sa.Column("why", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("environment", name="pk_report_stops"),
    )


def _filings() -> None:
    op.create_table(
        "report_filings",
        _report("report_filings"),
        sa.Column("environment", WORD, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("begun", NUMBER, nullable=False),
        sa.Column("job", NUMBER),
        sa.Column("odd", sa.Integer, nullable=False),
        sa.Column("then", sa.String(10)),
        sa.Column("told_late", NUMBER),
        sa.Column("put_off", NUMBER),
        sa.PrimaryKeyConstraint("report", name="pk_report_filings"),
    )
    op.create_index(
        "ix_report_filings_active", "report_filings", ["report"], sqlite_where=_ACTIVE, postgresql_where=_ACTIVE
    )
    op.create_table(
        "report_runs",
        _report("report_runs"),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("environment", WORD, nullable=False),
        sa.Column("begun", NUMBER, nullable=False),
        sa.Column("number", TEXT),
        sa.Column("opened", NUMBER),
        sa.Column("touched", NUMBER),
        sa.Column("ended", NUMBER),
        sa.Column("outcome", WORD),
        sa.Column("why", TEXT),
        sa.PrimaryKeyConstraint("report", "run", name="pk_report_runs"),
    )


def _report(table: str) -> sa.Column[str]:
    return sa.Column("report", ID, sa.ForeignKey("reports.id", name=f"fk_{table}_report_reports"), nullable=False)
