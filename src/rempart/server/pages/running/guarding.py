"""What is not believed at once: breakers that tripped, entries that look-back did not act on, canaries and noise."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases import stops
from rempart.errors import RefusedError, RempartError
from rempart.lists import breaker, breaker_records, guard_records
from rempart.lists.vocabulary import read_signal
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import Typed, good, reason_of, service_of, typed, whole
from rempart.server.pages.running.contexts_lists import BreakersPage, GuardsPage
from rempart.server.pages.running.lists import stop_rows, trip_rows
from rempart.server.service import Service
from rempart.signals.values import Signal

_GUARDS = (guard_records.CANARY, guard_records.NOISY)
_MOST = 1_000
_DONE = frozenset({"breaker_reset", "stop_believed", "stop_left", "guards_added", "guard_removed"})


@for_people(Permission.LISTS_READ)
async def breakers_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Open breakers, and entries to decide about."""
    everything = bool(request.query_params.get("everything"))
    page = await run_in_threadpool(_breakers, service_of(request), who, everything=everything)
    return render(request, page, who=who, message=_message(request))


@for_people(Permission.LISTS_APPROVE, proved=True)
async def reset(request: Request, pages: Pages, who: Principal) -> Response:
    """Believe a tripped entry or rule again."""
    form, service = await form_of(request), service_of(request)

    def run() -> None:
        allowed = whole(field(form, "allowed"), most=1_000_000_000)
        if allowed == 0:
            raise RefusedError("At least one match must be allowed.", hint="Leave the field empty for the usual.")
        with service.store.write() as conn:
            breaker.reset(
                conn, good(field(form, "subject"), most=200), by=who, at=service.clock(), reason=reason_of(form),
                allowed=allowed,
            )  # fmt: skip

    return await _breakers_done(request, who, form, run, "breaker_reset")


@for_people(Permission.CASES_LEAD, proved=True)
async def decide_stop(request: Request, pages: Pages, who: Principal) -> Response:
    """Let look-back act on an entry that leads to very many items, or leave it."""
    form, service = await form_of(request), service_of(request)
    answer = field(form, "answer")

    def run() -> None:
        if answer not in ("act", "leave"):
            raise RefusedError("Say yes or no.", hint="Use one of the two buttons.")
        entry = whole(field(form, "entry"))
        if entry is None:
            raise RefusedError("A number is expected here.", hint="Write digits only, or leave the field empty.")
        with service.store.write() as conn:
            stops.decide(conn, entry, act=answer == "act", reason=reason_of(form), by=who, at=service.clock())

    return await _breakers_done(request, who, form, run, "stop_believed" if answer == "act" else "stop_left")


@for_people(Permission.LISTS_READ)
async def guards_page(request: Request, pages: Pages, who: Principal) -> Response:
    """How many canaries and noisy hashes there are."""
    return render(
        request, await run_in_threadpool(_guards, service_of(request), who), who=who, message=_message(request)
    )


@for_people(Permission.LISTS_APPROVE, proved=True)
async def add_guards(request: Request, pages: Pages, who: Principal) -> Response:
    """Signals of known-good pictures, or hashes known to be noisy, one a line."""
    form, service = await form_of(request), service_of(request)

    def run() -> None:
        lines = [line.strip() for line in field(form, "signals").splitlines() if line.strip()]
        if not 0 < len(lines) <= _MOST:
            raise RefusedError("There must be from 1 to 1,000 signals.", hint="Write one a line.")
        service.curation.guard(_guard(form), [_signal(n, line) for n, line in enumerate(lines, 1)], by=who)

    return await _guards_done(request, who, form, run, "guards_added")


@for_people(Permission.LISTS_APPROVE, proved=True)
async def remove_guard(request: Request, pages: Pages, who: Principal) -> Response:
    """Take one signal out."""
    form, service = await form_of(request), service_of(request)

    def run() -> None:
        service.curation.unguard(_guard(form), _signal(1, field(form, "signal").strip()), by=who)

    return await _guards_done(request, who, form, run, "guard_removed")


async def _breakers_done(
    request: Request, who: Principal, form: FormData, run: Callable[[], None], done: str
) -> Response:
    try:
        await run_in_threadpool(run)
    except RempartError as err:
        kept = typed(form, "subject", "entry", "reason", "allowed")
        return again(request, await run_in_threadpool(_breakers, service_of(request), who, form=kept), err, who=who)
    return RedirectResponse(f"/lists/breakers?done={done}", 303)


async def _guards_done(
    request: Request, who: Principal, form: FormData, run: Callable[[], None], done: str
) -> Response:
    try:
        await run_in_threadpool(run)
    except RempartError as err:
        kept = typed(form, "guard", "signals", "signal", most=64 << 10)
        return again(request, await run_in_threadpool(_guards, service_of(request), who, form=kept), err, who=who)
    return RedirectResponse(f"/lists/guards?done={done}", 303)


def _breakers(service: Service, who: Principal, *, everything: bool = False, form: Typed | None = None) -> BreakersPage:
    with service.store.read() as conn:
        trips = trip_rows(conn, breaker_records.tripped(conn, everything=everything)[:200], who)
        stopped = stop_rows(conn, stops.waiting(conn)[:200], who)
    return BreakersPage(
        trips=trips, stops=stopped, everything=everything, may_reset=who.may(Permission.LISTS_APPROVE),
        may_decide=who.may(Permission.CASES_LEAD), at=service.clock(), typed=form or Typed(),
    )  # fmt: skip


def _guards(service: Service, who: Principal, *, form: Typed | None = None) -> GuardsPage:
    with service.store.read() as conn:
        counts = guard_records.counts(conn)
    return GuardsPage(
        canaries=counts[guard_records.CANARY], noisy=counts[guard_records.NOISY],
        may_change=who.may(Permission.LISTS_APPROVE), typed=form or Typed(),
    )  # fmt: skip


def _guard(form: FormData) -> str:
    found = field(form, "guard")
    if found not in _GUARDS:
        raise RefusedError("It is not said which of the two.", hint="Choose canaries or noisy hashes.")
    return found


def _signal(line: int, text: str) -> Signal:
    kind, _, value = text.partition(":")
    try:
        return read_signal(kind, value)
    except RefusedError as err:
        raise RefusedError(
            f"Line {line} is no signal.", hint="Write it as sha256:…, sha1:…, md5:… or pdq:…, in hexadecimal digits."
        ) from err


def _message(request: Request) -> str:
    done = request.query_params.get("done", "")
    return f"done.{done}" if done in _DONE else ""
