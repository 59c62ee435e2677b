"""What a file says of where it came from, kept with its item."""

revision = "0026_origin"
down_revision: str | None = "0025_generated"


def upgrade() -> None:
    """Make the tables."""
