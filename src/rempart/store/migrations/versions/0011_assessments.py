"""Tables of the room `cases`: assessments and outcomes."""

revision = "0011_assessments"
down_revision: str | None = "0010_cases_work"


def upgrade() -> None:
    """Make the tables."""
