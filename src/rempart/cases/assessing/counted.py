"""What the ledger tells of a decided case so that outsiders can count: by what it was found, how long it took, what
was decided before. Words of closed sets and coarse numbers; nothing by which a case, item or person could be found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.values import ENDING_OF, Decision, Ending, main_of
from rempart.cases.records import cases as records
from rempart.cases.records import outcomes
from rempart.cases.records.cases import Case
from rempart.deadlines.spans import minutes

MOST = 50
"""Detectors that a leaf names at most."""


def decided(conn: Connection, case: Case, *, at: datetime) -> dict[str, object]:
    """For a case that is decided now. Only its first round tells how long it took: a later one waited for something
    else."""
    told: dict[str, object] = {"detectors": detectors_of(conn, [case.id])}
    if case.round == 1:
        return told | {"took": minutes(case.opened, at)}
    before = _before(conn, case)
    return told if before is None else told | {"before": before}


def detectors_of(conn: Connection, case_ids: Sequence[str]) -> list[dict[str, str]]:
    """The lists and probes that found what these cases are about, each pair once; a list by its id."""
    rows = [row for one in case_ids for row in records.matches_of(conn, one)]
    pairs = sorted({(row.list_id or row.list, row.probe) for row in rows})
    return [{"list": name, "probe": probe} for name, probe in pairs[:MOST]]


def _before(conn: Connection, case: Case) -> str | None:
    """How the round before ended."""
    ended = [
        one for one in outcomes.of_case(conn, case.id)
        if one.round == case.round - 1 and one.kind == "final" and one.state == "settled"
    ]  # fmt: skip
    if not ended:
        return None
    main = main_of(frozenset(map(Decision, ended[-1].decisions)))
    return (Ending.ACTED if main is None else ENDING_OF[main]).value
