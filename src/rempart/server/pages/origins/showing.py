"""What a file says of where it comes from, on the page of a case and on a page of its own. It decides nothing."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.cases.records import showing as records
from rempart.cases.work.queue import visible
from rempart.errors import NotFoundError
from rempart.items.records import items, marks
from rempart.items.records.items import Item
from rempart.items.records.marks import MarkRow
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.provenance.carried import unpacked
from rempart.provenance.origin.values import Declaration, Origin
from rempart.server.pages.doors import Pages, for_people
from rempart.server.pages.origins.contexts import Known, OriginLine, OriginPage
from rempart.server.pages.rendering import render
from rempart.server.service import Service
from rempart.signals.frames import FrameError

_MOST_ITEM = 2**63


@for_people(Permission.CASES_READ)
async def origin_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The origin of one item of a case."""
    asked = request.path_params["case"], request.path_params["item"]
    return render(request, await run_in_threadpool(_page, request.app.state.service, who, *asked), who=who)


def line_of(conn: Connection, case_id: str) -> OriginLine | None:
    """The line of a case: of the item whose file says most; None where nobody looked at any."""
    found = records.origin_of(conn, case_id)
    if found is None:
        return None
    number, text, object_id = found
    origin, mark = origin_of(text), marks.of_object(conn, number, object_id)
    if origin is None and mark is None:
        return None
    origin = origin or Origin()
    signed = origin.credentials
    return OriginLine(
        item=number, declaration=origin.declaration.value, state=signed.state.value if signed.state else "",
        generator=origin.generator or "", recognised=_by(mark),
    )  # fmt: skip


def origin_of(text: str | None) -> Origin | None:
    """The origin that is kept of an item; None where nobody looked, or what is kept cannot be read."""
    try:
        return unpacked(text)
    except FrameError:
        return None


def said_of(conn: Connection, item: int, text: str | None, object_id: str | None) -> tuple[tuple[str, str], ...]:
    """What an item's file says, and what it was recognised as, as keys of words with notes; nothing where it says
    nothing, for that is no sign."""
    found, mark = origin_of(text) or Origin(), marks.of_object(conn, item, object_id)
    told = []
    if found.declaration is not Declaration.NONE:
        told.append((f"made.file.{found.declaration.value}", found.generator or ""))
    if found.credentials.state is not None:
        told.append((f"made.state.{found.credentials.state.value}", found.credentials.signer or ""))
    told += [(f"made.here.{by}", str(one["record"])) for one in (mark.recognised if mark else ()) for by in one["by"]]
    return tuple(told)


def _by(mark: MarkRow | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(by for one in (mark.recognised if mark else ()) for by in one["by"]))


def _page(service: Service, who: Principal, case_id: str, number: str) -> OriginPage:
    with service.store.read() as conn:
        case = visible(conn, case_id, who)
        item = _item(conn, case.id, number)
        mark = marks.of_object(conn, item.id, item.object)
    return OriginPage(
        case_id=case.id, item=item.id, name=item.item_id, service=item.service, origin=origin_of(item.origin),
        mark=mark.outcome if mark else "soon" if item.object and case.state == "open" else "never",
        record=f"{mark.record:012x}" if mark and mark.record is not None else "",
        known=tuple(map(Known.of, mark.recognised)) if mark else (),
        may_look=who.may(Permission.EVIDENCE_VIEW) and item.object is not None,
    )  # fmt: skip


def _item(conn: Connection, case_id: str, text: str) -> Item:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else _MOST_ITEM
    found = items.hosted(conn, number) if number < _MOST_ITEM and records.is_in(conn, case_id, number) else None
    if found is None:
        raise NotFoundError("There is no such picture in this case.", hint="Open the case again.")
    return found
