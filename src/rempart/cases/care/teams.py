"""What a team has set for looking: limits, how long a reveal lasts, whom one can talk to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from rempart.cases.care.meter import Limits
from rempart.cases.work.settings import current


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The part of a team's settings that concerns looking. `peer_contact` is shown as it was written."""

    limits: Limits
    reveal_seconds: int
    peer_contact: str


def team(conn: Connection) -> Team:
    """What is set now."""
    _, rules = current(conn)
    budgets = rules.budgets
    limits = Limits(
        reveals_per_day=budgets.reveals_per_day,
        seconds_per_day=budgets.seconds_per_day,
        break_after_minutes=budgets.break_after_minutes,
    )
    return Team(limits=limits, reveal_seconds=rules.reveal_seconds, peer_contact=rules.peer_contact)
