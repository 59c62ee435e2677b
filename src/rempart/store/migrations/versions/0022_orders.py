"""Orders and requests of authorities, and disclosures."""

import sqlalchemy as sa
from alembic import op

revision = "0022_orders"
down_revision: str | None = "0021_referrals"

ID, NUMBER, BYTES = sa.String(40), sa.BigInteger, sa.LargeBinary
_LIVE = sa.text("state <> 'closed'")
_RUNNING = sa.text("met IS NULL")


def upgrade() -> None:
    """Make the tables."""
    _orders()
    _parts()
    _clocks()
    _disclosures()


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("topic", sa.String(20), nullable=False),
        sa.Column("authority_class", sa.String(20), nullable=False),
        sa.Column("regimes", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("outcome", sa.String(10)),
        sa.Column("received", NUMBER, nullable=False),
        sa.Column("zone", sa.String(6), nullable=False),
        sa.Column("entered", NUMBER, nullable=False),
        sa.Column("by", ID, nullable=False),
        sa.Column("mark", BYTES, nullable=False),
        sa.Column("due", NUMBER, nullable=False),
        sa.Column("acknowledged", NUMBER),
        sa.Column("effect", NUMBER),
        sa.Column("contested", NUMBER),
        sa.Column("contest", sa.String(10)),
        sa.Column("closed", NUMBER),
        sa.Column("closed_by", ID),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
    )
    op.create_index("ix_orders_live", "orders", ["due", "id"], sqlite_where=_LIVE, postgresql_where=_LIVE)
    op.create_index("ix_orders_received_id", "orders", ["received", "id"])
    op.create_index("ix_orders_mark", "orders", ["mark"])
    op.create_table(
        "order_sealed",
        sa.Column("order", ID, nullable=False),
        sa.Column("name", ID, nullable=False),
        sa.Column("sealed", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("order", "name", name="pk_order_sealed"),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name="fk_order_sealed_order"),
    )


def _parts() -> None:
    op.create_table(
        "order_parts",
        sa.Column("order", ID, nullable=False),
        sa.Column("place", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("case_id", ID),
        sa.Column("item", NUMBER),
        sa.Column("report", ID),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("changed", NUMBER, nullable=False),
        sa.Column("named", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("order", "place", name="pk_order_parts"),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name="fk_order_parts_order"),
    )
    op.create_index("ix_order_parts_case_id", "order_parts", ["case_id"])
    op.create_index("ix_order_parts_item", "order_parts", ["item"])
    op.create_table(
        "order_objects",
        sa.Column("order", ID, nullable=False),
        sa.Column("object", ID, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("hold", ID),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("order", "object", name="pk_order_objects"),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name="fk_order_objects_order"),
    )
    op.create_index("ix_order_objects_object", "order_objects", ["object"])


def _clocks() -> None:
    op.create_table(
        "order_clocks",
        sa.Column("order", ID, nullable=False),
        sa.Column("regime", sa.String(20), nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("trigger", NUMBER, nullable=False),
        sa.Column("due", NUMBER, nullable=False),
        sa.Column("warnings", sa.Text, nullable=False),
        sa.Column("next", NUMBER),
        sa.Column("said", NUMBER),
        sa.Column("alarmed", NUMBER),
        sa.Column("extended", NUMBER),
        sa.Column("met", NUMBER),
        sa.PrimaryKeyConstraint("order", "regime", "what", name="pk_order_clocks"),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name="fk_order_clocks_order"),
    )
    for column in ("next", "said"):
        op.create_index(
            f"ix_order_clocks_{column}", "order_clocks", [column], sqlite_where=_RUNNING, postgresql_where=_RUNNING
        )


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
