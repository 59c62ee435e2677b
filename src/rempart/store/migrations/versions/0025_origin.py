"""What items declare of their origin, and local features of listed pictures."""

revision = "0025_origin"
down_revision: str | None = "0024_generated"


def upgrade() -> None:
    """Nothing yet."""
