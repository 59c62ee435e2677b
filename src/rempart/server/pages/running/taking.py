"""Taking a file, or pasted lines, into a list: any format that imports read, as it comes."""

from __future__ import annotations

import io
from functools import partial
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import IncompleteError, RefusedError, RempartError
from rempart.lists.ingest import Wishes, found_list
from rempart.lists.schemes import built_in
from rempart.lists.staging_records import ChangeSet
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.bodystream import streamed
from rempart.server.curating import IMPORT_SECONDS, MAX_IMPORT, import_lane
from rempart.server.multipart import StreamedForm
from rempart.server.pages.doors import Pages, again, for_people
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import Typed, place, service_of
from rempart.server.pages.running.contexts_lists import ImportPage
from rempart.server.service import Service

FORMATS = ("auto", "jsonl", "csv", "vics", "threatexchange", "text")
MOST_PASTED = 1 << 20
_KEPT = 64 << 10
_WISHES = ("source", "feed", "format", "scheme", "force", "restore", "accept_flagged")


@for_people(Permission.LISTS_CHANGE)
async def import_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What may be taken in, and how."""
    return render(request, await run_in_threadpool(_import, service_of(request), place(request, "list")), who=who)


@for_people(Permission.LISTS_CHANGE)
async def take_in(request: Request, pages: Pages, who: Principal) -> Response:
    """The file is read while it comes; nothing is live before its last line was read."""
    service, list_id, told = service_of(request), place(request, "list"), Typed()
    body = streamed(request, most=MAX_IMPORT, seconds=IMPORT_SECONDS)
    kind = request.headers.get("content-type", "")
    try:
        done = await import_lane(request.app).run(partial(_take, service, list_id, body, kind, told, who))
    except RempartError as err:
        page = await run_in_threadpool(_import, service, list_id, form=told)
        shown = RefusedError(err.message, hint=err.hint) if isinstance(err, IncompleteError) else err
        return again(request, page, shown, who=who)
    return RedirectResponse(f"/lists/{list_id}/changes/{done.id}?done={done.state.value}", 303)


def _take(service: Service, list_id: str, body: BinaryIO, kind: str, told: Typed, who: Principal) -> ChangeSet:
    form = StreamedForm(body, kind, most_field=MOST_PASTED)
    told |= {name: form.fields.get(name, "")[:200] for name in _WISHES}
    pasted = form.fields.get("pasted", "")
    told["pasted"] = pasted if len(pasted) <= _KEPT else ""
    there = bool(form.stream.peek(1))
    if pasted.strip() and there:
        raise RefusedError("There are a file and pasted lines.", hint="Send the one or the other.")
    if not pasted.strip() and not there:
        raise RefusedError("There is nothing to take in.", hint="Choose a file, or paste lines.")
    wishes = Wishes(
        origin=told["source"].strip(), feed=bool(told["feed"]),
        format_name=told["format"] if told["format"] in FORMATS else "auto", scheme=told["scheme"],
        force=bool(told["force"]), restore=bool(told["restore"]), accept_flagged=bool(told["accept_flagged"]),
    )  # fmt: skip
    stream = form.stream if there else io.BufferedReader(io.BytesIO(pasted.encode()))
    return service.curation.take_in(list_id, stream, wishes, by=who)


def _import(service: Service, list_id: str, *, form: Typed | None = None) -> ImportPage:
    with service.store.read() as conn:
        live = found_list(conn, list_id)
    return ImportPage(
        live=live, schemes=tuple(built_in().values()), formats=FORMATS, most_mib=MAX_IMPORT >> 20,
        pasted_kib=MOST_PASTED >> 10, typed=form or Typed(),
    )  # fmt: skip
