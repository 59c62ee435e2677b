"""Referral packages."""

revision = "0021_referrals"
down_revision: str | None = "0020_filing"


def upgrade() -> None:
    """Nothing yet."""
