"""`GET /v1/reasons`: statements of reasons, for a service to hand to the people whose content was restricted."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.reasons import statements
from rempart.reports.reasons.records.statements import Named
from rempart.server.access import needs
from rempart.server.forms import Shown, known_id
from rempart.server.service import Service, get_service

router = APIRouter(tags=["reasons"])
Reader = Annotated[Principal, Depends(needs(Permission.DECISIONS_READ))]
Serving = Annotated[Service, Depends(get_service)]


class Text(Shown):
    """Plain text in each language."""

    en: str
    fr: str


class Restriction(Shown):
    """What was done, where (no country: wherever the service is offered), from when and for how long."""

    what: Literal["held", "restricted", "removed", "account"]
    countries: list[str]
    from_: str = Field(alias="from")
    until: str | None
    duration: Literal["until_examined", "open"]


class Automated(Shown):
    """Automated means in detection (null: not told, for the protection of minors) and in the decision."""

    detection: bool | None
    decision: Literal["fully", "partially", "none", "people"]


class Ground(Shown):
    """The law or the term of contract, and why."""

    kind: Literal["illegal", "terms"]
    reference: Text
    why: Text


class Redress(Shown):
    """Where to complain, who settles disputes out of court, which courts; null where the operator named none."""

    complaint: str | None
    dispute: str | None
    courts: str | None


class Statement(Shown):
    """A statement as it was made, about an item or an `uploader`'s account. `text` is what the uploader is to read, in
    `language`. With the kind `lifted` it says that the restriction `about` is over; a restriction's `about` is the one
    whose place it takes. `item_id` is null once the item was erased."""

    seq: int
    id: str
    kind: Literal["restriction", "lifted"]
    subject: Literal["item", "account"]
    item_id: str | None
    uploader: str | None
    language: Literal["en", "fr"]
    at: str
    about: str | None
    lifted: str | None = None
    restriction: Restriction | None = None
    source: Literal["own_initiative", "notice", "trusted_flagger", "other_notification"] | None = None
    automated: Automated | None = None
    ground: Ground | None = None
    redress: Redress | None = None
    text: Text


class Statements(Shown):
    """Statements in order; ask again `after` the number in `next`. With `more` there are further ones already."""

    statements: list[Statement]
    next: int
    more: bool


@router.get("/v1/reasons", summary="Statements of reasons since")
async def reasons(
    who: Reader,
    service: Serving,
    after: Annotated[int, Query(ge=0, le=2**62, description="The last number that was seen.")] = 0,
    limit: Annotated[int, Query(ge=1, le=statements.MOST)] = 100,
) -> Statements:
    """The statements about the service's own items and accounts after a number. Numbers rise and never come late:
    whoever keeps the last `next` and asks again misses nothing."""
    found = await run_in_threadpool(_after, service, who, after, limit)
    shown = found[:limit]
    return Statements(
        statements=[_shown(one) for one in shown],
        next=(shown[-1].reason.seq or after) if shown else after,
        more=len(found) > limit,
    )


@router.get("/v1/reasons/{reason_id}", summary="One statement of reasons")
async def reason(reason_id: str, who: Reader, service: Serving) -> Statement:
    """One statement of the service's own, by its id."""
    return _shown(await run_in_threadpool(_one, service, who, known_id(reason_id)))


def _after(service: Service, who: Principal, after: int, limit: int) -> tuple[Named, ...]:
    with service.store.read() as conn:
        return statements.after(conn, service=who.service or "", seq=after, most=limit + 1)


def _one(service: Service, who: Principal, reason_id: str) -> Named:
    with service.store.read() as conn:
        return statements.for_service(conn, reason_id, service=who.service or "")


def _shown(found: Named) -> Statement:
    return Statement.model_validate(statements.told(found))
