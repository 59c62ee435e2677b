"""Filing in tests: confirmed reports, the rehearsal server, and a clock that goes on until nothing waits any more."""

import hashlib
import threading
from contextlib import contextmanager
from datetime import timedelta

from rempart.reports.cybertip.document.records import (
    CyberTip,
    Email,
    FileDetails,
    IncidentSummary,
    IncidentType,
    Person,
    PersonReported,
    Report,
    Reporter,
)
from rempart.reports.cybertip.drafting.holding import digest_of, seal_tip
from rempart.reports.cybertip.filing.beginning import begin
from rempart.reports.cybertip.filing.filer import Filer
from rempart.reports.cybertip.filing.means import Means
from rempart.reports.cybertip.filing.outbox import Outbox
from rempart.reports.cybertip.filing.values import Limits
from rempart.reports.cybertip.records import files, filings, reports
from rempart.reports.cybertip.service.connection import Connection
from rempart.reports.cybertip.service.rehearsal import RehearsalServer
from rempart.reports.cybertip.values import Environment
from rempart.store.jobs import JobRunner, release_jobs_of
from rempart.store.workers import Worker
from reporting import PICTURE, a_report, reported

SECONDS = 0.4
PASSWORD = "word"
NO_WAIT = Limits(first=timedelta(0), longest=timedelta(0), stopped=timedelta(0))


def tip_of(report_id, refs, *, at):
    """A document that says which report it is, so that what the server has can be told apart."""
    return CyberTip(
        report=Report(
            incident=IncidentSummary(type=IncidentType.IMAGES, at=at - timedelta(hours=1)),
            reporter=Reporter(person=Person(emails=(Email(value="reports@forum.example"),))),
            persons=(PersonReported(esp_identifier=report_id),),
        ),
        files=tuple(FileDetails(ref=one, original_name="kite.jpg") for one in refs),
    )


def confirmed(store, vault, number=1, *, contents=(PICTURE,), task=None, named=None, **values):
    """A report that two people stand behind, of a case that waits for it; gives its id. Its document names the first
    `named` of its files, or all."""
    task = task or reported(store, vault, number)
    row = a_report(store, vault, task, contents=contents, **values)
    with store.write() as conn:
        refs = [one.id for one in files.of_report(conn, row.id)][:named]
        tip = tip_of(row.id, refs, at=store.clock())
        sealed = seal_tip(tip, report=row.id, keyring=vault.keyring)
        reports.change(conn, row.id, sealed=sealed, digest=digest_of(tip))
    return row.id


def begun(store, vault, number=1, *, environment=Environment.PRODUCTION, **more):
    """The same, and its filing has begun."""
    report_id = confirmed(store, vault, number, **more)
    with store.write() as conn:
        begin(conn, report_id, environment=environment, at=store.clock())
    return report_id


@contextmanager
def tipline(*, clock, hang=SECONDS * 1.5, keep=None, plan=()):
    """A rehearsal server that is there for the length of a block."""
    server = RehearsalServer(
        password=PASSWORD, clock=clock, hang=hang, pause=0.0, plan=plan, keep=keep, remember=True
    )  # fmt: skip
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def means_of(vault, server, *, password=PASSWORD, url=None, seconds=SECONDS, **more):
    """What filing works with, against a server."""

    def connect(_):
        return Connection(url or server.url, server.user, password, seconds=seconds, silence=seconds)

    values = {"connect": connect, "mark": lambda _: password.encode(), "jitter": lambda: 0.0} | more
    return Means(vault=vault, **values)


@contextmanager
def desk(store, means):
    """Call it to file what is due; with `hours` the clock goes on so far, in steps, and filing with it."""
    with Worker(store, on_death=release_jobs_of) as worker:
        filer, outbox = Filer(store, means), Outbox(store, means)
        runner = JobRunner(store, worker, filer.handlers())

        def once():
            outbox.run(worker)
            runner.run_due()

        def go(*, hours=0, minutes=1):
            once()
            passed = 0
            while passed < hours * 60:
                store.clock.go_on(minutes=minutes)
                passed += minutes
                once()

        yield go


def stands(store, report_id):
    """The report's row."""
    with store.read() as conn:
        return reports.find(conn, report_id)


def runs(store, report_id):
    """How each opening of a report ended."""
    with store.read() as conn:
        return [(one.outcome, one.why) for one in filings.runs_of(conn, report_id)]


def told_of(server, report_id):
    """The numbers under which the server has finished a report."""
    mark = f">{report_id}<".encode()
    digests = {hashlib.sha256(xml).hexdigest() for said in server.said.values() for xml in said if mark in xml}
    return [one.number for one in server.finished if one.digest in digests]
