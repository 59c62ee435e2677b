"""`/v1/reports`: which reports about a service's own accounts wait for what it knows, and where it supplies that."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from rempart.clock import iso
from rempart.errors import RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.cybertip.drafting import supplying
from rempart.reports.cybertip.drafting.holding import frozen_of
from rempart.reports.cybertip.records import subjects
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import EDITABLE
from rempart.server.access import needs
from rempart.server.drafting import house_of
from rempart.server.forms import Form, Shown, form_of, known_id, takes
from rempart.server.service import Service, get_service

router = APIRouter(tags=["reports"])
Supplier = Annotated[Principal, Depends(needs(Permission.REPORTS_SUPPLY))]
Serving = Annotated[Service, Depends(get_service)]
MOST = 100
_Object = dict[str, Any]


class WantedReport(Shown):
    """A report about an account or items of the service. `open`: something can still be supplied; `supplied`: when that
    was done last. `items` are those whose account it is about, by the service's own ids; `uploader` is null where the
    service never said whose they are."""

    id: str
    open: bool
    created: str
    uploader: str | None
    items: list[str]
    supplied: str | None


class WantedReports(Shown):
    """Reports that wait, the youngest first. Ask again with `before` set to `next`, until that is null."""

    reports: list[WantedReport]
    next: str | None


class Subject(Form):
    """What the service knows. Every part is optional; what is not known is left out, never guessed.

    `person` is the account that is reported: names, e-mail addresses, telephone numbers, addresses of the network with
    their times, devices, profile pages. `files` says more of its items, each by its `item_id`. `recipients` are
    accounts that it was meant for, `victims` children it was done to, `internet` where it happened. The fields of each
    are in the documentation (docs/howto/report-accounts.md); one that is not known there is refused with its place.
    """

    person: _Object | None = None
    recipients: Annotated[list[_Object], Field(max_length=100)] | None = None
    victims: Annotated[list[_Object], Field(max_length=100)] | None = None
    internet: Annotated[list[_Object], Field(max_length=100)] | None = None
    files: Annotated[list[_Object], Field(max_length=500)] | None = None


@router.get("/v1/reports", summary="Reports that wait for what the service knows")
async def wanted(
    who: Supplier,
    service: Serving,
    before: Annotated[str | None, Query(max_length=60, description="The `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> WantedReports:
    """The drafts about accounts and items of the service. The webhook `report.wanted` tells of each new one."""
    return await run_in_threadpool(_wanted, service, who, before and known_id(before), limit)


@router.get("/v1/reports/{report_id}", summary="What a report is about")
async def report(report_id: str, who: Supplier, service: Serving) -> WantedReport:
    """One report about an account or items of the service: which account, which items."""
    return await run_in_threadpool(_one, service, who, known_id(report_id))


@router.put(
    "/v1/reports/{report_id}/subject", summary="Supply what is known of the account", openapi_extra=takes(Subject)
)
async def supply(report_id: str, request: Request, who: Supplier, service: Serving) -> WantedReport:
    """It is checked, sealed, and put into the draft; people see it there before anything is sent. What is supplied
    again takes the place of what was supplied before. 409 once people confirmed the report."""
    asked = await form_of(request, service, Subject, most=supplying.MOST_BYTES)
    return await run_in_threadpool(_supply, service, who, known_id(report_id), asked)


def _wanted(service: Service, who: Principal, before: str | None, limit: int) -> WantedReports:
    with service.store.read() as conn:
        rows, after = supplying.wanted_of(conn, who, before=before, most=limit)
    return WantedReports(reports=[_shown(service, one) for one in rows], next=after)


def _one(service: Service, who: Principal, report_id: str) -> WantedReport:
    with service.store.read() as conn:
        row = supplying.own_report(conn, report_id, who)
    return _shown(service, row)


def _supply(service: Service, who: Principal, report_id: str, asked: Subject) -> WantedReport:
    told = {name: value for name, value in asked.model_dump().items() if value}
    if not told:
        raise RefusedError("Nothing is supplied.", hint="Send at least one part.")
    if len(json.dumps(told)) > supplying.MOST_BYTES:
        raise RefusedError("This is more than can be supplied.", hint="Give the youngest addresses of the network.")
    with service.store.write() as conn:
        row = supplying.supply(
            conn, report_id, told, by=who, at=service.clock(), keyring=service.vault.keyring,
            house=house_of(service.settings),
        )  # fmt: skip
    return _shown(service, row)


def _shown(service: Service, row: ReportRow) -> WantedReport:
    uploader, items, supplied = None, [], None
    if row.frozen is not None:
        frozen = frozen_of(row, keyring=service.vault.keyring)
        uploader = None if frozen.account is None else frozen.account.uploader
        items = [one.item_id for one in frozen.items]
        with service.store.read() as conn:
            last = subjects.of_report(conn, row.id)
        supplied = iso(last[-1].at) if last else None
    return WantedReport(
        id=row.id, open=row.state in EDITABLE, created=iso(row.created), uploader=uploader, items=items,
        supplied=supplied,
    )  # fmt: skip
