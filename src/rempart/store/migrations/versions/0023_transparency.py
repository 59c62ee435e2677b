"""Figures that are folded from the ledger."""

revision = "0023_transparency"
down_revision: str | None = "0022_orders"


def upgrade() -> None:
    """Nothing yet."""
