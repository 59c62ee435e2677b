"""The ledger: how it stands, its export, and the way from a subject to the leaves that prove what was done."""

from __future__ import annotations

import json
import tempfile
from base64 import b64encode
from pathlib import Path

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from rempart.cases.work import queue
from rempart.cases.work.withholding import About
from rempart.errors import (
    LedgerChangedError,
    LedgerForkedError,
    LedgerIncompleteError,
    LedgerRemovedError,
    LedgerReorderedError,
    NotFoundError,
    NotPermittedError,
    RefusedError,
    RempartError,
)
from rempart.evidence.ledger import records
from rempart.evidence.ledger.export import begin, export, key_lines, leaf_rows
from rempart.evidence.ledger.lookup import about
from rempart.evidence.ledger.notes import VerifierKey
from rempart.evidence.ledger.proof import prove
from rempart.evidence.ledger.sequencer import latest_checkpoint
from rempart.evidence.ledger.status import status_of
from rempart.evidence.ledger.verify import verify as verify_export
from rempart.intake.notices.withholding import withheld
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import PAGE, Typed, asked, number, service_of, typed, whole
from rempart.server.pages.running.contexts_running import AboutPage, LeafPage, LedgerPage
from rempart.server.service import Service
from rempart.server.waiting import lane_of

OUTCOMES: dict[type[RempartError], str] = {
    LedgerChangedError: "changed",
    LedgerRemovedError: "removed",
    LedgerReorderedError: "reordered",
    LedgerForkedError: "forked",
    LedgerIncompleteError: "incomplete",
}
"""The word for each way in which the ledger can fail to verify."""
_MOST_VALUES, _STAMPS = 20, 5


@for_people(Permission.LEDGER_READ)
async def ledger_page(request: Request, pages: Pages, who: Principal) -> Response:
    """How it stands."""
    return render(request, await run_in_threadpool(_ledger, service_of(request), who), who=who)


@for_people(Permission.LEDGER_READ)
async def verify(request: Request, pages: Pages, who: Principal) -> Response:
    """The software verifies its own ledger, with its own keys: it says what that cannot exclude."""
    form, service = await form_of(request), service_of(request)
    kept = field(form, "checkpoint").replace("\r\n", "\n").strip()
    lane = lane_of(request.app, "ledger", threads=1, waiting=1)
    try:
        page = await lane.run(lambda: _verified(service, who, kept))
    except RempartError as err:
        page = await run_in_threadpool(_ledger, service, who, form=Typed(checkpoint=kept))
        return again(request, page, err, who=who)
    return render(request, page, who=who)


@for_people(Permission.LEDGER_EXPORT)
async def export_file(request: Request, pages: Pages, who: Principal) -> Response:
    """The export as a file, read while it is sent. The full form says what every leaf is about, kept from them or not:
    whoever works on cases has the outsider's."""
    outsider = request.query_params.get("form") == "outsider"
    if not outsider and not _may_have_all(who):
        raise NotPermittedError(
            "Who works on cases has the outsider's form: the full one opens what is kept from you.",
            hint="Ask an auditor who does not work on cases, or run `rempart ledger export`.",
        )
    told, lines = await run_in_threadpool(begin, service_of(request).store, outsider=outsider)
    name = f"ledger-{told.size}{'-outsider' if outsider else ''}.jsonl"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(lines, media_type="application/jsonl", headers=headers)


@for_people(Permission.LEDGER_READ)
async def about_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The leaves about a case, an item, a list, a webhook or a person."""
    subject, before = asked(request, "subject", most=200), number(request, "before")
    return render(request, await run_in_threadpool(_about, service_of(request), who, subject, before), who=who)


@for_people(Permission.LEDGER_READ)
async def leaf_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One leaf."""
    page = await run_in_threadpool(_leaf, service_of(request), who, _position(request))
    return render(request, page, who=who)


@for_people(Permission.LEDGER_READ, proved=True)
async def reveal(request: Request, pages: Pages, who: Principal) -> Response:
    """The proof of a leaf as a file, opening its time and those values that were given and are right."""
    form, service, position = await form_of(request), service_of(request), _position(request)
    try:
        proof = await run_in_threadpool(_proof, service, who, position, field(form, "values"))
    except RempartError as err:
        page = await run_in_threadpool(_leaf, service, who, position, form=typed(form, "values"))
        shown = RefusedError(err.message, hint=err.hint) if isinstance(err, LedgerIncompleteError) else err
        return again(request, page, shown, who=who)
    headers = {"content-disposition": f'attachment; filename="leaf-{position}.proof"', "cache-control": "no-store"}
    return Response(proof, media_type="application/json", headers=headers)


def _may_have_all(who: Principal) -> bool:
    return not who.may(Permission.CASES_READ)


def _ledger(
    service: Service,
    who: Principal,
    *,
    outcome: str = "",
    told: str = "",
    verified: int = 0,
    since: int | None = None,
    form: Typed | None = None,
) -> LedgerPage:
    with service.store.read() as conn:
        last = latest_checkpoint(conn)
        return LedgerPage(
            status=status_of(conn), note=last.note if last else "", keys=tuple(key_lines(conn)),
            stamps=records.newest_stamps(conn, most=_STAMPS),
            stamped=bool(service.settings.ledger.timestamp_url), may_export=who.may(Permission.LEDGER_EXPORT),
            all_of_it=_may_have_all(who),
            outcome=outcome, told=told, verified=verified, since=since, typed=form or Typed(),
        )  # fmt: skip


def _verified(service: Service, who: Principal, kept: str) -> LedgerPage:
    with service.store.read() as conn:
        keys = [VerifierKey.parse(line) for line in key_lines(conn)]
    with tempfile.NamedTemporaryFile(dir=service.settings.data, prefix="verify-") as file:
        export(service.store, file, outsider=True)
        file.flush()
        try:
            found = verify_export(Path(file.name), keys=keys, checkpoints=[kept + "\n"] if kept else ())
        except tuple(OUTCOMES) as err:
            word = next(OUTCOMES[kind] for kind in type(err).__mro__ if kind in OUTCOMES)
            told = err.message if isinstance(err, RempartError) else ""
            return _ledger(service, who, outcome=word, told=told, form=Typed(checkpoint=kept))
    return _ledger(
        service, who, outcome="verified", verified=found.size, since=found.unaltered_since, form=Typed(checkpoint=kept)
    )


def _about(service: Service, who: Principal, subject: str, before: int) -> AboutPage:
    with service.store.read() as conn:
        _open_to(conn, who, subject)
        found = about(conn, subject, before=before or None, most=PAGE + 1) if subject else ()
        kept = withheld(conn, (About(number=one.number, subject=subject) for one in found[:PAGE]), who)
    rows = tuple(one for one in found[:PAGE] if one.number not in kept)
    return AboutPage(subject=subject, rows=rows, next=found[PAGE - 1].number if len(found) > PAGE else None)


def _leaf(service: Service, who: Principal, position: int, *, form: Typed | None = None) -> LeafPage:
    with service.store.read() as conn:
        last = latest_checkpoint(conn)
        size = 0 if last is None else last.size
        rows = leaf_rows(conn, position, position + 1) if position < size else []
        if not rows:
            raise NotFoundError("There is no such leaf.", hint="It may not be signed yet; look again in a minute.")
        row = rows[0]
        subject = (row.subject if row.salts is not None else None) or ""
        _open_to(conn, who, subject)
        if withheld(conn, [About(number=row.id, subject=subject)], who):
            raise NotFoundError("There is no such leaf.", hint="It may not be signed yet; look again in a minute.")
    body = json.loads(row.body)
    return LeafPage(
        leaf=position, size=size, body=body, subject=subject, at=row.at, hash=b64encode(row.hash).decode(),
        facts=tuple((name, json.dumps(value, ensure_ascii=False)) for name, value in body["facts"].items()),
        sealed=tuple(sorted(body["sealed"])), typed=form or Typed(),
    )  # fmt: skip


def _proof(service: Service, who: Principal, position: int, text: str) -> bytes:
    values: dict[str, str | bytes] = {}
    for line in [line for line in text.splitlines() if line.strip()][:_MOST_VALUES]:
        name, there, value = line.partition("=")
        if not there:
            raise RefusedError("A line is no value to open.", hint="Write name=value, one a line.")
        try:
            values[name.strip()] = bytes.fromhex(value[4:]) if value.startswith("hex:") else value
        except ValueError as err:
            raise RefusedError("After hex: come hexadecimal digits.", hint="Write sha256=hex:… for bytes.") from err
    _leaf(service, who, position)
    with service.store.read() as conn:
        return prove(conn, position, values=values)


def _open_to(conn: Connection, who: Principal, subject: str) -> None:
    """Raise NotFoundError for what is about a case that is kept from who asks, or an item in one."""
    kind, _, name = subject.partition(":")
    if kind == "case" and who.may(Permission.CASES_READ):
        queue.visible(conn, name, who)
    if kind == "item" and name.isdigit() and len(name) < 19 and queue.hidden_items(conn, [int(name)], who):
        raise NotFoundError("There is no such item.", hint="It was never checked, or was deleted.")


def _position(request: Request) -> int:
    try:
        found = whole(request.path_params["leaf"], most=2**53)
    except RefusedError:
        found = None
    if found is None:
        raise NotFoundError("There is no such leaf.", hint="It may not be signed yet; look again in a minute.")
    return found
