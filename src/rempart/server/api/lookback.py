"""`POST /v1/lookback/search`: which hosted items are like this? Never without a purpose that is written down."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from rempart.cases.records import searches
from rempart.clock import iso
from rempart.errors import RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.forms import ID_PATTERN, Form, Shown, Text, form_of, takes
from rempart.server.searching import search_hosted
from rempart.server.service import Service, get_service
from rempart.signals.values import SIGNAL_TYPES, Signal, SignalKind

router = APIRouter(tags=["look-back"])


class Search(Form):
    """One signal, or one of each kind, and why it is looked for: the purpose goes into the ledger, sealed."""

    purpose: Annotated[Text, Field(min_length=10, max_length=1_000)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    sha1: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{40}$")] | None = None
    md5: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{32}$")] | None = None
    pdq: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None

    def signals(self) -> tuple[Signal, ...]:
        """What was given. Raises RefusedError when nothing was."""
        given = {kind: getattr(self, kind.value) for kind in SignalKind}
        found = tuple(SIGNAL_TYPES[kind].from_hex(text) for kind, text in given.items() if text is not None)
        if not found:
            raise RefusedError("There is no signal to look for.", hint="Send sha256, sha1, md5 or pdq.")
        return found


class Hit(Shown):
    """An item that is like it; `distance` in bits, 0 for digests."""

    service: str
    item_id: str
    signal: Literal["pdq", "sha256", "sha1", "md5"]
    probe: str
    distance: int


class Hits(Shown):
    """The nearest first. With `cut` there are more than were listed."""

    items: list[Hit]
    cut: bool


class SearchShown(Shown):
    """A search that was made: by whom (a pseudonym), why, and how many items it led to."""

    id: str
    at: str
    by: str
    purpose: str
    signals: list[str]
    items: int


class Searches(Shown):
    """Searches, the youngest first; ask again `before` the last one's id."""

    searches: list[SearchShown]
    more: bool


@router.get("/v1/lookback/searches", summary="Searches that were made")
def made(
    who: Annotated[Principal, Depends(needs(Permission.LEDGER_READ, people=True))],
    service: Annotated[Service, Depends(get_service)],
    before: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Searches:
    """Who searched hosted items, and the purpose that was given."""
    with service.store.read() as conn:
        found = searches.recent(conn, before=before, most=limit + 1)
    shown = [
        SearchShown(id=row.id, at=iso(row.at), by=row.by, purpose=row.purpose, **row.facts) for row in found[:limit]
    ]
    return Searches(searches=shown, more=len(found) > limit)


@router.post("/v1/lookback/search", summary="Search hosted items", openapi_extra=takes(Search))
async def search(
    request: Request,
    who: Annotated[Principal, Depends(needs(Permission.ITEMS_SEARCH, people=True))],
    service: Annotated[Service, Depends(get_service)],
) -> Hits:
    """Items whose kept signals are like these. Nothing follows from it; to act on it, add an entry to a list."""
    asked = await form_of(request, service, Search)
    return await run_in_threadpool(_search, service, who, asked)


def _search(service: Service, who: Principal, asked: Search) -> Hits:
    found = search_hosted(service, who, asked.signals(), purpose=asked.purpose)
    hits = [
        Hit(
            service=one.service, item_id=one.item_id, signal=one.near.kind.value, probe=one.near.probe,
            distance=one.near.distance,
        )
        for one in found.hits
    ]  # fmt: skip
    return Hits(items=hits, cut=found.cut)
