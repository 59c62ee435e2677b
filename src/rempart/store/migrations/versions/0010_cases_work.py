"""Tables of the room `cases`: work on cases."""

import sqlalchemy as sa
from alembic import op

revision = "0010_cases_work"
down_revision: str | None = "0009_webhooks"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT, NUMBER, ID = sa.Text, sa.BigInteger, sa.String(40)
_DAY = 86_400_000_000  # microseconds
# What opened a case may be decided without a look: an exact match that a blocking list's owner stands by, no doubt.
_NO_LOOK = """
UPDATE cases SET look = 'none' WHERE state = 'open' AND withdrawn IS NULL
  AND EXISTS (SELECT 1 FROM case_matches m WHERE m.case_id = cases.id
              AND m.signal_kind <> 'pdq' AND m.mode = 'blocking' AND m.opinion = 'positive')
  AND NOT EXISTS (SELECT 1 FROM case_matches m WHERE m.case_id = cases.id AND m.opinion <> 'positive')
"""


def upgrade() -> None:
    """Make the columns and tables, and fill them for cases that are open."""
    for column in _columns():
        op.add_column("cases", column)
    if op.get_bind().dialect.name == "postgresql":  # SQLite holds texts of any length in it
        op.alter_column("cases", "decision", type_=sa.String(20), existing_type=sa.String(10))
    _tables()
    _fill()
    _indexes()


def _columns() -> list[sa.Column[object]]:
    boolean = sa.Boolean(create_constraint=False)
    return [
        sa.Column("stage", sa.String(10), nullable=False, server_default="first"),
        sa.Column("priority", sa.Integer, nullable=False, server_default="2"),
        sa.Column("due", NUMBER),
        sa.Column("look", sa.String(10), nullable=False, server_default="look"),
        sa.Column("round", sa.Integer, nullable=False, server_default="1"),
        sa.Column("claimed_by", ID),
        sa.Column("claim_token", ID),
        sa.Column("claimed_until", NUMBER),
        sa.Column("assigned_to", ID),
        sa.Column("held_until", NUMBER),
        sa.Column("held_from", sa.String(10)),
        sa.Column("danger", boolean, nullable=False, server_default=sa.false()),
        sa.Column("insider", boolean, nullable=False, server_default=sa.false()),
        sa.Column("service", sa.String(200)),
        sa.Column("uploader", TEXT),
    ]


def _tables() -> None:
    op.create_table(
        "case_notes",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_notes"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_notes_case_id"),
    )
    op.create_index("ix_case_notes_case_id", "case_notes", ["case_id"])
    op.create_table(
        "case_facts",
        sa.Column("id", BIG_ID, nullable=False, autoincrement=True),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", TEXT),
        sa.Column("url", TEXT),
        sa.Column("uploader", TEXT),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_facts"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_facts_case_id"),
    )
    op.create_index("ix_case_facts_case_id", "case_facts", ["case_id"])
    op.create_table(
        "case_barred",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("person", ID, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "person", name="pk_case_barred"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_barred_case_id"),
    )
    op.create_index("ix_case_barred_person", "case_barred", ["person"])
    op.create_table(
        "case_sealed",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "name", name="pk_case_sealed"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_sealed_case_id"),
    )
    op.create_table(
        "work_settings",
        sa.Column("version", NUMBER, nullable=False, autoincrement=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_work_settings"),
    )


def _fill() -> None:
    """A day for what is open already; notices first, as in `cases.work.routing`."""
    op.execute(sa.text("UPDATE cases SET due = opened + :day WHERE state = 'open'").bindparams(day=_DAY))
    op.execute("UPDATE cases SET priority = 1 WHERE kind = 'notice'")
    op.execute(_NO_LOOK)


def _indexes() -> None:
    def partial(name: str, table: str, columns: list[str], where: str) -> None:
        condition = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)

    partial("ix_cases_open_order", "cases", ["priority", "due", "id"], "state = 'open'")
    partial("ix_cases_open_queue_order", "cases", ["queue", "priority", "due", "id"], "state = 'open'")
    partial("ix_cases_open_counts", "cases", ["queue", "look", "stage", "state"], "state = 'open'")
    partial("ix_cases_open_opened", "cases", ["opened"], "state = 'open'")
    partial("ix_cases_open_queue_opened", "cases", ["queue", "opened"], "state = 'open'")
    op.drop_index("ix_cases_state_queue_opened", "cases")  # SQLite would prefer it to those that keep the order
    partial("ix_cases_open_insider", "cases", ["insider"], "state = 'open'")
    partial("ix_cases_held", "cases", ["held_until"], "held_until IS NOT NULL")
    partial("ix_cases_claimed", "cases", ["claimed_by"], "claimed_by IS NOT NULL")
    partial("ix_cases_assigned", "cases", ["assigned_to"], "assigned_to IS NOT NULL")
    partial("ix_cases_service_uploader", "cases", ["service", "uploader"], "uploader IS NOT NULL")
    op.create_index("ix_case_matches_case_item", "case_matches", ["case_id", "item"])
    op.create_index("ix_case_matches_case_distance", "case_matches", ["case_id", "distance", "id"])
    op.drop_index("ix_case_matches_case", "case_matches")
    partial("ix_items_service_uploader", "items", ["service", "uploader"], "uploader IS NOT NULL")
    partial("ix_items_sha256", "items", ["sha256"], "sha256 IS NOT NULL")
