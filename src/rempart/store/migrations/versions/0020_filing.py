"""What was sent of reports, and what was answered."""

revision = "0020_filing"
down_revision: str | None = "0019_reports"


def upgrade() -> None:
    """Nothing yet."""
