"""Change sets: what shall happen to a list, row by row, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import NotFoundError, RempartError
from rempart.lists import staging_records
from rempart.lists.difference import Step
from rempart.lists.ingest import found_list
from rempart.lists.staging_records import ChangeSet, State
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.api.list_forms import shown_changes, shown_row
from rempart.server.pages.doors import Pages, again, for_people
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import PAGE, asked, chosen, place, service_of, whole
from rempart.server.pages.running.contexts_lists import ChangeSetPage, ChangesPage
from rempart.server.service import Service

_STEPS = tuple(step.value for step in Step)
COUNTED = frozenset({
    "add", "change", "withdraw", "unchanged", "duplicates", "refused", "entries", "canary", "noisy", "set_aside",
    "overtaken", "values_left_out",
})  # fmt: skip
"""Counts that have a label in the texts."""
_DONE = frozenset({"staged", "applied", "taken_back"})
_FIRST = 2**31 - 1


@for_people(Permission.LISTS_READ)
async def changes_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The change sets of a list, the youngest first."""
    after, waiting = asked(request, "after", most=100), bool(request.query_params.get("waiting"))
    page = await run_in_threadpool(_changes, service_of(request), place(request, "list"), after, waiting)
    return render(request, page, who=who)


@for_people(Permission.LISTS_READ)
async def changeset_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One of them, with its rows for those who curate or approve."""
    done = request.query_params.get("done", "")
    message = f"done.{done}" if done in _DONE else ""
    return render(request, await run_in_threadpool(_changeset, request, who), who=who, message=message)


@for_people(Permission.LISTS_CHANGE)
async def take_back(request: Request, pages: Pages, who: Principal) -> Response:
    """Give up a change set that waits."""
    service, list_id, changes_id = service_of(request), place(request, "list"), place(request, "changes")
    try:
        await run_in_threadpool(service.curation.take_back, changes_id, by=who)
    except RempartError as err:
        return again(request, await run_in_threadpool(_changeset, request, who), err, who=who)
    return RedirectResponse(f"/lists/{list_id}/changes/{changes_id}?done=taken_back", 303)


def _changes(service: Service, list_id: str, after: str, waiting: bool) -> ChangesPage:
    with service.store.read() as conn:
        live = found_list(conn, list_id)
        found = staging_records.of_list(
            conn, list_id, after=after or None, limit=PAGE + 1, states=(State.STAGED,) if waiting else None
        )
    following = found[PAGE - 1].id if len(found) > PAGE else ""
    return ChangesPage(live=live, rows=found[:PAGE], next=following, waiting=waiting)


def _changeset(request: Request, who: Principal) -> ChangeSetPage:
    service, step = service_of(request), chosen(request, "step", _STEPS)
    flagged = bool(request.query_params.get("flagged"))
    first = whole(request.query_params.get("first", ""), most=_FIRST) or 0
    found = service.curation.changeset(place(request, "changes"))
    if found.list_id != request.path_params["list"]:
        raise NotFoundError("There is no such change set.", hint="Look at the list's changes.")
    sees = who.may(Permission.LISTS_APPROVE) or who.may(Permission.LISTS_ENTRIES)
    with service.store.read() as conn:
        live = found_list(conn, found.list_id)
        rows = staging_records.rows_from(
            conn, found.id, first=first, limit=PAGE + 1, flagged=True if flagged else None,
            step=Step(step) if step else None,
        ) if sees else ()  # fmt: skip
    signals, told = who.may(Permission.LISTS_ENTRIES), shown_changes(found, refused=who.may(Permission.LISTS_CHANGE))
    return ChangeSetPage(
        live=live,
        changes=found,
        target=tuple((name, _plain(value)) for name, value in told.target.items()),
        counts=_counted(found.counts),
        outcomes=_counted(found.outcomes),
        refused=tuple((one.line, one.reason) for one in told.first_refused),
        rows=tuple(shown_row(row, json.loads(row.body) if row.body else None, signals=signals) for row in rows[:PAGE]),
        may_see_rows=sees,
        may_take_back=_waits(found) and who.may(Permission.LISTS_CHANGE),
        may_decide=_waits(found) and who.may(Permission.LISTS_APPROVE) and bool(found.approval_id),
        step=step,
        flagged=flagged,
        next=rows[PAGE - 1].no + 1 if len(rows) > PAGE else None,
    )


def _counted(counts: Mapping[str, int]) -> tuple[tuple[str, str, int], ...]:
    return tuple(
        (name, f"changes_count.{name}" if name in COUNTED else "", count) for name, count in counts.items() if count
    )


def _waits(found: ChangeSet) -> bool:
    return found.state is State.STAGED


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
