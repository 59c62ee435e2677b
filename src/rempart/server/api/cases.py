"""`/v1/cases`: the facts of cases, and deciding them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from rempart.cases.judgement import MOST_REASON, Judgement, decide
from rempart.cases.records import cases as records
from rempart.clock import iso
from rempart.errors import NotFoundError
from rempart.items.records import items
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.forms import ID_PATTERN, Form, Shown, Text, form_of, known_id, takes
from rempart.server.problems import documented
from rempart.server.service import Service, get_service

router = APIRouter(tags=["cases"])
Reader = Annotated[Principal, Depends(needs(Permission.CASES_READ, people=True))]
Serving = Annotated[Service, Depends(get_service)]


class CaseItem(Shown):
    """An item in a case; `verdict` is what its service was told last."""

    service: str
    item_id: str
    verdict: str


class CaseShown(Shown):
    """A case's facts. No picture, no digest; services see their own items and the matches of these."""

    id: str
    kind: str
    queue: str
    assessors: int
    state: str
    reason: str
    policy_version: int
    opened: str
    withdrawn: str | None
    decision: str | None
    decided: str | None
    items: list[CaseItem]
    matches: list[dict[str, Any]]


class CaseList(Shown):
    """Open cases, the longest-waiting first; ask again `after` the last one's id."""

    cases: list[CaseShown]
    more: bool


class Decide(Form):
    """What a case concludes: `release` allows every byte-identical item in it, `remove` blocks them."""

    decision: Literal["release", "remove"]
    reason: Annotated[Text, Field(max_length=MOST_REASON)] = ""


@router.get("/v1/cases", summary="Open cases")
def open_cases(
    who: Reader,
    service: Serving,
    queue: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,40}$")] = None,
    after: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> CaseList:
    """The open cases of a queue or of all; for a service those with items of its own."""
    own = who.service if who.kind == "service" else None
    with service.store.read() as conn:
        found = records.open_cases(conn, queue=queue, service=own, after=after or "", most=limit + 1)
        return CaseList(cases=[_shown(conn, one, who) for one in found[:limit]], more=len(found) > limit)


@router.get("/v1/cases/{case_id}", summary="The facts of a case")
def case(case_id: str, who: Reader, service: Serving) -> CaseShown:
    """What opened it, which items it is about, and what was decided."""
    with service.store.read() as conn:
        found = records.find(conn, known_id(case_id))
        shown = None if found is None else _shown(conn, found, who)
    if shown is None or (who.kind == "service" and not shown.items):
        raise NotFoundError("There is no such case.")
    return shown


@router.post(
    "/v1/cases/{case_id}/decision", summary="Decide a case", openapi_extra=takes(Decide), responses=documented(409)
)
async def decision(
    case_id: str,
    request: Request,
    who: Annotated[Principal, Depends(needs(Permission.CASES_DECIDE, people=True))],
    service: Serving,
) -> CaseShown:
    """Close an open case. Every byte-identical item in it follows, and each service is told."""
    asked = await form_of(request, service, Decide)
    return await run_in_threadpool(_decide, service, who, known_id(case_id), asked)


def _decide(service: Service, who: Principal, case_id: str, asked: Decide) -> CaseShown:
    at = service.clock()
    with service.store.write() as conn:
        found = decide(
            conn, case_id, decision=Judgement(asked.decision), by=who, reason=asked.reason, at=at, vault=service.vault
        )
        return _shown(conn, found, who)


def _shown(conn: Any, case: records.Case, who: Principal) -> CaseShown:
    hosted = [items.hosted(conn, one) for one in records.items_of(conn, case.id)]
    seen = [
        one
        for one in hosted
        if one is not None and one.gone is None and (who.kind != "service" or one.service == who.service)
    ]
    ids = {one.id: one.item_id for one in seen}
    return CaseShown(
        id=case.id, kind=case.kind, queue=case.queue, assessors=case.assessors, state=case.state, reason=case.reason,
        policy_version=case.policy_version, opened=iso(case.opened),
        withdrawn=None if case.withdrawn is None else iso(case.withdrawn),
        decision=case.decision, decided=None if case.decided is None else iso(case.decided),
        items=[CaseItem(service=one.service, item_id=one.item_id, verdict=one.verdict.value) for one in seen],
        matches=[_match(row, ids[row.item]) for row in records.matches_of(conn, case.id) if row.item in ids],
    )  # fmt: skip


def _match(row: Any, item_id: str) -> Mapping[str, Any]:
    return {
        "item_id": item_id, "list": row.list, "list_id": row.list_id, "mode": row.mode, "entry": row.ref,
        "signal": row.signal_kind, "distance": row.distance, "probe": row.probe, "scheme": row.scheme,
        "code": row.code, "opinion": row.opinion, "facet": row.facet,
        "withdrawn": None if row.withdrawn is None else iso(row.withdrawn),
    }  # fmt: skip
