"""Reports to the CyberTipline: one row for each, from its draft on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    insert,
    or_,
    select,
    update,
)

from rempart.cases.records.tasks import case_tasks
from rempart.evidence.vault.records import holds
from rempart.reports.cybertip.records.files import report_files
from rempart.reports.cybertip.values import EDITABLE, Environment, ReportState
from rempart.store.schema import UtcTime, metadata

_BOOLEAN = Boolean(create_constraint=False)

reports = Table(
    "reports",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("case_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("task_id", String(40), ForeignKey("case_tasks.id"), nullable=False),
    Column("part", Integer, nullable=False),  # a decision about several accounts has a report for each
    Column("service", String(200)),  # which service the account is of; None where nobody knows an account
    Column("person", LargeBinary),  # a keyed mark of service and account
    Column("state", String(12), nullable=False),
    Column("environment", String(12), nullable=False),  # of the last run, or of the one that is next
    Column("created", UtcTime, nullable=False),
    Column("changed", UtcTime, nullable=False),
    Column("version", Integer, nullable=False),  # rises with every change of the document
    Column("frozen", LargeBinary),  # sealed: the facts as they were at the decision
    Column("sealed", LargeBinary),  # sealed: what people made of them
    Column("digest", LargeBinary),  # of the document as it was asked
    Column("asked_by", String(40)),
    Column("asked_at", UtcTime),
    Column("confirmed_by", String(40)),
    Column("confirmed_at", UtcTime),
    Column("single", _BOOLEAN, nullable=False),
    Column("danger", _BOOLEAN, nullable=False),
    Column("number", Text),  # what the authority calls it
    Column("filed_at", UtcTime),
    Column("tries", Integer, nullable=False),
    Column("next_try", UtcTime),
    Column("why", Text),
    Column("run", Integer, nullable=False),
    Column("keep_until", UtcTime),  # from then on what is sealed is forgotten
    Column("forgotten", UtcTime),
    Index("uq_reports_task_part", "task_id", "part", unique=True),
    Index("ix_reports_case", "case_id"),
    Index("ix_reports_person", "person"),
    Index("ix_reports_state", "state", "id"),
    Index("ix_reports_service_state", "service", "state"),
    Index("ix_reports_keep_until", "keep_until"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """A report as it is stored. `asked_by` and `confirmed_by` are ids of people; `number` is the authority's."""

    id: str
    case_id: str
    task_id: str
    part: int
    service: str | None
    person: bytes | None
    state: ReportState
    environment: Environment
    created: datetime
    changed: datetime
    version: int
    frozen: bytes | None
    sealed: bytes | None
    digest: bytes | None
    asked_by: str | None
    asked_at: datetime | None
    confirmed_by: str | None
    confirmed_at: datetime | None
    single: bool
    danger: bool
    number: str | None
    filed_at: datetime | None
    tries: int
    next_try: datetime | None
    why: str | None
    run: int
    keep_until: datetime | None
    forgotten: datetime | None


def add(conn: Connection, row: ReportRow) -> None:
    """Write a report."""
    conn.execute(insert(reports), {name: getattr(row, name) for name in ReportRow.__slots__})


def find(conn: Connection, report_id: str, *, lock: bool = False) -> ReportRow | None:
    """The report with this id; locked until the transaction ends where asked."""
    query = select(reports).where(reports.c.id == report_id)
    return _row(conn.execute(query.with_for_update() if lock else query).first())


def change(conn: Connection, report_id: str, **values: Any) -> None:
    """Give a report new values."""
    conn.execute(update(reports).where(reports.c.id == report_id).values(**values))


def of_task(conn: Connection, task_id: str, *, lock: bool = False) -> tuple[ReportRow, ...]:
    """The reports of a task: one, or one for each account that it is about."""
    query = select(reports).where(reports.c.task_id == task_id).order_by(reports.c.part)
    return _rows(conn.execute(query.with_for_update() if lock else query))


def of_cases(conn: Connection, case_ids: Sequence[str]) -> tuple[ReportRow, ...]:
    """The reports of these cases, the oldest first."""
    query = select(reports).where(reports.c.case_id.in_(list(case_ids))).order_by(reports.c.created, reports.c.id)
    return _rows(conn.execute(query))


def of_person(conn: Connection, person: bytes, *, but: str) -> tuple[ReportRow, ...]:
    """The other reports about the same account, the oldest first."""
    own = reports.c.person == person, reports.c.id != but
    return _rows(conn.execute(select(reports).where(*own).order_by(reports.c.created, reports.c.id)))


def page(
    conn: Connection,
    *,
    most: int,
    before: str | None = None,
    states: Collection[ReportState] = (),
    service: str | None = None,
) -> tuple[ReportRow, ...]:
    """Reports, the youngest first, before one in that order; of some states or of a service where asked."""
    query = select(reports)
    if before is not None:
        query = query.where(reports.c.id < before)
    if states:
        query = query.where(reports.c.state.in_(sorted(states)))
    if service is not None:
        query = query.where(reports.c.service == service)
    return _rows(conn.execute(query.order_by(reports.c.id.desc()).limit(most)))


def in_states(
    conn: Connection, states: Collection[ReportState], *, after: str = "", most: int
) -> tuple[ReportRow, ...]:
    """Reports in some states, the oldest first, after one in that order."""
    query = select(reports).where(reports.c.state.in_(sorted(states)), reports.c.id > after)
    return _rows(conn.execute(query.order_by(reports.c.id).limit(most)))


def left_of(conn: Connection, task_id: str, *, but: str) -> int:
    """How many other reports of a task are neither filed in production nor withdrawn: it ends with the last one."""
    found = (one for one in of_task(conn, task_id) if one.id != but)
    return sum(not _over(one) for one in found)


def single_since(conn: Connection, moment: datetime, *, most: int) -> tuple[ReportRow, ...]:
    """What one person confirmed alone since a moment, the oldest first: it is reviewed afterwards."""
    own = reports.c.single, reports.c.confirmed_at >= moment
    return _rows(conn.execute(select(reports).where(*own).order_by(reports.c.confirmed_at).limit(most)))


def undrafted(conn: Connection, *, most: int) -> tuple[str, ...]:
    """Tasks of reporting that wait and have no report, the oldest first."""
    waits = case_tasks.c.kind == "report", case_tasks.c.state == "waiting"
    known = select(reports.c.id).where(reports.c.task_id == case_tasks.c.id).exists()
    query = select(case_tasks.c.id).where(*waits, ~known).order_by(case_tasks.c.created, case_tasks.c.id).limit(most)
    return tuple(conn.execute(query).scalars())


def unwanted(conn: Connection, *, most: int) -> tuple[ReportRow, ...]:
    """Drafts whose task does not wait any more, the oldest first."""
    ended = reports.c.state.in_(sorted(EDITABLE)), case_tasks.c.state != "waiting"
    query = select(reports).join(case_tasks, case_tasks.c.id == reports.c.task_id).where(*ended)
    return _rows(conn.execute(query.order_by(reports.c.id).limit(most)))


def over(conn: Connection, *, filed: datetime, withdrawn: datetime, now: datetime, most: int) -> tuple[ReportRow, ...]:
    """Reports of which nothing has to be kept any more, the oldest first: filed before a moment, withdrawn before
    another, or otherwise ended as long ago as what was filed. What is kept longer by name, and what lies under a legal
    hold, is not among them."""
    ended = select(case_tasks.c.id).where(case_tasks.c.id == reports.c.task_id, case_tasks.c.state != "waiting")
    real = reports.c.state == ReportState.FILED, reports.c.environment == Environment.PRODUCTION
    lately = or_(
        and_(*real, reports.c.filed_at < filed),
        and_(reports.c.state == ReportState.WITHDRAWN, reports.c.changed < withdrawn),
        and_(reports.c.state.not_in([ReportState.FILED, ReportState.WITHDRAWN]), reports.c.changed < filed,
             ended.exists()),
        and_(reports.c.state == ReportState.FILED, reports.c.environment != Environment.PRODUCTION,
             reports.c.changed < filed, ended.exists()),
    )  # fmt: skip
    held = select(holds.c.id).join(report_files, report_files.c.object == holds.c.object).where(
        report_files.c.report == reports.c.id, holds.c.released.is_(None)
    )  # fmt: skip
    kept = or_(reports.c.keep_until.is_(None), reports.c.keep_until <= now)
    query = select(reports).where(reports.c.forgotten.is_(None), lately, kept, ~held.exists())
    return _rows(conn.execute(query.order_by(reports.c.id).limit(most)))


def forget(conn: Connection, report_id: str, *, at: datetime) -> bool:
    """Forget what was sealed of a report, and whom it was about; False where that was done before."""
    own = reports.c.id == report_id, reports.c.forgotten.is_(None)
    values = {"frozen": None, "sealed": None, "person": None, "digest": None, "forgotten": at}
    return conn.execute(update(reports).where(*own).values(**values)).rowcount == 1


def all_sealed(conn: Connection) -> tuple[tuple[str, str, bytes], ...]:
    """Everything sealed of reports: report, name of the column, bytes."""
    query = select(reports.c.id, reports.c.frozen, reports.c.sealed).order_by(reports.c.id)
    return tuple(
        (row.id, name, row._mapping[name])
        for row in conn.execute(query)
        for name in ("frozen", "sealed")
        if row._mapping[name] is not None
    )


def _over(row: ReportRow) -> bool:
    filed = row.state is ReportState.FILED and row.environment is Environment.PRODUCTION
    return filed or row.state is ReportState.WITHDRAWN


def _row(found: Any) -> ReportRow | None:
    if found is None:
        return None
    values = dict(found._mapping)
    return ReportRow(
        **values | {"state": ReportState(values["state"]), "environment": Environment(values["environment"])}
    )


def _rows(found: Iterable[Any]) -> tuple[ReportRow, ...]:
    return tuple(row for row in map(_row, found) if row is not None)
