"""Tables of the room `webhooks`."""

revision = "0009_webhooks"
down_revision: str | None = "0008_policy"


def upgrade() -> None:
    """Nothing yet."""
