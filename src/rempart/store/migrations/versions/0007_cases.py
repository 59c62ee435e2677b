"""Tables of the room `cases`."""

revision = "0007_cases"
down_revision: str | None = "0006_items"


def upgrade() -> None:
    """Nothing yet."""
