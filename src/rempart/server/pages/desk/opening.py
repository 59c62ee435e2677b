"""A case that a person opens about an account: from what was published, listed or reported."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.cases.work import accounts
from rempart.errors import RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.desk.acting import fact_of, to_case
from rempart.server.pages.desk.contexts import NewCasePage
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.service import Service

_FIELDS = ("service", "uploader", "kind", "text", "url", "linked")


@for_people(Permission.CASES_OPEN)
async def new_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The form."""
    return render(request, NewCasePage(kinds=accounts.FACT_KINDS, typed={}), who=who)


@for_people(Permission.CASES_OPEN, back=2)
async def open_case(request: Request, pages: Pages, who: Principal) -> Response:
    """Open the account's case, or add to the one that is open."""
    service: Service = request.app.state.service
    form = await form_of(request)

    def run() -> str:
        with service.store.write() as conn:
            opened = accounts.open_account_case(
                conn, service=field(form, "service").strip(), uploader=field(form, "uploader").strip(),
                facts=(fact_of(form),), by=who, at=service.clock(),
            )  # fmt: skip
            return opened.case

    try:
        case_id = await run_in_threadpool(run)
    except RempartError as err:
        typed = {name: field(form, name) for name in _FIELDS}
        return again(request, NewCasePage(kinds=accounts.FACT_KINDS, typed=typed), err, who=who)
    return to_case(case_id, done="opened")
