"""Orders and requests of authorities, and disclosures."""

revision = "0022_orders"
down_revision: str | None = "0021_referrals"


def upgrade() -> None:
    """Nothing yet."""
