"""What a team has set for looking: limits, how long a reveal lasts, whom one can talk to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from rempart.cases.care.meter import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The part of a team's settings that concerns looking. `peer_contact` is shown as it was written."""

    limits: Limits = Limits()
    reveal_seconds: int = 20
    peer_contact: str = ""


def team(conn: Connection) -> Team:
    """What is set now."""
    return Team()
