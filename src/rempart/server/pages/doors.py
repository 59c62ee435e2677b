"""How a page is reached: who may, where to sign in first, and what is shown when something is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from urllib.parse import quote, urlsplit

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import (
    ConflictError,
    NotFoundError,
    NotPermittedError,
    NotSignedInError,
    ProofNeededError,
    RefusedError,
    RempartError,
    TooManyRequestsError,
    UnavailableError,
)
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.approvals import Approval
from rempart.people.records.persons import Person
from rempart.people.sessions import Started
from rempart.people.signin import SignIn
from rempart.server.access import DECLARED, Access, Needs, Public
from rempart.server.oidc import Provider
from rempart.server.pages.asked import More, nothing_more
from rempart.server.pages.contexts import Context, ListRow, RefusalPage, StatusRow
from rempart.server.pages.rendering import render

Second = Callable[[Approval, Principal, bool, str], None]
"""Decides one approval: (what was asked, who decides, yes or no, reason). Blocks; raises RefusedError."""

Invite = Callable[[Connection, Person, str, datetime], None]
"""Sends a one-time link to its person, in the transaction that makes it: (transaction, person, link, good until)."""


Known = Callable[[Connection, tuple[Approval, ...], Principal], tuple[Approval, ...]]
"""Leaves questions out of which somebody must not know: those about a case that is kept from them."""


def all_known(conn: Connection, asked: tuple[Approval, ...], who: Principal) -> tuple[Approval, ...]:
    """Where no question is about a case."""
    return asked


def nobody_mailed(conn: Connection, person: Person, link: str, until: datetime) -> None:
    """Where no mail is set up, whoever made a link hands it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What pages need, at `app.state.pages`. `decide` has, for each kind of approval, who carries it out; `more`
    says what stands behind a question, `known` of which questions a person may know; `invite` mails one-time links."""

    access: Access
    entry: SignIn
    public_url: str
    provider: Provider | None = None
    alone_after: timedelta | None = None
    decide: Mapping[str, Second]
    more: More = nothing_more
    known: Known = all_known
    invite: Invite = nobody_mailed
    status: Callable[[Principal], tuple[tuple[StatusRow, ...], tuple[ListRow, ...] | None]]


_NUL = "\0"
PageHandler = Callable[[Request, Pages, Principal], Awaitable[Response]]
OpenHandler = Callable[[Request, Pages], Awaitable[Response]]
Absent = Callable[[Request, Pages], Awaitable[None]]
Endpoint = Callable[[Request], Awaitable[Response]]


def for_people(
    permission: Permission,
    *,
    proved: bool = False,
    or_enrolling: bool = False,
    back: int = 1,
    absent: Absent | None = None,
) -> Callable[[PageHandler], Endpoint]:
    """A page for signed-in people with a permission; others are sent to sign in. `proved`: who came in long ago proves
    again who they are. `or_enrolling`: also for whoever came by a link to set up credentials. `back`: so many parts of
    the address name the page that its form stands on. `absent` is run for a form whose session has ended."""

    needs = PageNeeds(permission, proved=proved, or_enrolling=or_enrolling)

    def wrap(handler: PageHandler) -> Endpoint:
        @wraps(handler)
        async def endpoint(request: Request) -> Response:
            pages: Pages = request.app.state.pages
            who: Principal | None = None
            try:
                who = await needs(request)
                _readable(request)
                return await handler(request, pages, who)
            except NotSignedInError:
                if absent is not None:
                    await absent(request, pages)
                return to_sign_in(request, back=back)
            except ProofNeededError:
                return RedirectResponse(f"/sign-in/again?then={quote(_back(request, back))}", 303)
            except RempartError as err:
                return refusal(request, err, who=who or await known(request))

        setattr(endpoint, DECLARED, needs)
        return endpoint

    return wrap


def for_anyone(*, per_minute: float = 120) -> Callable[[OpenHandler], Endpoint]:
    """A page for everybody, so often from one address."""
    public = Public(per_minute=per_minute)

    def wrap(handler: OpenHandler) -> Endpoint:
        @wraps(handler)
        async def endpoint(request: Request) -> Response:
            pages: Pages = request.app.state.pages
            try:
                await public(request)
                _readable(request)
                return await handler(request, pages)
            except RempartError as err:
                return refusal(request, err)

        setattr(endpoint, DECLARED, public)
        return endpoint

    return wrap


class PageNeeds(Needs):
    """A page's declaration."""

    def __init__(self, permission: Permission, *, proved: bool, or_enrolling: bool) -> None:
        super().__init__(permission, people=True, proved=proved)
        self.or_enrolling = or_enrolling

    async def __call__(self, request: Request) -> Principal:
        if "authorization" in request.headers:
            raise NotPermittedError("Pages are for people.", hint="Keys use the API under /v1.")
        if self.or_enrolling:
            access: Access = request.app.state.access
            who = await access.principal(request, people=True)
            if who.may(Permission.ENROL):
                return who
        return await super().__call__(request)


async def form_of(request: Request, *, most: int = 60) -> FormData:
    """The form that was sent, of fields only and not many of them; the one character that no database keeps is left out
    of them. Raises RefusedError."""
    try:
        found = await request.form(max_files=0, max_fields=most, max_part_size=64 << 10)
        fields = found.multi_items()
        "".join(value for _, value in fields if isinstance(value, str)).encode()
    except (HTTPException, ValueError) as err:  # ValueError: an encoding that it is not in, or that is none of text
        raise RefusedError("The form could not be read.", hint="Open the page again and send it once more.") from err
    if not any(isinstance(value, str) and _NUL in value for _, value in fields):
        return found
    return FormData([(name, value.replace(_NUL, "") if isinstance(value, str) else value) for name, value in fields])


def _readable(request: Request) -> None:
    """Refuse an address with a character that no database keeps: nothing is found by it."""
    if _NUL in request.url.path or "%00" in request.url.path:
        raise NotFoundError("There is no such page.", hint="Go back, and open the page from a link.")
    if any(_NUL in name + value for name, value in request.query_params.multi_items()):
        raise RefusedError("That holds control characters.", hint="Type it anew, without line ends.")


def field(form: FormData, name: str) -> str:
    """One field of a form as text, empty when it was not sent."""
    found = form.get(name)
    return found if isinstance(found, str) else ""


async def known(request: Request) -> Principal | None:
    """Who asks, where that can be told: somebody who may not come in here still finds the way on."""
    access: Access = request.app.state.access
    try:
        return None if "authorization" in request.headers else await access.principal(request, people=True)
    except RempartError:
        return None


def refusal(request: Request, err: RempartError, *, who: Principal | None = None) -> Response:
    """The page that says what went wrong and what to do."""
    status = status_of(err)
    answer = render(
        request, RefusalPage(status=status, back="/" if who else "/sign-in"), who=who, status=status, error=err
    )
    if isinstance(err, TooManyRequestsError):
        answer.headers["retry-after"] = str(int(err.retry_after) + 1)
    return answer


def again(request: Request, context: Context, err: RempartError, *, who: Principal | None = None) -> Response:
    """The same page with what was wrong. Raises what is no fault of the form."""
    if not isinstance(err, RefusedError | TooManyRequestsError):
        raise err
    answer = render(request, context, who=who, status=status_of(err), error=err)
    if isinstance(err, TooManyRequestsError):
        answer.headers["retry-after"] = str(int(err.retry_after) + 1)
    return answer


def status_of(err: RempartError) -> int:
    """The HTTP status of an error on a page."""
    table: tuple[tuple[type[RempartError], int], ...] = (
        (NotSignedInError, 401),
        (NotPermittedError, 403),
        (NotFoundError, 404),
        (ConflictError, 409),
        (RefusedError, 422),
        (TooManyRequestsError, 429),
        (UnavailableError, 503),
    )
    return next((status for kind, status in table if isinstance(err, kind)), 500)


def entered(pages: Pages, started: Started, then: str) -> Response:
    """Go on signed in: the new session's cookie, and the page that was asked for."""
    answer = RedirectResponse(inside(then), 303)
    answer.set_cookie(
        pages.access.cookie,
        started.token,
        path="/",
        secure=pages.access.secure,
        httponly=True,
        samesite="lax",
    )
    return answer


def inside(then: str) -> str:
    """An address on this site: anything else becomes the start page."""
    parts = urlsplit(then.replace("\\", "/"))
    if parts.scheme or parts.netloc or not then.startswith("/") or then.startswith("//") or not then.isprintable():
        return "/"
    return then


def to_sign_in(request: Request, *, back: int = 1) -> Response:
    """Sign in first, and come back afterwards."""
    then = _back(request, back)
    return RedirectResponse("/sign-in" if then == "/" else f"/sign-in?then={quote(then)}", 303)


def _back(request: Request, parts: int) -> str:
    """The page to come back to: this one, or the one whose form was sent."""
    if request.method in ("GET", "HEAD"):
        return request.url.path
    return "/" + "/".join(request.url.path.strip("/").split("/")[:parts])
