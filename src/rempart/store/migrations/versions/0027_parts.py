"""Local features of listed pictures, sealed."""

revision = "0027_parts"
down_revision: str | None = "0026_origin"


def upgrade() -> None:
    """Make the tables."""
