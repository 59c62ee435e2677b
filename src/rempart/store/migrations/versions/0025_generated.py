"""What generators made and a service stamped, and what a gate checked."""

revision = "0025_generated"
down_revision: str | None = "0024_production"


def upgrade() -> None:
    """Make the tables."""
