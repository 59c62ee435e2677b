"""The policy: what is in force, what was and what is proposed, and what a proposal would have changed."""

from __future__ import annotations

from datetime import timedelta
from difflib import unified_diff

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.quality.precision import of_all
from rempart.errors import NotFoundError, PolicyError, RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.policy import records, versions
from rempart.policy.reading import default_text, parse
from rempart.policy.records import PolicyRow
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import asked, place, service_of, whole
from rempart.server.pages.running.contexts_running import PolicyPage, ProposePage, VersionPage
from rempart.server.service import Service
from rempart.server.trying import Tried, tried
from rempart.server.waiting import lane_of

_SHOWN = 100
_DAYS, _MOST_DAYS = 30, 365
_MOST_CHECKS = 200_000
"""So many past checks are decided anew for a page; the command `policy test` takes more."""


@for_people(Permission.POLICY_READ)
async def policy_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What decides now."""
    return render(request, await run_in_threadpool(_policy, service_of(request), who), who=who)


@for_people(Permission.POLICY_PROPOSE)
async def propose_page(request: Request, pages: Pages, who: Principal) -> Response:
    """A new one, which begins as the one in force or as another version."""
    page = await run_in_threadpool(_begun, service_of(request), asked(request, "of", most=60))
    return render(request, page, who=who)


@for_people(Permission.POLICY_PROPOSE)
async def propose(request: Request, pages: Pages, who: Principal) -> Response:
    """Look for mistakes and try it on the past, or propose it to a second person."""
    form, service = await form_of(request), service_of(request)
    text = field(form, "text").replace("\r\n", "\n")
    days = min(_MOST_DAYS, max(1, whole(field(form, "days")) or _DAYS))
    try:
        if field(form, "answer") != "propose":
            lane = lane_of(request.app, "policy", threads=1, waiting=4)
            page = await lane.run(lambda: _looked_at(service, text, days))
            return render(request, page, who=who)
        row = await run_in_threadpool(_propose, service, who, text)
    except PolicyError as err:
        return again(request, ProposePage(text=text, problems=_problems(err, text), days=days), err, who=who)
    except RempartError as err:
        return again(request, ProposePage(text=text, days=days), err, who=who)
    return RedirectResponse(f"/policy/{row.id}?done=policy_proposed", 303)


@for_people(Permission.POLICY_READ)
async def version_page(request: Request, pages: Pages, who: Principal) -> Response:
    """A proposal or version, and what differs."""
    message = "done.policy_proposed" if request.query_params.get("done") == "policy_proposed" else ""
    days = min(_MOST_DAYS, whole(request.query_params.get("days", "")) or 0)
    lane = lane_of(request.app, "policy", threads=1, waiting=4)
    service, policy_id = service_of(request), place(request, "policy")
    page = await lane.run(lambda: _version(service, who, policy_id, days))
    return render(request, page, who=who, message=message)


def _policy(service: Service, who: Principal) -> PolicyPage:
    with service.store.read() as conn:
        row = records.newest_put(conn)
        others = records.recent(conn, most=_SHOWN)
        precision = of_all(conn, "list") if who.may(Permission.STATISTICS_READ) else None
    return PolicyPage(
        row=row, lines=_lines(default_text() if row is None else row.text), precision=precision,
        others=tuple(one for one in others if row is None or one.id != row.id),
        may_propose=who.may(Permission.POLICY_PROPOSE),
    )  # fmt: skip


def _begun(service: Service, policy_id: str) -> ProposePage:
    with service.store.read() as conn:
        row = records.find(conn, policy_id) if policy_id else records.newest_put(conn)
    if policy_id and row is None:
        raise _no_policy()
    return ProposePage(text=default_text() if row is None else row.text)


def _looked_at(service: Service, text: str, days: int) -> ProposePage:
    candidate = parse(text)
    with service.store.read() as conn:
        row = records.newest_put(conn)
        done = tried(
            conn, candidate, policies=service.policies, since=service.clock() - timedelta(days=days), most=_MOST_CHECKS
        )
    before = default_text() if row is None else row.text
    return ProposePage(text=text, difference=_difference(before, text), tried=done, days=days)


def _propose(service: Service, who: Principal, text: str) -> PolicyRow:
    with service.store.write() as conn:
        return versions.propose(conn, text, by=who, at=service.clock())


def _version(service: Service, who: Principal, policy_id: str, days: int) -> VersionPage:
    done: Tried | None = None
    with service.store.read() as conn:
        row = records.find(conn, policy_id)
        if row is None:
            raise _no_policy()
        before = records.newest_put(conn) if row.version is None else records.of_version(conn, row.version - 1)
        if days:
            since = service.clock() - timedelta(days=days)
            policy = parse(row.text, in_force=True)
            done = tried(conn, policy, policies=service.policies, since=since, most=_MOST_CHECKS)
    return VersionPage(
        row=row,
        lines=_lines(row.text),
        against=(before.version or 0) if before else 0,
        difference=_difference(before.text, row.text) if before else (),
        tried=done,
        days=days or _DAYS,
        may_decide=row.state == "proposed" and bool(row.approval) and who.may(Permission.POLICY_APPROVE),
        may_propose=who.may(Permission.POLICY_PROPOSE),
    )


def _difference(before: str, after: str) -> tuple[str, ...]:
    return tuple(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.splitlines())


def _problems(err: PolicyError, text: str) -> tuple[tuple[int, str, str], ...]:
    """Each mistake with its line and what stands there."""
    lines = text.splitlines()
    return tuple((line, lines[line - 1][:300] if 0 < line <= len(lines) else "", what) for line, what in err.problems)


def _no_policy() -> NotFoundError:
    return NotFoundError("There is no such policy.", hint="Look at the list of policies.")
