"""Tables of the room `ledger`."""

revision = "0002_ledger"
down_revision: str | None = "0001_store"


def upgrade() -> None:
    """Nothing yet."""
