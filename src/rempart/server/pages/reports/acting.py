"""What people do with a report besides filling it in: ask, confirm, withdraw, send again, say what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import RefusedError, RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.approvals import Approval
from rempart.reports.cybertip import visibility
from rempart.reports.cybertip.drafting import editing, seconding
from rempart.reports.cybertip.drafting.reading import report_of
from rempart.reports.cybertip.filing import beginning
from rempart.reports.cybertip.filing.beginning import Found
from rempart.reports.cybertip.production import PRODUCTION, require
from rempart.server.cybertips import environment_of
from rempart.server.drafting import begin_of, house_of
from rempart.server.pages.doors import Endpoint, Pages, again, field, for_people, form_of
from rempart.server.pages.reports.reading import report_page
from rempart.server.service import Service
from rempart.server.switching import target_of

_TYPED = ("reason", "why", "number", "note", "found")
_MOST_TYPED = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A step that somebody asks for: on which report, who, with what form, when."""

    conn: Connection
    service: Service
    report: str
    who: Principal
    form: FormData
    at: datetime
    alone_after: timedelta | None

    def text(self, name: str) -> str:
        """A field of the form."""
        return field(self.form, name)

    @property
    def version(self) -> int:
        """The version of the document that the person saw."""
        return version_in(self.form)

    @property
    def told(self) -> dict[str, Any]:
        """What drafting is handed each time."""
        service = self.service
        return {
            "who": self.who, "at": self.at, "keyring": service.vault.keyring, "house": house_of(service.settings),
        }  # fmt: skip


def asked(request: Request) -> str:
    """The report that a request is about."""
    found: str = request.path_params["report"]
    return found if found.isascii() and found.isprintable() and len(found) <= 40 else ""


def version_in(form: FormData) -> int:
    """The version of the document that stood on the page; one that no document has where none was sent."""
    text = field(form, "version")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _step(permission: Permission, step: Callable[[Act], object], done: str, *, proved: bool = False) -> Endpoint:
    @for_people(permission, back=2, proved=proved)
    async def endpoint(request: Request, pages: Pages, who: Principal) -> Response:
        form, report = await form_of(request), asked(request)
        service: Service = request.app.state.service

        def run() -> None:
            with service.store.write() as conn:
                step(Act(
                    conn=conn, service=service, report=report, who=who, form=form, at=service.clock(),
                    alone_after=pages.alone_after,
                ))  # fmt: skip

        try:
            await run_in_threadpool(run)
        except RempartError as err:
            typed = {name: field(form, name)[:_MOST_TYPED] for name in _TYPED}
            page = await run_in_threadpool(lambda: report_page(service, who, report, typed=typed))
            return again(request, page, err, who=who)
        return RedirectResponse(f"/reports/{report}?done={done}", 303)

    endpoint.__name__ = endpoint.__qualname__ = f"report_{done}"
    return endpoint


def confirm(
    service: Service, approval: Approval, who: Principal, approve: bool, reason: str, *, alone_after: timedelta | None
) -> None:
    """Second what another asked, or not, from the page of approvals. Blocks."""
    with service.store.write() as conn:
        seconding.decide(
            conn, approval.subject.partition(":")[2], digest=approval.digest, approve=approve, reason=reason, who=who,
            at=service.clock(), keyring=service.vault.keyring, house=house_of(service.settings),
            begin=begin_of(service.settings), alone_after=alone_after,
        )  # fmt: skip


def _ask(act: Act) -> None:
    seconding.ask(act.conn, act.report, version=act.version, **act.told)


def _withdraw(act: Act) -> None:
    seconding.withdraw(act.conn, act.report, who=act.who, at=act.at, keyring=act.service.vault.keyring)


def _decide(act: Act) -> None:
    answer, reason = act.text("answer"), act.text("reason").strip()[:_MOST_TYPED]
    if answer not in ("approve", "refuse"):
        raise RefusedError("Say yes or no.", hint="Use one of the two buttons.")
    if not reason:
        raise RefusedError("A reason is missing.", hint="Write in a sentence what you looked at.")
    seconding.decide(
        act.conn, act.report, digest=_digest(act), approve=answer == "approve", reason=reason,
        begin=begin_of(act.service.settings), alone_after=act.alone_after, **act.told,
    )  # fmt: skip


def _alone(act: Act) -> None:
    reason = act.text("reason").strip()[:_MOST_TYPED]
    seconding.confirm_alone(
        act.conn, act.report, digest=_digest(act), reason=reason, begin=begin_of(act.service.settings), **act.told
    )


def _reopen(act: Act) -> None:
    editing.reopen(act.conn, act.report, who=act.who, at=act.at, keyring=act.service.vault.keyring)


def _retry(act: Act) -> None:
    beginning.retry(act.conn, act.who, act.report, at=act.at)


def _stop(act: Act) -> None:
    beginning.stop(act.conn, act.who, act.report, why=act.text("why")[:_MOST_TYPED], at=act.at)


def _resolve(act: Act) -> None:
    known = {one.value: one for one in Found}
    found = known.get(act.text("found"))
    if found is None:
        raise RefusedError("What became of it has to be said.", hint="Choose one of the three.")
    beginning.resolve(
        act.conn, act.who, act.report, found=found, why=act.text("why")[:_MOST_TYPED], at=act.at,
        vault=act.service.vault, number=act.text("number")[:40] or None,
    )  # fmt: skip


def _file(act: Act) -> None:
    report_of(act.conn, act.report, act.who, permission=Permission.REPORTS_LEAD)
    environment = environment_of(act.service.settings)
    if environment == PRODUCTION:
        require(act.conn, target_of(act.service.settings))
    beginning.begin(act.conn, act.report, environment=environment, at=act.at, by=act.who)


def _review(act: Act) -> None:
    answer = act.text("agreed")
    if answer not in ("yes", "no"):
        raise RefusedError("Say yes or no.", hint="Use one of the two buttons.")
    visibility.review(act.conn, act.report, act.who, agreed=answer == "yes", note=act.text("note"), at=act.at)


def _digest(act: Act) -> bytes:
    try:
        return bytes.fromhex(act.text("digest")[:64])
    except ValueError as err:
        raise RefusedError("It is not said which document.", hint="Open the report again.") from err


_PREPARE, _APPROVE, _LEAD = Permission.REPORTS_PREPARE, Permission.REPORTS_APPROVE, Permission.REPORTS_LEAD
STEPS: tuple[tuple[str, str, Endpoint], ...] = (
    ("POST", "/reports/{report}/ask", _step(_PREPARE, _ask, "asked")),
    ("POST", "/reports/{report}/withdraw", _step(_PREPARE, _withdraw, "withdrawn")),
    ("POST", "/reports/{report}/decide", _step(_APPROVE, _decide, "decided", proved=True)),
    ("POST", "/reports/{report}/alone", _step(_APPROVE, _alone, "alone", proved=True)),
    ("POST", "/reports/{report}/reopen", _step(_PREPARE, _reopen, "reopened")),
    ("POST", "/reports/{report}/retry", _step(_APPROVE, _retry, "retried")),
    ("POST", "/reports/{report}/stop", _step(_LEAD, _stop, "stopped", proved=True)),
    ("POST", "/reports/{report}/resolve", _step(_LEAD, _resolve, "resolved", proved=True)),
    ("POST", "/reports/{report}/file", _step(_LEAD, _file, "begun", proved=True)),
    ("POST", "/reports/{report}/review", _step(_APPROVE, _review, "reviewed")),
)
DONE = frozenset(
    {"asked", "withdrawn", "decided", "alone", "reopened", "retried", "stopped", "resolved", "begun", "reviewed"}
    | {"saved", "left_out", "hashes"}
)
"""What a page may say that was done."""
