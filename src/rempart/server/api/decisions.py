"""`/v1/decisions`: what changed after the first answer, in order, for a service to act on, and to say that it did."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from rempart.cases.records import decisions as records
from rempart.cases.records.decisions import DecisionRow
from rempart.cases.work.queue import visible_among
from rempart.clock import iso
from rempart.intake.notices import removals
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.forms import ID_PATTERN, Shown
from rempart.server.news import news_of
from rempart.server.problems import documented
from rempart.server.service import Service, get_service

router = APIRouter(tags=["decisions"])
MOST = 1_000
LONGEST_WAIT = 30.0


class Decision(Shown):
    """One decision, about an item, or with the `subject` account about that of an `uploader`, which shall be blocked
    for good. `item_id` is null once the item was erased. `url` is where an item is that the service never asked about:
    a person gave notice of it there. `reason` and `case` need the scope `analyst`."""

    seq: int
    id: str
    subject: Literal["item", "account"]
    item_id: str | None
    uploader: str | None
    verdict: str
    previous: str | None
    at: str
    url: str | None = None
    reason: str | None = None
    case: str | None = None


class Confirmed(Shown):
    """Since when it is known that the decision was carried out; null where there was nothing to remove."""

    id: str
    confirmed: str | None


class Decisions(Shown):
    """Decisions in order; ask again `after` the number in `next`. With `more` there are further ones already."""

    decisions: list[Decision]
    next: int
    more: bool


@router.get("/v1/decisions", response_model_exclude_none=False, summary="What was decided since")
async def decisions(
    request: Request,
    who: Annotated[Principal, Depends(needs(Permission.DECISIONS_READ))],
    service: Annotated[Service, Depends(get_service)],
    after: Annotated[int, Query(ge=0, le=2**62, description="The last number that was seen.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for the first one.")] = 0,
) -> Decisions:
    """The decisions about the service's own items after a number. Numbers rise and never come late: whoever keeps the
    last `next` and asks again misses nothing."""
    deadline = asyncio.get_running_loop().time() + wait
    news = news_of(request.app, service.store)
    with news.watched() if wait else nullcontext():
        while True:
            moved = news.next_move() if wait else None
            found = await run_in_threadpool(_read, service, who, after, limit)
            left = deadline - asyncio.get_running_loop().time()
            if found or moved is None or left <= 0:
                break
            await asyncio.wait([moved], timeout=left)
    return page_of(found, after=after, limit=limit, who=who)


@router.post(
    "/v1/decisions/{decision_id}/confirm", summary="Say that a decision was carried out", responses=documented(404)
)
def confirm(
    decision_id: Annotated[str, Path(pattern=ID_PATTERN)],
    who: Annotated[Principal, Depends(needs(Permission.REMOVALS_CONFIRM))],
    service: Annotated[Service, Depends(get_service)],
) -> Confirmed:
    """What a decision asked for is done: the item is gone from the site, or hidden where people had it held back. Only
    then does a notice about it count as dealt with. Said twice it changes nothing more; of any other decision there is
    nothing to confirm."""
    with service.store.write() as conn:
        since = removals.confirm(conn, who.service or "", decision_id, by=who, at=service.clock())
    return Confirmed(id=decision_id, confirmed=None if since is None else iso(since))


def page_of(found: tuple[DecisionRow, ...], *, after: int, limit: int, who: Principal) -> Decisions:
    """Decisions as their service may see them."""
    shown = found[:limit]
    details = who.may(Permission.CHECK_DETAILS)
    return Decisions(
        decisions=[
            Decision(
                seq=row.seq, id=row.id, subject="account" if row.subject == "account" else "item", item_id=row.item_id,
                uploader=row.uploader, verdict=row.verdict, previous=row.previous, at=iso(row.at), url=row.url,
                reason=row.reason if details else None, case=row.case_id if details else None,
            )
            for row in shown
        ],
        next=shown[-1].seq if shown else after,
        more=len(found) > limit,
    )  # fmt: skip


def _read(service: Service, who: Principal, after: int, limit: int) -> tuple[DecisionRow, ...]:
    """A case that is kept from whoever asks is not named either."""
    with service.store.read() as conn:
        found = records.after(conn, service=who.service or "", seq=after, most=limit + 1)
        named = {row.case_id for row in found if row.case_id is not None}
        if not (named and who.may(Permission.CHECK_DETAILS)):
            return found
        seen = visible_among(conn, named, who)
    return tuple(row if row.case_id in seen else replace(row, case_id=None) for row in found)
