"""`/v1/cases`: the facts of cases, and opening one about an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from rempart.cases.assessing.viewing import is_blind, told_before
from rempart.cases.records import cases as records
from rempart.cases.records import work
from rempart.cases.work.accounts import (
    KIND,
    MOST_FACTS,
    MOST_TEXT,
    MOST_UPLOADER,
    MOST_URL,
    AccountFact,
    open_account_case,
)
from rempart.cases.work.queue import sight_of, visible
from rempart.cases.work.settings import PRIORITY_NAMES, current
from rempart.clock import iso
from rempart.errors import NotFoundError, RefusedError
from rempart.items.records import items
from rempart.lists.own import is_own
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.forms import ID_PATTERN, Form, Shown, Text, form_of, known_id, takes
from rempart.server.problems import documented
from rempart.server.service import Service, get_service

router = APIRouter(tags=["cases"])
Reader = Annotated[Principal, Depends(needs(Permission.CASES_READ, people=True))]
Serving = Annotated[Service, Depends(get_service)]
_MOST_OPEN = 2 << 20


class CaseItem(Shown):
    """An item in a case; `verdict` is what its service was told last. Who has yet to answer sees the one before."""

    service: str
    item_id: str
    verdict: str


class FactShown(Shown):
    """What is known of the account that a case is about."""

    kind: str
    text: str | None
    url: str | None
    uploader: str | None
    at: str


class CaseShown(Shown):
    """A case's facts. No picture, no digest; services see their own items and the matches of these.

    `stage` is whose turn it is (`first` also for whoever would be the second, who is not to know), `look` whether
    somebody has to look at all. `service`, `uploader` and `facts` are of cases about an account.
    """

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
    stage: str
    round: int
    priority: Literal["danger", "high", "normal", "low"]
    due: str | None
    look: Literal["none", "look"]
    service: str | None
    uploader: str | None
    items: list[CaseItem]
    matches: list[dict[str, Any]]
    facts: list[FactShown]


class CaseList(Shown):
    """Open cases, the longest-waiting first; ask again `after` the last one's id."""

    cases: list[CaseShown]
    more: bool


class Fact(Form):
    """A published text, a listing, a report of a user, a linked account (named in `uploader`), or other."""

    kind: Literal["text", "listing", "report", "linked_account", "other"]
    text: Annotated[Text, Field(max_length=MOST_TEXT)] | None = None
    url: Annotated[Text, Field(max_length=MOST_URL)] | None = None
    uploader: Annotated[Text, Field(max_length=MOST_UPLOADER)] | None = None


class OpenAccount(Form):
    """What is known of an account, from what it published or what others reported; no picture is needed. A service
    speaks of its own accounts; a person names the `service`."""

    service: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    uploader: Annotated[Text, Field(min_length=1, max_length=MOST_UPLOADER)]
    facts: Annotated[list[Fact], Field(min_length=1, max_length=MOST_FACTS)]


class OpenedShown(Shown):
    """The account's open case; `new` says whether it was opened now."""

    case: str
    new: bool


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
        seen = sight_of(who, current(conn)[1]).allows()
        found = records.open_cases(conn, queue=queue, service=own, after=after or "", most=limit + 1, seen=seen)
        return CaseList(cases=[_shown(conn, one, who) for one in found[:limit]], more=len(found) > limit)


@router.get("/v1/cases/{case_id}", summary="The facts of a case")
def case(case_id: str, who: Reader, service: Serving) -> CaseShown:
    """What opened it, which items it is about, and what was decided."""
    with service.store.read() as conn:
        found = visible(conn, known_id(case_id), who)
        shown = _shown(conn, found, who)
    if who.kind == "service" and not shown.items and found.service != who.service:
        raise NotFoundError("There is no such case.")
    return shown


@router.post(
    "/v1/cases",
    status_code=201,
    summary="Open a case about an account",
    openapi_extra=takes(OpenAccount),
    responses=documented(409),
)
async def open_account(
    request: Request,
    who: Annotated[Principal, Depends(needs(Permission.CASES_OPEN, people=True))],
    service: Serving,
) -> OpenedShown:
    """For people to look into: what an account sells, asks for or is linked to. An open case takes further facts."""
    asked = await form_of(request, service, OpenAccount, most=_MOST_OPEN)
    return await run_in_threadpool(_open_account, service, who, asked)


def _open_account(service: Service, who: Principal, asked: OpenAccount) -> OpenedShown:
    if who.kind == "service" and asked.service not in (None, who.service):
        raise RefusedError("A service speaks of its own accounts.", hint="Leave `service` out.")
    name = who.service if who.kind == "service" else asked.service
    if name is None:
        raise RefusedError("Whose account it is has to be said.", hint="Name the `service`.")
    facts = [AccountFact(kind=one.kind, text=one.text, url=one.url, uploader=one.uploader) for one in asked.facts]
    with service.store.write() as conn:
        opened = open_account_case(
            conn, service=name, uploader=asked.uploader, facts=facts, by=who, at=service.clock()
        )  # fmt: skip
    return OpenedShown(case=opened.case, new=opened.new)


def _shown(conn: Any, case: records.Case, who: Principal) -> CaseShown:
    hosted = [items.hosted(conn, one) for one in records.items_of(conn, case.id)]
    seen = [
        one
        for one in hosted
        if one is not None and one.gone is None and (who.kind != "service" or one.service == who.service)
    ]
    ids = {one.id: one.item_id for one in seen}
    blind = who.kind == "person" and is_blind(conn, case, who)
    before = told_before(conn, case) if blind else {}
    of_account = case.kind == KIND and (who.kind != "service" or case.service == who.service)
    return CaseShown(
        id=case.id, kind=case.kind, queue=case.queue, assessors=case.assessors, state=case.state, reason=case.reason,
        policy_version=case.policy_version, opened=iso(case.opened),
        withdrawn=None if case.withdrawn is None else iso(case.withdrawn),
        decision=case.decision, decided=None if case.decided is None else iso(case.decided),
        items=[
            CaseItem(service=one.service, item_id=one.item_id, verdict=before.get(one.id, one.verdict).value)
            for one in seen
        ],
        matches=[
            _match(row, ids[row.item])
            for row in records.matches_of(conn, case.id)
            if row.item in ids and not (who.kind == "service" and is_own(row.list))
        ],
        stage="first" if blind and case.stage == "second" else case.stage, round=case.round,
        priority=PRIORITY_NAMES[case.priority],
        due=None if case.due is None else iso(case.due), look="none" if case.look == "none" else "look",
        service=case.service if of_account else None, uploader=case.uploader if of_account else None,
        facts=[_fact(one) for one in work.facts_of(conn, case.id)] if of_account else [],
    )  # fmt: skip


def _fact(one: work.Fact) -> FactShown:
    return FactShown(kind=one.kind, text=one.text, url=one.url, uploader=one.uploader, at=iso(one.at))


def _match(row: Any, item_id: str) -> Mapping[str, Any]:
    return {
        "item_id": item_id, "list": row.list, "list_id": row.list_id, "mode": row.mode, "entry": row.ref,
        "signal": row.signal_kind, "distance": row.distance, "probe": row.probe, "scheme": row.scheme,
        "code": row.code, "opinion": row.opinion, "facet": row.facet,
        "withdrawn": None if row.withdrawn is None else iso(row.withdrawn),
    }  # fmt: skip
