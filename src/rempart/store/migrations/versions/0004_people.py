"""Tables of the room `people`."""

revision = "0004_people"
down_revision: str | None = "0003_vault"


def upgrade() -> None:
    """Nothing yet."""
