"""Tables of the room `cases`: quality and oversight."""

revision = "0013_quality"
down_revision: str | None = "0012_sight"


def upgrade() -> None:
    """Make the tables."""
