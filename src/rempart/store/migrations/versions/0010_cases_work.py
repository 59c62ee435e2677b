"""Tables of the room `cases`: work on cases."""

revision = "0010_cases_work"
down_revision: str | None = "0009_webhooks"


def upgrade() -> None:
    """Make the tables."""
