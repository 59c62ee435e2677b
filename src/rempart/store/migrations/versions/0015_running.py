"""Indexes for those who look for items, entries and messages by hand; each holds only the few rows that matter."""

import sqlalchemy as sa
from alembic import op

revision = "0015_running"
down_revision: str | None = "0014_drafts"


def upgrade() -> None:
    """Make the indexes."""
    _partial("ix_items_verdict", "items", ["verdict", "checked", "id"], "verdict <> 'allow'")
    _partial("ix_checks_outcome", "checks", ["outcome", "at"], "outcome <> 'ok'")
    _partial("ix_list_entries_withdrawn", "list_entries", ["list", "id"], "withdrawn IS NOT NULL")
    _partial("ix_webhook_messages_given_up", "webhook_messages", ["id"], "state = 'given_up'")


def _partial(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
