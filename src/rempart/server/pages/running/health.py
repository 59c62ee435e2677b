"""The health of a deployment, for administrators: what stands still, what failed, and trying it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart import __version__
from rempart.cases import webhooks
from rempart.cases.records import cases as case_records
from rempart.cases.records import webhooks as webhook_records
from rempart.cases.records import work
from rempart.cases.records.figures import oldest_open
from rempart.cases.work import settings as work_settings
from rempart.errors import RefusedError, RempartError
from rempart.evidence.backup.records import newest_restore
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.ledger.status import status_of
from rempart.lists import entry_records, staging_records
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.condition import backups, clock_state, rooms, warnings
from rempart.server.machine import Finding, examine_machine
from rempart.server.pages.doors import Pages, again, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import good, service_of, whole
from rempart.server.pages.running.contexts_health import (
    FailedMessage,
    Freshness,
    HealthPage,
    MachinePage,
    Process,
)
from rempart.server.service import Service
from rempart.server.waiting import lane_of
from rempart.store import givenup
from rempart.store.backlog import backlog
from rempart.store.gauges import size_bytes
from rempart.store.workers import Alive, alive

_SHOWN = 50
_LISTS = 500
_SLOW = timedelta(minutes=5)
_STALE = timedelta(days=7)
_DONE = frozenset({"jobs_retried", "messages_retried"})


@for_people(Permission.HEALTH)
async def health_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Everything at a glance."""
    done = request.query_params.get("done", "")
    message = f"done.{done}" if done in _DONE else ""
    return render(request, await run_in_threadpool(_health, service_of(request)), who=who, message=message)


@for_people(Permission.HEALTH, proved=True)
async def retry_jobs(request: Request, pages: Pages, who: Principal) -> Response:
    """Try work again that was given up."""
    form, service = await form_of(request), service_of(request)
    chosen = [one for one in form.getlist("job") if isinstance(one, str)]

    def run() -> None:
        numbers = [number for one in chosen if (number := whole(one)) is not None]
        at = service.clock()
        with service.store.write() as conn:
            kinds = [kind for number in numbers if (kind := givenup.retry(conn, number, at=at)) is not None]
            if not kinds:
                raise RefusedError("None of this work is given up (any more).", hint="Look at the page again.")
            for kind in sorted(set(kinds)):
                facts = {"kind": kind, "count": kinds.count(kind)}
                append(conn, Leaf(action="job.retried", actor=who.pseudonym, facts=facts), at=at)

    try:
        await run_in_threadpool(run)
    except RempartError as err:
        return again(request, await run_in_threadpool(_health, service), err, who=who)
    return RedirectResponse("/health?done=jobs_retried", 303)


@for_people(Permission.HEALTH, proved=True)
async def retry_messages(request: Request, pages: Pages, who: Principal) -> Response:
    """Send messages to webhooks again that were given up."""
    form, service = await form_of(request), service_of(request)
    chosen = [good(one, most=40) for one in form.getlist("message") if isinstance(one, str)]

    def run() -> None:
        with service.store.write() as conn:
            webhooks.retry(conn, chosen, by=who, at=service.clock())

    try:
        await run_in_threadpool(run)
    except RempartError as err:
        return again(request, await run_in_threadpool(_health, service), err, who=who)
    return RedirectResponse("/health?done=messages_retried", 303)


@for_people(Permission.HEALTH)
async def machine_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What the machine can do: a decode worker is started for it and asked."""
    found = await lane_of(request.app, "machine", threads=1, waiting=2).run(lambda: tuple(examine_machine()))
    return render(request, MachinePage(topics=_by_topic(found)), who=who)


def _health(service: Service) -> HealthPage:
    lacking, places = service.readiness.lacking(), rooms(service.settings, service.store)
    at = service.clock()
    with service.store.read() as conn:
        waiting, count = backlog(conn, at=at), case_records.count_open(conn)
        dead = givenup.given_up(conn, most=_SHOWN)
        failed = webhook_records.given_up(conn, most=_SHOWN)
        lists, more = _lists(conn, at)
        return HealthPage(
            version=__version__,
            lacking=tuple(sorted(lacking)),
            warnings=warnings(service.settings),
            queued=waiting.queued,
            oldest_work=waiting.oldest,
            work_late=waiting.oldest is not None and at - waiting.oldest > _SLOW,
            open_cases=count,
            oldest_case=oldest_open(conn),
            kept=work.kept_from_all(conn, most=_SHOWN),
            settings_lost=work_settings.current(conn)[1].restored,
            dead=dead,
            more_dead=max(0, waiting.dead - len(dead)),
            failed=tuple(FailedMessage(message=one, endpoint=to, why=why) for one, to, why in failed),
            lists=lists,
            more_lists=more,
            clock=clock_state(conn, service.watch),
            rooms=places,
            database=service.store.dialect,
            database_bytes=size_bytes(conn, service.store),
            backups=backups(conn, at=at),
            restore=newest_restore(conn),
            ledger=status_of(conn),
            processes=_processes(alive(conn), service.worker.id),
        )


def _lists(conn: Connection, at: datetime) -> tuple[tuple[Freshness, ...], bool]:
    """The lists that feeds keep up, those that nothing came for first."""
    found = entry_records.all_lists(conn, limit=_LISTS + 1)
    moved = staging_records.movements(conn, [one.id for one in found[:_LISTS]], since=at)
    fed = staging_records.fed_lists(conn)
    rows = [
        Freshness(
            id=one.id, name=one.name, newest=(newest := moved[one.id].newest),
            stale=newest is None or at - newest > _STALE,
        )
        for one in found[:_LISTS]
        if one.feeds or one.id in fed
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (not row.stale, row.name))), len(found) > _LISTS


def _processes(found: Sequence[Alive], own: str) -> tuple[Process, ...]:
    machines = {one: number for number, one in enumerate(dict.fromkeys(one.machine for one in found), 1)}
    return tuple(Process(alive=one, machine=machines[one.machine], here=one.id == own) for one in found)


def _by_topic(found: Sequence[Finding]) -> tuple[tuple[str, tuple[Finding, ...]], ...]:
    topics = dict.fromkeys(one.topic for one in found)
    return tuple((topic, tuple(one for one in found if one.topic == topic)) for topic in topics)
