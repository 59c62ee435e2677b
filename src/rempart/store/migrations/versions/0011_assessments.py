"""Tables of the room `cases`: assessments, outcomes, near-duplicates, tasks; decisions about accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0011_assessments"
down_revision: str | None = "0010_cases_work"

ID, TEXT, NUMBER, WHOLE = sa.String(40), sa.Text, sa.BigInteger, sa.Integer


def upgrade() -> None:
    """Make the tables."""
    _assessments()
    _outcomes()
    _near()
    _tasks()
    _accounts()
    _bases()


def _boolean() -> "sa.types.TypeEngine[bool]":
    return sa.Boolean(create_constraint=False)


def _to_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=f"fk_{table}_case_id")


def _assessments() -> None:
    name, valid = "case_assessments", sa.text("state = 'valid'")
    op.create_table(
        name,
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("round", WHOLE, nullable=False),
        sa.Column("person", ID, nullable=False),
        sa.Column("pseudonym", ID, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("decisions", TEXT, nullable=False),
        sa.Column("scheme", TEXT),
        sa.Column("code", TEXT),
        sa.Column("image_kind", sa.String(20)),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("confidence", sa.String(10), nullable=False),
        sa.Column("list_id", ID),
        sa.Column("accounts", TEXT, nullable=False),
        sa.Column("rationale", TEXT, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("blind", _boolean(), nullable=False),
        sa.Column("proved", _boolean(), nullable=False),
        sa.Column("session", ID),
        sa.Column("alone", TEXT, nullable=False),
        sa.Column("seconds", WHOLE),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        _to_case(name),
    )
    op.create_index(
        "uq_case_assessments_valid", name, ["case_id", "round", "person", "blind"], unique=True,
        sqlite_where=valid, postgresql_where=valid,
    )  # fmt: skip
    op.create_index("ix_case_assessments_case", name, ["case_id", "round", "at"])
    op.create_index("ix_case_assessments_person", name, ["person", "at"])


def _outcomes() -> None:
    name = "case_outcomes"
    op.create_table(
        name,
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("round", WHOLE, nullable=False),
        sa.Column("assessment", ID, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("decisions", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("single", _boolean(), nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("settles_at", NUMBER, nullable=False),
        sa.Column("stage_before", sa.String(10), nullable=False),
        sa.Column("stage_after", sa.String(10), nullable=False),
        sa.Column("confirms", _boolean(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("settled", NUMBER),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        _to_case(name),
        sa.ForeignKeyConstraint(["assessment"], ["case_assessments.id"], name="fk_case_outcomes_assessment"),
    )
    op.create_index("ix_case_outcomes_case", name, ["case_id", "round", "at"])
    op.create_index("ix_case_outcomes_assessment", name, ["assessment"])
    op.create_index("ix_case_outcomes_settled", name, ["settled"])


def _near() -> None:
    op.create_table(
        "case_near",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("item", NUMBER, nullable=False, autoincrement=False),
        sa.Column("sha256", sa.LargeBinary),
        sa.Column("distance", WHOLE, nullable=False),
        sa.Column("probe", sa.String(80), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("by", ID),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "item", name="pk_case_near"),
        _to_case("case_near"),
    )
    op.create_index("ix_case_near_item", "case_near", ["item"])
    op.create_table(
        "case_near_answers",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("round", WHOLE, nullable=False, autoincrement=False),
        sa.Column("item", NUMBER, nullable=False, autoincrement=False),
        sa.Column("person", ID, nullable=False),
        sa.Column("pseudonym", ID, nullable=False),
        sa.Column("same", _boolean(), nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "round", "item", "person", name="pk_case_near_answers"),
        _to_case("case_near_answers"),
    )


def _tasks() -> None:
    name, waiting = "case_tasks", sa.text("state = 'waiting'")
    op.create_table(
        name,
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("round", WHOLE, nullable=False),
        sa.Column("outcome", ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("facts", TEXT, nullable=False),
        sa.Column("created", NUMBER, nullable=False),
        sa.Column("settled", NUMBER),
        sa.Column("why", TEXT),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        _to_case(name),
        sa.ForeignKeyConstraint(["outcome"], ["case_outcomes.id"], name="fk_case_tasks_outcome"),
    )
    op.create_index("ix_case_tasks_case", name, ["case_id", "created"])
    op.create_index(
        "ix_case_tasks_waiting", name, ["kind", "created"], sqlite_where=waiting, postgresql_where=waiting
    )  # fmt: skip


def _accounts() -> None:
    """A decision is about an item, or about the account of an uploader."""
    with op.batch_alter_table("decisions") as table:
        table.add_column(sa.Column("subject", sa.String(10), nullable=False, server_default="item"))
        table.add_column(sa.Column("uploader", TEXT))
        table.alter_column("item", existing_type=sa.BigInteger, nullable=True)
    op.create_index("ix_decisions_case", "decisions", ["case_id"])


def _bases() -> None:
    """What a case or a task keeps is found by its reference."""
    ended = sa.text("ended IS NULL")
    op.create_index(
        "ix_vault_bases_reference", "vault_bases", ["reference", "basis"], sqlite_where=ended, postgresql_where=ended
    )  # fmt: skip
