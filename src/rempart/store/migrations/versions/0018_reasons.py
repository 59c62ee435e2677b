"""Statements of reasons and what is sent of them."""

revision = "0018_reasons"
down_revision: str | None = "0017_seeds"


def upgrade() -> None:
    """Make the tables."""
