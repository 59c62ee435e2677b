"""Tables of the room `cases`: grants and care."""

revision = "0012_sight"
down_revision: str | None = "0011_assessments"


def upgrade() -> None:
    """Make the tables."""
