"""What waits for a second person, and deciding it."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import RefusedError, RempartError
from rempart.people import approvals, persons
from rempart.people.permissions import APPROVED_WITH, Permission
from rempart.people.principal import CONSOLE, SYSTEM, Principal
from rempart.people.records import approvals as records
from rempart.people.records import keys as key_records
from rempart.people.records.approvals import Approval
from rempart.server.pages.contexts import ApprovalPage, ApprovalRow, ApprovalsPage
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render

LABELLED = frozenset({
    "list", "why", "source", "mode", "add", "change", "withdraw", "unchanged", "duplicates", "entries", "refused",
    "rules", "now", "size", "name", "feeds", "scheme", "shared", "growth_rows", "growth_percent", "canary", "noisy",
    "objects", "held", "files", "environment",
})  # fmt: skip
"""Facts that have a label in the texts."""


@for_people(Permission.APPROVALS_READ)
async def approvals_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What waits and this person could decide."""
    done = request.query_params.get("done", "")
    message = f"done.{done}" if done in ("approved", "refused") else ""
    return render(request, await run_in_threadpool(_approvals, pages, who), who=who, message=message)


@for_people(Permission.APPROVALS_READ)
async def approval_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One of them."""
    return render(request, await run_in_threadpool(_approval, pages, who, _asked(request)), who=who)


@for_people(Permission.APPROVALS_READ, proved=True)
async def decide(request: Request, pages: Pages, who: Principal) -> Response:
    """Yes or no, with a reason."""
    form = await form_of(request)
    page = await run_in_threadpool(_approval, pages, who, _asked(request))
    reason, answer = field(form, "reason").strip()[:2000], field(form, "answer")
    try:
        if answer not in ("approve", "refuse"):
            raise RefusedError("Say yes or no.", hint="Use one of the two buttons.")
        if not reason:
            raise RefusedError("A reason is missing.", hint="Write in a sentence what you looked at.")
        carry_out = pages.decide.get(page.row.approval.kind)
        if carry_out is None:
            raise RefusedError("This kind is not decided on this page.", hint="Use the command or page it came from.")
        await run_in_threadpool(carry_out, page.row.approval, who, answer == "approve", reason)
    except RempartError as err:
        return again(request, page, err, who=who)
    return RedirectResponse(f"/approvals?done={'approved' if answer == 'approve' else 'refused'}", 303)


def waiting_for(pages: Pages, who: Principal) -> tuple[Approval, ...]:
    """What waits and this person could decide, oldest first."""
    with pages.access.store.read() as conn:
        return pages.known(conn, approvals.pending(conn, who=who), who)


def _approvals(pages: Pages, who: Principal) -> ApprovalsPage:
    found = waiting_for(pages, who)
    names = _names(pages)
    with pages.access.store.read() as conn:
        return ApprovalsPage(rows=tuple(_row(conn, pages, one, who, names) for one in found))


def _approval(pages: Pages, who: Principal, approval_id: str) -> ApprovalPage:
    names = _names(pages)
    with pages.access.store.read() as conn:
        found = records.find(conn, approval_id)
        waits = found is not None and found.state == "pending" and who.may(APPROVED_WITH[found.kind])
        if found is None or not waits or not pages.known(conn, (found,), who):
            raise RefusedError("There is no such approval.", hint="Look at the list of what waits for approval.")
        return ApprovalPage(row=_row(conn, pages, found, who, names))


def _row(conn: Connection, pages: Pages, approval: Approval, who: Principal, names: dict[str, str]) -> ApprovalRow:
    own = who.id in (approval.asked_by, approval.asked_behind)
    if approval.kind not in pages.decide:
        why_not = "approval.elsewhere"
    elif own and pages.alone_after is None:
        why_not = "approval.own"
    else:
        why_not = ""
    asked = pages.more(conn, approval)
    facts = asked.facts or dict(sorted(approval.facts.items()))
    return ApprovalRow(
        approval=approval,
        asked_by=names.get(approval.asked_by, approval.asked_by),
        why_not=why_not,
        about=str(facts.get("list", "")),
        facts=tuple((name, f"fact.{name}" if name in LABELLED else "", value) for name, value in facts.items()),
        command=asked.command,
        difference=asked.difference,
        kinds=asked.kinds,
        counted=asked.counted,
        against=asked.against,
    )


def _names(pages: Pages) -> dict[str, str]:
    with pages.access.store.read() as conn:
        known = {person.id: person.shown_name for person in persons.everyone(conn)}
        known |= {key.id: f"{key.service} ({key.label})" for key in key_records.every(conn)}
    return known | {one.id: one.pseudonym for one in (SYSTEM, CONSOLE)}


def _asked(request: Request) -> str:
    found: str = request.path_params["approval"]
    return found if found.isascii() and found.isprintable() else ""
