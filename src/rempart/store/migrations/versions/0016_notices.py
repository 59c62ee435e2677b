"""Notices, their clocks, letters and complaints."""

revision = "0016_notices"
down_revision: str | None = "0015_running"


def upgrade() -> None:
    """Make the tables."""
