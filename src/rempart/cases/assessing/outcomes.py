"""What became of cases: for the people who judged them, and for whoever reviews what one person did alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.snapshot import WANTED
from rempart.cases.assessing.values import Decision
from rempart.cases.records import assessments, decisions, outcomes, tasks
from rempart.cases.records import cases as records
from rempart.cases.records.outcomes import OutcomeRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """What became of one case that a person judged: her own answer, what was concluded, how many items followed, and
    how its tasks stand (kind → state). `ending` is None while it is open; then nothing of others' answers is told."""

    case_id: str
    at: datetime
    own: frozenset[Decision]
    ending: str | None
    decided: datetime | None
    items: int
    tasks: dict[str, str]


def of_person(conn: Connection, person: str, *, most: int = 50, before: datetime | None = None) -> tuple[Became, ...]:
    """What became of the cases that a person judged, the last first. For that person's own eyes."""
    rows = [one for one in assessments.of_person(conn, person, most=most, before=before) if one.state == "valid"]
    found = {one.case_id: records.find(conn, one.case_id) for one in rows}
    closed = [name for name, case in found.items() if case is not None and case.state == "decided"]
    told = decisions.counts_of(conn, closed)
    ends: dict[str, dict[str, str]] = {}
    for task in tasks.of_cases(conn, closed):
        if task.state != WANTED:
            ends.setdefault(task.case_id, {})[task.kind] = task.state
    became = []
    for row in rows:
        case = found[row.case_id]
        over = case is not None and case.state == "decided"
        became.append(
            Became(
                case_id=row.case_id, at=row.at, own=frozenset(map(Decision, row.decisions)),
                ending=case.decision if case is not None and over else None,
                decided=case.decided if case is not None and over else None,
                items=told.get(row.case_id, 0), tasks=ends.get(row.case_id, {}),
            )
        )  # fmt: skip
    return tuple(became)


def single_since(conn: Connection, moment: datetime, *, most: int = 100) -> tuple[OutcomeRow, ...]:
    """What went ahead with one person since a moment, the oldest first: it is reviewed afterwards."""
    return outcomes.single_since(conn, moment, most=most)
