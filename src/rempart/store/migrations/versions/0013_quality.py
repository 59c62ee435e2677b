"""Tables of the room `cases`: quality and oversight."""

import sqlalchemy as sa
from alembic import op

revision = "0013_quality"
down_revision: str | None = "0012_sight"

TEXT, NUMBER, ID = sa.Text, sa.BigInteger, sa.String(40)


def upgrade() -> None:
    """Make the tables."""
    _samples()
    _flags()
    _figures()


def _samples() -> None:
    op.create_table(
        "sample_seeds",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("seed", sa.LargeBinary, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_sample_seeds"),
    )
    op.create_table(
        "case_samples",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("why", sa.String(10), nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("person", ID),
        sa.Column("taken", NUMBER),
        sa.Column("assessment", ID),
        sa.Column("done", NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_case_samples"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_samples_case_id"),
    )
    op.create_index("uq_case_samples_case_id_round", "case_samples", ["case_id", "round"], unique=True)
    op.create_index("ix_case_samples_state", "case_samples", ["state", "id"])


def _flags() -> None:
    op.create_table(
        "oversight_flags",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("person", ID, nullable=False),
        sa.Column("case_id", ID),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("facts", TEXT, nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("by", ID),
        sa.Column("seen", NUMBER),
        sa.Column("said", TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_oversight_flags"),
        sa.UniqueConstraint("key", name="uq_oversight_flags_key"),
    )
    op.create_index("ix_oversight_flags_state", "oversight_flags", ["state", "id"])


def _figures() -> None:
    op.create_table(
        "check_figures",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("count", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("month", "service", "verdict", name="pk_check_figures"),
    )
    op.create_table(
        "case_figures",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("dimension", sa.String(10), nullable=False),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("label", TEXT, nullable=False),
        *(sa.Column(name, NUMBER, nullable=False) for name in _COUNTED),
        sa.Column("middle", NUMBER),
        sa.Column("nearly_all", NUMBER),
        sa.PrimaryKeyConstraint("month", "dimension", "key", name="pk_case_figures"),
    )
    op.create_index("ix_case_figures_dimension", "case_figures", ["dimension", "month"])
    pair = ("month", "of", "what", "first", "second")
    op.create_table(
        "agreement_figures",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("of", sa.String(8), nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("first", sa.String(200), nullable=False),
        sa.Column("second", sa.String(200), nullable=False),
        sa.Column("count", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint(*pair, name="pk_agreement_figures"),
    )
    op.create_table(
        "figure_marks",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_figure_marks"),
    )
    over = sa.text("decided IS NOT NULL")
    op.create_index("ix_cases_opened", "cases", ["opened"])
    op.create_index("ix_cases_decided", "cases", ["decided"], sqlite_where=over, postgresql_where=over)


_COUNTED = (
    "opened", "decided", "upheld", "cleared", "timed", "within_hour", "within_day", "within_days", "assessed",
    "with_origin",
)  # fmt: skip
