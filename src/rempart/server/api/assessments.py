"""`/v1/cases/{id}/assessments`: one person's answer, what follows from all of them, and taking one back in time."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from rempart.cases.assessing import near
from rempart.cases.assessing.answering import assess, confirm_alone, undo
from rempart.cases.assessing.values import (
    LONGEST_LOOK,
    MOST_ACCOUNTS,
    MOST_NOTE,
    MOST_RATIONALE,
    Alone,
    Assessment,
    Confidence,
    Decision,
    Given,
    ImageKind,
    Origin,
    OriginBasis,
    Pending,
    Standing,
)
from rempart.cases.assessing.viewing import standing
from rempart.cases.work import claims
from rempart.clock import iso
from rempart.errors import RefusedError
from rempart.items.records import items
from rempart.lists.entry import Category
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.forms import Form, Shown, Text, form_of, known_id, takes
from rempart.server.judging import alone_after, schemes_of
from rempart.server.problems import documented
from rempart.server.service import Service, get_service

router = APIRouter(tags=["cases"])
Assessor = Annotated[Principal, Depends(needs(Permission.CASES_ASSESS, people=True))]
Serving = Annotated[Service, Depends(get_service)]
Word = Annotated[Text, Field(min_length=1, max_length=64)]
_MOST_ORIGIN = len(OriginBasis)
_MOST_NUMBER = 2**62


class OriginForm(Form):
    """How one knows that a picture was made or changed by a machine. It never lowers anything."""

    basis: Literal[
        "c2pa", "iptc", "generator_metadata", "watermark", "visible_signs", "statement", "opinion"
    ]  # fmt: skip
    note: Annotated[Text, Field(max_length=MOST_NOTE)] = ""


class AccountForm(Form):
    """The account of whoever uploaded this item of the case."""

    service: Annotated[Text, Field(min_length=1, max_length=200)]
    item_id: Annotated[Text, Field(min_length=1, max_length=512)]


class Assess(Form):
    """One person's answer. `decisions` has one of no_violation, remove and restrict (in a case about an account it may
    have none), and any of the others. `claim` is the token of a claim; without one the case is claimed now."""

    decisions: Annotated[
        list[
            Literal[
                "no_violation", "remove", "restrict", "add_to_list", "report", "refer", "block_account",
            ]
        ],
        Field(min_length=1, max_length=7),
    ]  # fmt: skip
    scheme: Word | None = None
    code: Word | None = None
    image_kind: Literal["photograph", "pseudo_photograph", "derivative", "non_photographic"] | None = None
    origin: Annotated[list[OriginForm], Field(max_length=_MOST_ORIGIN, default_factory=list)]
    confidence: Literal["sure", "probable", "unsure"] = "sure"
    rationale: Annotated[Text, Field(max_length=MOST_RATIONALE)] = ""
    list_id: Annotated[Text, Field(min_length=1, max_length=40)] | None = None
    accounts: Annotated[list[AccountForm], Field(max_length=MOST_ACCOUNTS, default_factory=list)]
    seconds: Annotated[int, Field(ge=0, le=LONGEST_LOOK)] | None = None
    claim: Annotated[Text, Field(max_length=40)] | None = None


class Undo(Form):
    """Which outcome of one's own answer is taken back."""

    outcome: Annotated[Text, Field(max_length=40)]


class Confirm(Form):
    """Nothing needs to be said: what one may confirm alone stands in `alone`."""


class SameForm(Form):
    """Whether an item that lies beside the case shows the same picture."""

    item: Annotated[int, Field(ge=0, le=_MOST_NUMBER)]
    same: bool


class Propose(Form):
    """Nothing needs to be said."""


class GivenShown(Shown):
    """An answer that was given. `by` is a pseudonym."""

    id: str
    round: int
    by: str
    at: str
    decisions: list[str]
    scheme: str | None
    code: str | None
    image_kind: str | None
    origin: list[dict[str, str]]
    confidence: str
    rationale: str
    list_id: str | None
    blind: bool


class OutcomeShown(Shown):
    """What follows from answers. It can be taken back by whoever answered last until `settles_at`."""

    id: str
    kind: str
    state: str
    decisions: list[str]
    by: list[str]
    single: bool
    settles_at: str
    undoable: bool


class AloneShown(Shown):
    """What one may confirm alone of one's own answer, and from when."""

    decisions: list[str]
    after: str
    why: str
    new_session: bool


class StandingShown(Shown):
    """How a case stands for whoever asks. Who has yet to answer sees it as if nobody had."""

    case: str
    state: str
    stage: str
    round: int
    may_answer: bool
    why_not: str
    arbiter: bool
    blind: bool
    own: GivenShown | None
    answers: list[GivenShown]
    outcomes: list[OutcomeShown]
    waiting: list[str]
    alone: AloneShown | None
    ending: str | None


class NearShown(Shown):
    """An item that looks like the case's. `own` is what one said of it; `item` names it in answers."""

    item: int
    service: str
    item_id: str
    verdict: str
    distance: int
    probe: str
    own: bool | None
    same: int
    different: int
    state: str
    case: str | None


class NearList(Shown):
    """What lies beside a case, the nearest first."""

    items: list[NearShown]


@router.post(
    "/v1/cases/{case_id}/assessments",
    summary="Assess a case",
    openapi_extra=takes(Assess),
    responses=documented(409),
)
async def assessed(case_id: str, request: Request, who: Assessor, service: Serving) -> StandingShown:
    """Answer. It takes effect when its time to be taken back is over: then each service is told. What needs two people
    waits for the second, except that taking something down never waits."""
    asked = await form_of(request, service, Assess)
    return await run_in_threadpool(_assess, service, who, known_id(case_id), asked)


@router.get("/v1/cases/{case_id}/assessments", summary="How a case stands")
def stands(case_id: str, who: Assessor, service: Serving) -> StandingShown:
    """What one may do next, and what one may know of others' answers."""
    with service.store.read() as conn:
        found = standing(conn, known_id(case_id), who, at=service.clock(), alone_after=alone_after(service))
        return _shown(found)


@router.post(
    "/v1/cases/{case_id}/undo", summary="Take an answer back", openapi_extra=takes(Undo), responses=documented(409)
)
async def undone(case_id: str, request: Request, who: Assessor, service: Serving) -> StandingShown:
    """Only who answered can, and only until it takes effect."""
    asked = await form_of(request, service, Undo)

    def take_back() -> StandingShown:
        with service.store.write() as conn:
            return _shown(undo(conn, asked.outcome, who, at=service.clock(), case_id=known_id(case_id)))

    return await run_in_threadpool(take_back)


@router.post(
    "/v1/cases/{case_id}/confirm",
    summary="Confirm alone what nobody seconded",
    openapi_extra=takes(Confirm),
    responses=documented(409),
)
async def confirmed(case_id: str, request: Request, who: Assessor, service: Serving) -> StandingShown:
    """In immediate danger, after the set limit, or as the only person of a deployment; it is marked single."""
    await form_of(request, service, Confirm)

    def confirm() -> StandingShown:
        with service.store.write() as conn:
            found = confirm_alone(
                conn, known_id(case_id), who=who, at=service.clock(), alone_after=alone_after(service)
            )  # fmt: skip
            return _shown(found)

    return await run_in_threadpool(confirm)


@router.get("/v1/cases/{case_id}/near", summary="What lies beside a case")
def lies_beside(case_id: str, who: Assessor, service: Serving) -> NearList:
    """Items that look alike. Nothing follows from it until somebody says of one that it is the same."""
    with service.store.read() as conn:
        return _near(conn, known_id(case_id), who)


@router.post("/v1/cases/{case_id}/near", summary="Look for near-duplicates", openapi_extra=takes(Propose))
async def looked_for(case_id: str, request: Request, who: Assessor, service: Serving) -> NearList:
    """Search hosted items for what looks like the case's picture; the ledger says so."""
    await form_of(request, service, Propose)

    def look() -> NearList:
        near.propose(service.store, service.items, known_id(case_id), who=who, clock=service.clock)
        with service.store.read() as conn:
            return _near(conn, case_id, who)

    return await run_in_threadpool(look)


@router.put(
    "/v1/cases/{case_id}/near",
    summary="Say whether one of them is the same",
    openapi_extra=takes(SameForm),
    responses=documented(409),
)
async def said(case_id: str, request: Request, who: Assessor, service: Serving) -> NearList:
    """One at a time, on a claim. What is the same follows the case."""
    asked = await form_of(request, service, SameForm)

    def say() -> NearList:
        with service.store.write() as conn:
            step = near.confirm if asked.same else near.reject
            step(conn, known_id(case_id), asked.item, who=who, at=service.clock())
            return _near(conn, case_id, who)

    return await run_in_threadpool(say)


def _assess(service: Service, who: Principal, case_id: str, asked: Assess) -> StandingShown:
    at = service.clock()
    if (asked.scheme is None) is not (asked.code is None):
        raise RefusedError("A category is a scheme and a code.", hint="Send both, or none.")
    with service.store.write() as conn:
        token = asked.claim or claims.claim(conn, case_id, who, at=at).token
        answer = Assessment(
            decisions=frozenset(map(Decision, asked.decisions)),
            category=Category(scheme=asked.scheme, code=asked.code) if asked.scheme and asked.code else None,
            image_kind=None if asked.image_kind is None else ImageKind(asked.image_kind),
            origin=tuple(Origin(basis=OriginBasis(one.basis), note=one.note) for one in asked.origin),
            confidence=Confidence(asked.confidence), rationale=asked.rationale, list_id=asked.list_id,
            accounts=tuple(_item(conn, one) for one in asked.accounts), seconds=asked.seconds,
        )  # fmt: skip
        found = assess(
            conn, case_id, answer, who=who, token=token, at=at, schemes=schemes_of(service, conn),
            alone_after=alone_after(service),
        )  # fmt: skip
        return _shown(found)


def _item(conn: Connection, account: AccountForm) -> int:
    found = items.find(conn, account.service, account.item_id)
    if found is None:
        raise RefusedError("An account is named whose item is not there.", hint="Choose items of this case.")
    return found.id


def _shown(one: Standing) -> StandingShown:
    return StandingShown(
        case=one.case_id, state=one.state, stage=one.stage, round=one.round, may_answer=one.may_answer,
        why_not=one.why_not, arbiter=one.arbiter, blind=one.blind, own=None if one.own is None else _given(one.own),
        answers=[_given(answer) for answer in one.answers], outcomes=[_outcome(outcome) for outcome in one.outcomes],
        waiting=sorted(one.waiting), alone=None if one.alone is None else _alone(one.alone), ending=one.ending,
    )  # fmt: skip


def _given(one: Given) -> GivenShown:
    return GivenShown(
        id=one.id, round=one.round, by=one.pseudonym, at=iso(one.at), decisions=sorted(one.decisions),
        scheme=one.category.scheme if one.category else None, code=one.category.code if one.category else None,
        image_kind=one.image_kind, origin=[origin.document() for origin in one.origin], confidence=one.confidence,
        rationale=one.rationale, list_id=one.list_id, blind=one.blind,
    )  # fmt: skip


def _outcome(one: Pending) -> OutcomeShown:
    return OutcomeShown(
        id=one.id, kind=one.kind, state=one.state, decisions=sorted(one.decisions), by=list(one.by),
        single=one.single, settles_at=iso(one.settles_at), undoable=one.undoable,
    )  # fmt: skip


def _alone(one: Alone) -> AloneShown:
    return AloneShown(
        decisions=sorted(one.decisions), after=iso(one.after), why=one.why, new_session=one.new_session
    )  # fmt: skip


def _near(conn: Connection, case_id: str, who: Principal) -> NearList:
    found = [
        NearShown(
            item=one.item, service=one.service, item_id=one.item_id, verdict=one.verdict.value,
            distance=one.distance, probe=one.probe, own=one.own, same=one.same, different=one.different,
            state=one.state, case=one.case_id,
        )
        for one in near.of_case(conn, case_id, who)
    ]  # fmt: skip
    return NearList(items=found)
