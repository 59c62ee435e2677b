"""CyberTipline reports and what is drafted of them."""

import sqlalchemy as sa
from alembic import op

revision = "0019_reports"
down_revision: str | None = "0018_reasons"

ID, TEXT, NUMBER, BYTES = sa.String(40), sa.Text, sa.BigInteger, sa.LargeBinary


def upgrade() -> None:
    """Make the tables: reports, their files, what was kept of a case early, and what services supply. Of looks that
    were granted before, nobody knows whether they showed all that is in the file."""
    _reports()
    op.add_column("case_grants", sa.Column("whole", sa.Boolean))
    op.create_table(
        "report_files",
        sa.Column("id", ID, nullable=False),
        sa.Column("report", ID, sa.ForeignKey("reports.id", name="fk_report_files_report_reports"), nullable=False),
        sa.Column("item", NUMBER, nullable=True),
        sa.Column("object", ID),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("md5", BYTES),
        sa.Column("sha256", BYTES),
        sa.Column("size", NUMBER),
        sa.Column("viewed", sa.Boolean, nullable=False),
        sa.Column("exif_viewed", sa.Boolean, nullable=False),
        sa.Column("details", BYTES),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("remote", sa.String(80)),
        sa.Column("why", TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_report_files"),
    )
    op.create_index("uq_report_files_place", "report_files", ["report", "place"], unique=True)
    op.create_index("ix_report_files_object", "report_files", ["object"])
    op.create_table(
        "report_subjects",
        sa.Column("id", ID, nullable=False),
        sa.Column("report", ID, sa.ForeignKey("reports.id", name="fk_report_subjects_report_reports"), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.Column("sealed", BYTES),
        sa.PrimaryKeyConstraint("id", name="pk_report_subjects"),
    )
    op.create_index("ix_report_subjects_report", "report_subjects", ["report", "at"])
    op.create_table(
        "report_snapshots",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, sa.ForeignKey("cases.id", name="fk_report_snapshots_case_id_cases"), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("sealed", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report_snapshots"),
    )
    op.create_index("uq_report_snapshots_round", "report_snapshots", ["case_id", "round"], unique=True)


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, sa.ForeignKey("cases.id", name="fk_reports_case_id_cases"), nullable=False),
        sa.Column("task_id", ID, sa.ForeignKey("case_tasks.id", name="fk_reports_task_id_case_tasks"), nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("service", sa.String(200)),
        sa.Column("person", BYTES),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("environment", sa.String(12), nullable=False),
        sa.Column("created", NUMBER, nullable=False),
        sa.Column("changed", NUMBER, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("frozen", BYTES),
        sa.Column("sealed", BYTES),
        sa.Column("digest", BYTES),
        sa.Column("asked_by", ID),
        sa.Column("asked_at", NUMBER),
        sa.Column("confirmed_by", ID),
        sa.Column("confirmed_at", NUMBER),
        sa.Column("single", sa.Boolean, nullable=False),
        sa.Column("danger", sa.Boolean, nullable=False),
        sa.Column("number", TEXT),
        sa.Column("filed_at", NUMBER),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_try", NUMBER),
        sa.Column("why", TEXT),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("keep_until", NUMBER),
        sa.Column("forgotten", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
    )
    op.create_index("uq_reports_task_part", "reports", ["task_id", "part"], unique=True)
    op.create_index("ix_reports_case", "reports", ["case_id"])
    op.create_index("ix_reports_person", "reports", ["person"])
    op.create_index("ix_reports_state", "reports", ["state", "id"])
    op.create_index("ix_reports_service_state", "reports", ["service", "state"])
    op.create_index("ix_reports_keep_until", "reports", ["keep_until"])
