"""Filing for real, as a deployment's settings name it: where reports would go, and whether the service knows us."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection

from rempart.errors import ConflictError
from rempart.reports.cybertip import production
from rempart.reports.cybertip.drafting.seconding import Begin
from rempart.reports.cybertip.filing import beginning
from rempart.reports.cybertip.production import Checked, Target
from rempart.reports.cybertip.records import filings, reports
from rempart.reports.cybertip.values import Environment, ReportState
from rempart.server.cybertips import connection_of, environment_of
from rempart.server.service import Service
from rempart.settings import Settings
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

_SECONDS = 10.0
_AT_ONCE = 200


def target_of(settings: Settings) -> Target:
    """Where reports would go for real, and in whose name."""
    told = settings.cybertip
    name = f"{told.reporter_first_name} {told.reporter_last_name}".strip()
    return Target(
        setting=told.environment, address=told.production_url, user=told.production_user, reporter=name,
        email=told.reporter_email,
    )  # fmt: skip


def checked(service: Service) -> Checked:
    """Ask the service whether it knows the credentials. Blocks; raises RefusedError, UnavailableError."""
    target = target_of(service.settings)
    with connection_of(service.settings) as connection:
        return Checked.by_asking(connection, target, at=service.clock())


def beginner(settings: Settings) -> Begin:
    """What begins to file a report that was confirmed, where reports go now. Where filing for real is set and not
    switched on, nothing begins: the report waits."""

    def begin(conn: Connection, report_id: str, at: datetime) -> None:
        environment = environment_of(settings)
        if environment is not Environment.PRODUCTION or production.switch(conn, target_of(settings)).on:
            beginning.begin(conn, report_id, environment=environment, at=at)

    return begin


class Starter:
    """Begins to file what was confirmed while nothing could go out, once it can. `run` looks once."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings, self._begin = store, settings, beginner(settings)

    def periodic(self) -> Periodic:
        """The work."""

        def run(worker: Worker) -> None:
            self.run(worker)

        return Periodic(name="report.start", seconds=_SECONDS, run=run)

    def run(self, worker: Worker) -> int:
        """Begin what waits; gives how many."""
        begun, after = 0, ""
        while True:
            with self._store.read() as conn:
                rows = reports.in_states(conn, {ReportState.CONFIRMED}, after=after, most=_AT_ONCE)
                waiting = [one.id for one in rows if self._waits(conn, one.id)]
            for one in waiting:
                with self._store.write() as conn:
                    worker.guard(conn)
                    with suppress(ConflictError):  # somebody was faster, or nobody asks for it any more
                        self._begin(conn, one, self._store.clock())
                        begun += not self._waits(conn, one)
            if len(rows) < _AT_ONCE:
                return begun
            after = rows[-1].id

    def _waits(self, conn: Connection, report_id: str) -> bool:
        filing = filings.find(conn, report_id)
        return filing is None or not filing.active
