"""What was stamped and what the gate let through."""

revision = "0024_generated"
down_revision: str | None = "0023_transparency"


def upgrade() -> None:
    """Nothing yet."""
