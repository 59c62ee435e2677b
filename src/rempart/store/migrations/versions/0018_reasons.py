"""Statements of reasons and what is sent of them."""

import sqlalchemy as sa
from alembic import op

revision = "0018_reasons"
down_revision: str | None = "0017_seeds"

ID, TEXT, NUMBER = sa.String(40), sa.Text, sa.BigInteger
_NOT_ALLOWED = sa.text("verdict <> 'allow'")
_STANDING = sa.text("standing = 1")
_WAITING = sa.text("state = 'waiting'")
_DUE = sa.text("filing = 'due'")


def upgrade() -> None:
    """Make the tables, the counter, and the marks: what was restricted before is not told of afterwards."""
    _reasons()
    _others()
    op.create_index(
        "ix_checks_restricted", "checks", ["at", "request", "item"],
        sqlite_where=_NOT_ALLOWED, postgresql_where=_NOT_ALLOWED,
    )  # fmt: skip
    op.execute("INSERT INTO counters (name, value) VALUES ('reasons', 0)")
    op.execute(
        "INSERT INTO reason_marks (name, value) SELECT 'decisions', value FROM counters WHERE name = 'decisions'"
    )
    for name in ("checks", "since"):
        op.execute(
            f"INSERT INTO reason_marks (name, value) SELECT '{name}', "  # noqa: S608 - names from here
            "CASE WHEN c > d THEN c ELSE d END FROM (SELECT (SELECT coalesce(max(at), -1) FROM checks) AS c, "
            "(SELECT coalesce(max(at), -1) FROM decisions) AS d) AS newest"
        )


def _reasons() -> None:
    op.create_table(
        "reasons",
        sa.Column("id", ID, nullable=False),
        sa.Column("seq", NUMBER),
        sa.Column("origin", sa.String(60), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("item", NUMBER),
        sa.Column("decision", ID),
        sa.Column("case_id", ID),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("what", sa.String(12), nullable=False),
        sa.Column("about", ID),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("made", NUMBER, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("until", NUMBER),
        sa.Column("out", NUMBER),
        sa.Column("standing", sa.Integer, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("puid", ID, nullable=False),
        sa.Column("payload", TEXT),
        sa.Column("filing", sa.String(10), nullable=False),
        sa.Column("batch", ID),
        sa.Column("filed", NUMBER),
        sa.Column("errors", TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_reasons"),
    )
    op.create_index("uq_reasons_origin", "reasons", ["origin"], unique=True)
    op.create_index("uq_reasons_seq", "reasons", ["seq"], unique=True)
    op.create_index("uq_reasons_puid", "reasons", ["puid"], unique=True)
    op.create_index("ix_reasons_service_seq", "reasons", ["service", "seq"])
    op.create_index("ix_reasons_item", "reasons", ["item", "id"])
    op.create_index("ix_reasons_case", "reasons", ["case_id"])
    op.create_index("ix_reasons_batch", "reasons", ["batch"])
    _partial("ix_reasons_standing", ["id", "item"], _STANDING)
    _partial("ix_reasons_waiting", ["until", "id"], _WAITING)
    _partial("ix_reasons_due", ["filing", "id"], _DUE)


def _others() -> None:
    op.create_table(
        "reason_delays",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID),
        sa.Column("reason", ID),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("until", NUMBER),
        sa.Column("by", ID, nullable=False),
        sa.Column("ended", NUMBER),
        sa.Column("ended_by", ID),
        sa.PrimaryKeyConstraint("id", name="pk_reason_delays"),
    )
    op.create_index("ix_reason_delays_case", "reason_delays", ["case_id"])
    op.create_index("ix_reason_delays_reason", "reason_delays", ["reason"])
    op.create_table(
        "reason_batches",
        sa.Column("id", ID, nullable=False),
        sa.Column("created", NUMBER, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("settled", NUMBER),
        sa.Column("error", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_reason_batches"),
    )
    op.create_index("ix_reason_batches_state", "reason_batches", ["state", "id"])
    op.create_table(
        "reason_marks",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("value", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_reason_marks"),
    )


def _partial(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "reasons", columns, sqlite_where=where, postgresql_where=where)
