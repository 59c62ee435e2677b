"""Tables of the room `items`."""

revision = "0006_items"
down_revision: str | None = "0005_lists"


def upgrade() -> None:
    """Nothing yet."""
