"""CyberTipline reports and what is drafted of them."""

revision = "0019_reports"
down_revision: str | None = "0018_reasons"


def upgrade() -> None:
    """Nothing yet."""
