"""Tables of the room `lists`."""

revision = "0005_lists"
down_revision: str | None = "0004_people"


def upgrade() -> None:
    """Nothing yet."""
