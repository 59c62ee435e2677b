"""A report as a person looks at it: what it says, what it lacks, what is suggested, what would be sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.errors import ConflictError
from rempart.evidence.vault import Keyring
from rempart.people.principal import Principal
from rempart.reports.cybertip.document.problems import Problem
from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.drafting import linking
from rempart.reports.cybertip.drafting.composing import House
from rempart.reports.cybertip.drafting.exact import exact
from rempart.reports.cybertip.drafting.facts import Frozen
from rempart.reports.cybertip.drafting.holding import Draft, draft_of, frozen_of, tip_of
from rempart.reports.cybertip.drafting.kinds import Kind, kind_of
from rempart.reports.cybertip.drafting.meter import Meter, measured
from rempart.reports.cybertip.drafting.reading import report_of, shown
from rempart.reports.cybertip.drafting.seconding import Alone, alone_of
from rempart.reports.cybertip.drafting.suggesting import MachineMade, Suggestion, machine_made, suggestions
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import EDITABLE, ReportState


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A report for one person. `tip` is the exact document: as it would be sent now, or as it was asked or confirmed.
    `draft` is what people edit, None once it was confirmed. `same_person` are ids of other reports about the account,
    as far as the person may know of them; `alone`: whether she may confirm it alone."""

    row: ReportRow
    frozen: Frozen
    draft: Draft | None
    tip: CyberTip
    kind: Kind
    meter: Meter
    problems: tuple[Problem, ...]
    suggestions: tuple[Suggestion, ...]
    machine_made: tuple[MachineMade, ...]
    same_person: tuple[str, ...]
    unread: tuple[str, ...]
    alone: Alone | None


def look(conn: Connection, report_id: str, who: Principal, *, at: datetime, keyring: Keyring, house: House) -> Look:
    """Look at a report. Raises NotPermittedError, NotFoundError, ConflictError once what it said was forgotten."""
    row = report_of(conn, report_id, who)
    if row.sealed is None:
        raise ConflictError("What this report said was forgotten.", hint="Its time to be kept is over.")
    frozen = frozen_of(row, keyring=keyring)
    draft = draft_of(row, keyring=keyring) if row.state in EDITABLE or row.digest is None else None
    if draft is not None and row.state is not ReportState.ASKED:
        tip = exact(conn, row, draft, house=house, at=at)
    else:
        tip = tip_of(row, keyring=keyring)
    kind = kind_of(frozen, tip)
    return Look(
        row=row, frozen=frozen, draft=draft, tip=tip, kind=kind, meter=measured(tip, kind=kind),
        problems=house.problems(tip, now=at),
        suggestions=suggestions(frozen, house=house) if draft is not None else (), machine_made=machine_made(frozen),
        same_person=tuple(one.id for one in shown(conn, linking.same_person(conn, row), who)),
        unread=() if draft is None else draft.unread, alone=alone_of(conn, row, who, keyring=keyring),
    )  # fmt: skip
