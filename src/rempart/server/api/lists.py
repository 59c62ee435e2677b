"""Routes for lists and their entries, for what waits for a second person, for breakers and guards.

Signals of entries are shown to curators only; no log has any.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response, status

from rempart.errors import NotFoundError, RefusedError
from rempart.lists import breaker, breaker_records, entry_records, guard_records, staging_records
from rempart.lists.curation import Curation
from rempart.lists.difference import Step
from rempart.lists.entry import Entry
from rempart.lists.entry_records import LiveList
from rempart.lists.ingest import Wishes, found_list
from rempart.lists.records import Mode
from rempart.lists.staging_records import ChangeSet, State
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.api import list_forms as forms
from rempart.server.bodystream import streamed
from rempart.server.curating import IMPORT_SECONDS, MAX_IMPORT, import_lane, matched_lately
from rempart.server.problems import documented
from rempart.server.service import Service, get_service


def get_curation(service: Annotated[Service, Depends(get_service)]) -> Curation:
    """What curators do, of this service."""
    return service.curation


router = APIRouter(prefix="/v1", tags=["lists"])

Serving = Annotated[Service, Depends(get_service)]
Curating = Annotated[Curation, Depends(get_curation)]
Reader = Annotated[Principal, Depends(needs(Permission.LISTS_READ, people=True))]
Curator = Annotated[Principal, Depends(needs(Permission.LISTS_ENTRIES, people=True))]
Changer = Annotated[Principal, Depends(needs(Permission.LISTS_CHANGE, people=True))]
Remover = Annotated[Principal, Depends(needs(Permission.LISTS_CHANGE, people=True, proved=True))]
Approver = Annotated[Principal, Depends(needs(Permission.LISTS_APPROVE, people=True, proved=True))]
Limit = Annotated[int, Query(ge=1, le=500)]
_STAGED: dict[int | str, dict[str, Any]] = {
    202: {"model": forms.ChangesShown, "description": "Staged: a second person has to agree."},
    **documented(404, 409),
}


@router.get("/lists", responses=documented(404))
def all_lists(service: Serving, who: Reader, after: str | None = None, limit: Limit = 100) -> forms.ListPage:
    """The lists, in the order they were made."""
    with service.store.read() as conn:
        start = found_list(conn, after).number if after else 0
        found = entry_records.all_lists(conn, after=start, limit=limit)
        hits = matched_lately(conn, found, at=service.clock())
    more = found[-1].id if len(found) == limit else None
    return forms.ListPage(lists=[forms.shown_list(one, hits.get(one.id, 0)) for one in found], next=more)


@router.post("/lists", status_code=status.HTTP_201_CREATED, responses=documented(409))
def create_list(curation: Curating, who: Changer, wanted: forms.NewList) -> forms.ListShown:
    """Make an empty list. What enters a `blocking` or `shared` one needs a second person."""
    made = curation.create(
        name=wanted.name, by=who, mode=Mode(wanted.mode), shared=wanted.shared, scheme=wanted.scheme,
        growth=wanted.growth.limits(),
    )  # fmt: skip
    return forms.shown_list(made, 0)


@router.get("/lists/{list_id}")
def show_list(service: Serving, who: Reader, list_id: str) -> forms.ListShown:
    """One list."""
    return _shown(service, list_id)


@router.patch("/lists/{list_id}", responses=_STAGED | {202: {"model": forms.ListChanged}})
def change_list(
    service: Serving,
    curation: Curating,
    who: Remover,
    list_id: str,
    wanted: forms.ListChange,
    response: Response,
) -> forms.ListChanged:
    """Change a list; staged (202) where what is on it would begin to block or be shared, or its guards would loosen."""
    live, changes = curation.change(list_id, wanted.wish(), by=who, accept_flagged=wanted.accept_flagged)
    if changes is not None:
        response.status_code = status.HTTP_202_ACCEPTED
    shown = forms.shown_changes(changes, refused=True) if changes else None
    return forms.ListChanged(list=_shown(service, live.id), changes=shown)


@router.get("/lists/{list_id}/entries")
def entries(
    service: Serving,
    who: Curator,
    list_id: str,
    after: Annotated[int, Query(ge=0, le=(1 << 63) - 1)] = 0,
    limit: Limit = 100,
    withdrawn: bool | None = None,
    ref: Annotated[str | None, Query(max_length=512)] = None,
) -> forms.EntryPage:
    """The entries of a list with their signals, for curators; `withdrawn` chooses live or withdrawn ones only."""
    with service.store.read() as conn:
        live = found_list(conn, list_id)
        page = entry_records.entries_page(
            conn, live.number, after=after, limit=limit, withdrawn=withdrawn, ref=None if ref is None else _clean(ref)
        )
        signals = entry_records.signals_of(conn, [one.id for one in page])
    shown = [forms.shown_entry(one, signals[one.id]) for one in page]
    return forms.EntryPage(entries=shown, next=page[-1].id if len(page) == limit else None)


@router.post("/lists/{list_id}/entries", status_code=status.HTTP_201_CREATED, responses=_STAGED)
def add_entries(
    service: Serving, curation: Curating, who: Changer, list_id: str, wanted: forms.NewEntries, response: Response
) -> forms.ChangesShown:
    """Add up to 1,000 entries, all or none. Matchable at once on a private observing list, staged (202) on others."""
    with service.store.read() as conn:
        live = found_list(conn, list_id)
    wishes = Wishes(restore=wanted.restore, accept_flagged=wanted.accept_flagged)
    given = _entries(curation, live, wanted, wishes)
    return _told(curation.add(list_id, given, wishes, by=who), response)


@router.post(
    "/lists/{list_id}/entries:import",
    status_code=status.HTTP_201_CREATED,
    responses=_STAGED | documented(400, 408, 413, 422),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}
    },
)
async def import_entries(
    request: Request,
    response: Response,
    curation: Curating,
    who: Changer,
    list_id: str,
    source: Annotated[str, Query(max_length=200)] = "",
    feed: bool = False,
    format: Literal["auto", "jsonl", "csv", "vics", "threatexchange", "text"] = "auto",
    scheme: Annotated[str, Query(max_length=64)] = "",
    force: bool = False,
    restore: bool = False,
    accept_flagged: bool = False,
) -> forms.ChangesShown:
    """Import a list in any format that `rempart list build` reads, above all one JSON object on each line.

    The body is read as it comes, whatever its length. Nothing is live before its last line was read; lines that cannot
    be read are refused one by one and counted, the first with their numbers. `feed` with a `source` is an import that
    comes again and again: it stops and asks when it changes far more than the list's growth limits.
    """
    wishes = Wishes(
        origin=source, feed=feed, format_name=format, scheme=scheme, force=force, restore=restore,
        accept_flagged=accept_flagged,
    )  # fmt: skip
    stream = streamed(request, most=MAX_IMPORT, seconds=IMPORT_SECONDS)
    done = await import_lane(request.app).run(partial(curation.take_in, list_id, stream, wishes, by=who))
    return _told(done, response)


@router.delete(
    "/lists/{list_id}/entries/{ref:path}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_model=None,
    responses=_STAGED,
)
def withdraw_entry(
    curation: Curating, who: Remover, list_id: str, ref: str, reason: Annotated[str, Query(max_length=2000)] = ""
) -> Response:
    """Withdraw an entry: at once, or staged (202) on a blocking or shared list that is another's."""
    staged = curation.withdraw(list_id, _clean(ref), by=who, reason=_said(reason))
    if staged is None:
        return Response(status_code=status.HTTP_204_NO_CONTENT)
    body = forms.shown_changes(staged, refused=True).model_dump_json()
    return Response(body, status_code=status.HTTP_202_ACCEPTED, media_type="application/json")


@router.get("/lists/{list_id}/changes")
def changes_of_list(
    service: Serving,
    who: Reader,
    list_id: str,
    after: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    waiting: bool = False,
) -> forms.ChangesPage:
    """The change sets of a list, newest first; with `waiting` those that a second person has to decide on."""
    states = (State.STAGED,) if waiting else None
    with service.store.read() as conn:
        found_list(conn, list_id)
        found = staging_records.of_list(conn, list_id, after=after and _clean(after), limit=limit, states=states)
    shown = [forms.shown_changes(one, refused=who.may(Permission.LISTS_CHANGE)) for one in found]
    return forms.ChangesPage(changes=shown, next=found[-1].id if len(found) == limit else None)


@router.get("/changes/{changes_id}")
def show_changes(
    service: Serving,
    curation: Curating,
    who: Reader,
    changes_id: str,
    first: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Limit = 100,
    flagged: bool | None = None,
    step: Literal["add", "change", "withdraw"] | None = None,
) -> forms.ChangesWithRows:
    """A change set and its rows: what is added, withdrawn, changed and how. Rows are for who curates or approves."""
    changes = curation.changeset(changes_id)
    rows: tuple[staging_records.Row, ...] = ()
    if who.may(Permission.LISTS_APPROVE) or who.may(Permission.LISTS_ENTRIES):
        with service.store.read() as conn:
            rows = staging_records.rows_from(
                conn, changes_id, first=first, limit=limit, flagged=flagged, step=Step(step) if step else None
            )
    signals = who.may(Permission.LISTS_ENTRIES)
    shown = [forms.shown_row(row, json.loads(row.body) if row.body else None, signals=signals) for row in rows]
    return forms.ChangesWithRows(
        changes=forms.shown_changes(changes, refused=who.may(Permission.LISTS_CHANGE)),
        rows=shown,
        next=rows[-1].no + 1 if len(rows) == limit else None,
    )


@router.post("/changes/{changes_id}/decision", responses=documented(403, 404, 409))
def decide(curation: Curating, who: Approver, changes_id: str, said: forms.Decision) -> forms.ChangesShown:
    """Agree to a change set, or refuse it: a second person, never who asked. What was agreed to is applied first."""
    done = curation.decide(changes_id, by=who, approve=said.approve, reason=_said(said.reason))
    return forms.shown_changes(done, refused=False)


@router.delete("/changes/{changes_id}", responses=documented(404, 409))
def take_back(curation: Curating, who: Changer, changes_id: str) -> forms.ChangesShown:
    """Take a change set back that still waits."""
    return forms.shown_changes(curation.take_back(changes_id, by=who), refused=True)


@router.get("/breakers")
def breakers(service: Serving, who: Reader, everything: bool = False) -> forms.Breakers:
    """The entries and rules that matched far more than usual: their blocks are holds until someone resets them."""
    with service.store.read() as conn:
        found = breaker_records.tripped(conn, everything=everything)
    return forms.Breakers(breakers=[forms.shown_breaker(one) for one in found])


@router.post("/breakers:reset", responses=documented(404))
def reset_breaker(service: Serving, who: Approver, wanted: forms.Reset) -> forms.BreakerShown:
    """Believe a tripped entry or rule again."""
    with service.store.write() as conn:
        found = breaker.reset(
            conn,
            _clean(wanted.subject),
            by=who,
            at=service.clock(),
            reason=_said(wanted.reason),
            allowed=wanted.allowed,
        )
    return forms.shown_breaker(found)


@router.get("/guards")
def guards(service: Serving, who: Reader) -> forms.Guards:
    """How many canaries and noisy hashes the operator has, beside the entries of known-good lists."""
    with service.store.read() as conn:
        return forms.Guards.model_validate(guard_records.counts(conn))


@router.post("/guards/{guard}")
def add_guards(
    service: Serving, curation: Curating, who: Approver, guard: Literal["canary", "noisy"], wanted: forms.GuardSignals
) -> forms.Guards:
    """Add signals that incoming entries are checked against: pictures known to be good, or hashes known to be noisy.
    For people only: what is near a canary does not enter a list that blocks."""
    curation.guard(guard, wanted.values(), by=who)
    return guards(service, who)


@router.delete("/guards/{guard}/{kind}/{value}", responses=documented(404))
def remove_guard(
    service: Serving, curation: Curating, who: Approver, guard: Literal["canary", "noisy"], kind: str, value: str
) -> forms.Guards:
    """Take a signal out of the guards."""
    curation.unguard(guard, forms.signal_of(forms.NewSignal(type=kind[:20], value=value[:200])).signal, by=who)
    return guards(service, who)


def _entries(curation: Curation, live: LiveList, wanted: forms.NewEntries, wishes: Wishes) -> list[Entry]:
    options = curation.intake.options(live, wishes)
    given: list[Entry] = []
    for number, one in enumerate(wanted.entries, 1):
        try:
            given.append(one.entry(options))
        except RefusedError as err:
            raise RefusedError(
                f"Entry {number}: {err.message.rstrip('.')}.",
                hint=err.hint or "Nothing was taken in; mend it, send all again.",
            ) from err
    return given


def _told(done: ChangeSet, response: Response) -> forms.ChangesShown:
    if done.state is State.STAGED:
        response.status_code = status.HTTP_202_ACCEPTED
    return forms.shown_changes(done, refused=True)


def _shown(service: Service, list_id: str) -> forms.ListShown:
    with service.store.read() as conn:
        live = found_list(conn, list_id)
        hits = matched_lately(conn, (live,), at=service.clock())
    return forms.shown_list(live, hits.get(list_id, 0))


def _said(text: str) -> str:
    return text.replace("\0", " ")


def _clean(text: str) -> str:
    """Text that a database can be asked about; whatever else is on no list."""
    if not text.isprintable():
        raise NotFoundError("There is nothing of that name here.", hint="A name holds printable characters only.")
    return text
