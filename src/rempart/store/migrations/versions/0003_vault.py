"""Tables of the room `vault`."""

revision = "0003_vault"
down_revision: str | None = "0002_ledger"


def upgrade() -> None:
    """Nothing yet."""
