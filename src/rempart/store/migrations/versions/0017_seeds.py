"""Seeds of notices, findings, and removals that services confirm."""

revision = "0017_seeds"
down_revision: str | None = "0016_notices"


def upgrade() -> None:
    """Make the tables."""
