"""Tables of the room `policy`."""

revision = "0008_policy"
down_revision: str | None = "0007_cases"


def upgrade() -> None:
    """Nothing yet."""
