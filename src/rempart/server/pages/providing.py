"""Back from the identity provider."""

from __future__ import annotations

import hmac

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import NotPermittedError, NotSignedInError, RefusedError
from rempart.people import sessions
from rempart.people.account import Account
from rempart.people.principal import Principal
from rempart.people.sessions import Started
from rempart.server.oidc import Provider, Vouched
from rempart.server.pages.doors import Pages, entered, for_anyone, inside

COOKIE = "rempart_provider"
PATH = "/sign-in/provider"


@for_anyone(per_minute=60)
async def to_provider(request: Request, pages: Pages) -> Response:
    """Go there: to sign in, or (`for=proof`, `for=account`) for somebody who is signed in."""
    provider = _provider(pages)
    purpose = request.query_params.get("for", "")
    who = await _present(request, pages) if purpose else None
    if purpose and who is None:
        return RedirectResponse("/sign-in", 303)
    if purpose == "account" and who is not None:
        if not pages.access.fresh(who):
            return RedirectResponse("/sign-in/again?then=/account", 303)
        # Another site could have signed this browser in to its own account there, and then sent it here.
        if not hmac.compare_digest(request.query_params.get("mark", "").encode(), mark(pages, who).encode()):
            raise RefusedError("This sign-in was not begun here.", hint="Start again from this site.")
    address, facts = await provider.begin(again=purpose == "proof")
    facts |= {
        "purpose": purpose,
        "person": who.id if who else None,
        "then": inside(request.query_params.get("then", "/")),
    }
    token = await run_in_threadpool(pages.entry.ceremony, "provider", facts)
    answer = RedirectResponse(address, 303)
    answer.set_cookie(COOKIE, token, max_age=600, path=PATH, secure=pages.access.secure, httponly=True, samesite="lax")
    return answer


@for_anyone(per_minute=60)
async def from_provider(request: Request, pages: Pages) -> Response:
    """Come back: the same browser, the same state, once."""
    provider = _provider(pages)
    who = await _present(request, pages)
    facts = await run_in_threadpool(pages.entry.taken, request.cookies.get(COOKIE, ""), "provider")
    vouched = await provider.finish(dict(request.query_params), facts)
    if facts["person"] is not None and (who is None or who.id != facts["person"]):
        raise NotPermittedError(
            "You signed out, or in as somebody else, meanwhile.", hint="Start again from this site."
        )
    if who is not None and facts["purpose"] == "account":
        await run_in_threadpool(Account(entry=pages.entry, who=who).link_provider, vouched.issuer, vouched.subject)
        return _done(RedirectResponse("/account?done=provider_linked", 303))
    started = await run_in_threadpool(_start, pages, vouched, who, asked_anew=bool(facts["again"]))
    if facts["person"] not in (None, started.person.id):
        await run_in_threadpool(_end, pages, started)
        raise NotPermittedError("That is somebody else's.", hint="Sign out first to sign in as another person.")
    return _done(entered(pages, started, facts["then"]))


def _start(pages: Pages, vouched: Vouched, who: Principal | None, *, asked_anew: bool) -> Started:
    replaces = who.session if who else None
    return pages.entry.with_provider(vouched.issuer, vouched.subject, asked_anew=asked_anew, replaces=replaces)


def _end(pages: Pages, started: Started) -> None:
    who = sessions.principal_of(started.person, started.session)
    with pages.access.store.write() as conn:
        sessions.end(conn, started.session, by=who, at=pages.access.clock())


def mark(pages: Pages, who: Principal) -> str:
    """What only this session's own account page knows to send."""
    return pages.entry.box.mark(f"provider {who.session}").hex()


def _provider(pages: Pages) -> Provider:
    if pages.provider is None:
        raise RefusedError("There is no identity provider here.", hint="Sign in another way.")
    return pages.provider


async def _present(request: Request, pages: Pages) -> Principal | None:
    try:
        return await pages.access.principal(request, people=True)
    except NotSignedInError:
        return None


def _done(answer: Response) -> Response:
    answer.delete_cookie(COOKIE, path=PATH)
    return answer
