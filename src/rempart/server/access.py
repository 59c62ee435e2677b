"""Who may reach what: every route declares a permission, or that it is public, or the application does not start."""

from __future__ import annotations

import math
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security.base import SecurityBase
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import BaseRoute, Host, Mount, Route

from rempart.clock import Clock
from rempart.errors import NotPermittedError, NotSignedInError, ProofNeededError, TooManyRequestsError
from rempart.people import sessions
from rempart.people.permissions import BY_SCOPE, Permission, Scope
from rempart.people.principal import Principal
from rempart.people.sessions import Limits
from rempart.people.tokens import RandomBytes
from rempart.server.access_keys import KeyCache
from rempart.server.access_limits import Buckets, Network, Quotas, bucket_of, client_address, networks
from rempart.settings import Settings
from rempart.store.engine import Store

DECLARED = "__rempart_access__"
_FAILURES_PER_MINUTE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What decides about requests; one per process, at `app.state.access`. `keys` has to be started."""

    store: Store
    clock: Clock
    random: RandomBytes
    limits: Limits
    keys: KeyCache
    buckets: Buckets
    quotas: Quotas
    trusted: tuple[Network, ...]
    secure: bool
    key_per_minute: int = 600_000
    address_per_minute: int = 600

    @property
    def cookie(self) -> str:
        """The name of the session cookie; browsers accept the first form only from https and for the whole host."""
        return "__Host-rempart" if self.secure else "rempart"

    def address(self, request: Request) -> str:
        """The client's address, as far as the trusted proxies tell it."""
        peer = request.client.host if request.client else None
        forwarded = request.headers.getlist("x-forwarded-for") if self.trusted else []
        return client_address(peer, forwarded, self.trusted)

    def client(self, request: Request) -> str:
        """The client's address, as far as one client is told from another: what its failures are counted by."""
        return bucket_of(self.address(request))

    async def principal(self, request: Request, *, people: bool) -> Principal:
        """Who asks, by key or (where `people` may) by session cookie. Raises NotSignedInError, TooManyRequestsError."""
        given = request.headers.get("authorization")
        if given is not None:
            return await self._by_key(request, given)
        token = request.cookies.get(self.cookie) if people else None
        if token is None:
            what = "Sign in." if people else "Send a key: `Authorization: Bearer rk_…`."
            raise NotSignedInError(
                "There is no key in this request." if not people else "You are not signed in.", hint=what
            )
        at = self.clock()
        found = await run_in_threadpool(sessions.resolve, self.store, token, at=at, limits=self.limits)
        if found is None:
            raise NotSignedInError("Your session has ended.", hint="Sign in again.")
        return sessions.principal_of(*found)

    async def spend_signals(self, who: Principal, count: int) -> None:
        """Count signals that a key asks about against its daily quota. Raises TooManyRequestsError."""
        limit = who.signals_per_day
        if limit is None or self.quotas.spend(who.id, count, limit=limit):
            return
        if not await run_in_threadpool(self.quotas.take, who.id, count, limit=limit):
            raise TooManyRequestsError(
                f"This key's quota of {limit} signals a day is used up.",
                hint="Try again after midnight UTC, or ask the administrator for a larger quota.",
                retry_after=self.quotas.until_tomorrow(),
            )

    def count_address(self, request: Request, *, per_minute: float | None = None) -> None:
        """Count a request that anyone may make. Raises TooManyRequestsError."""
        rate = per_minute or self.address_per_minute
        name = f"open {rate:g}:{self.client(request)}"
        _refuse_wait(self.buckets.wait(name, per_minute=rate))

    def fresh(self, who: Principal) -> bool:
        """Whether the person used a credential so lately that grave things need no further proof."""
        return who.proved is not None and timedelta(0) <= self.clock() - who.proved < self.limits.proof

    async def _by_key(self, request: Request, given: str) -> Principal:
        scheme, _, secret = given.partition(" ")
        secret = secret.strip()
        known = self.keys.remembered(secret)
        if known is None:
            failures = f"failed:{self.client(request)}"
            _refuse_wait(self.buckets.wait(failures, per_minute=_FAILURES_PER_MINUTE, burst=30, take=False))
            if scheme.lower() == "bearer":
                known = await run_in_threadpool(self.keys.looked_up, secret)
            if known is None:
                self.buckets.wait(failures, per_minute=_FAILURES_PER_MINUTE, burst=30)
                raise NotSignedInError(
                    "This key is not valid: it is unknown, was revoked or has expired.",
                    hint="Send `Authorization: Bearer rk_…` with a key that an administrator made for this service.",
                )
        rate = known.key.per_minute or self.key_per_minute
        _refuse_wait(self.buckets.wait(f"key:{known.key.id}", per_minute=rate))
        return known.principal


class Needs(SecurityBase):
    """A route's declaration, and the FastAPI dependency that holds it: gives the Principal."""

    def __init__(self, permission: Permission, *, people: bool, proved: bool) -> None:
        self.permission, self.people, self.proved = permission, people, proved
        self.scheme_name = "key"
        self.model = HTTPBearerModel(bearerFormat="rk_…", description="A key made by an administrator.")

    async def __call__(self, request: Request) -> Principal:
        access: Access = request.app.state.access
        who = await access.principal(request, people=self.people)
        if not who.may(self.permission):
            raise NotPermittedError(_refusal(who, self.permission), hint=_remedy(who, self.permission))
        if self.proved and who.kind != "service" and not access.fresh(who):
            raise ProofNeededError(hint="Confirm who you are at /sign-in/again, then send this again.")
        return who


class Public:
    """A route's declaration that anyone may ask, counted by address."""

    def __init__(self, *, per_minute: float | None) -> None:
        self.per_minute = per_minute

    async def __call__(self, request: Request) -> None:
        access: Access = request.app.state.access
        access.count_address(request, per_minute=self.per_minute)


class Open:
    """As `Public`, and not counted either: health checks and fixed files."""

    async def __call__(self) -> None:
        return None


Declaration = Needs | Public | Open
Endpoint = Callable[..., Awaitable[Any]]


def needs(permission: Permission, *, people: bool = False, proved: bool = False) -> Needs:
    """`who: Annotated[Principal, Depends(needs(Permission.CHECK))]`: the caller's key (or, with `people`, the signed-in
    person) has this permission. `proved`: and the person used a credential in the last minutes; a key is one itself."""
    return Needs(permission, people=people, proved=proved)


def public(*, per_minute: float | None = None) -> Public:
    """`dependencies=[Depends(public())]`: anyone may ask, so often from one address."""
    return Public(per_minute=per_minute)


def declared(declaration: Declaration) -> Callable[[Endpoint], Endpoint]:
    """Declare a plain Starlette endpoint, which checks it itself (or needs no check)."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, DECLARED, declaration)
        return endpoint

    return mark


def declarations(app: Starlette) -> Iterator[tuple[str, frozenset[str], Declaration | None]]:
    """Every route of an application: its path, methods, and what it declares (None: nothing)."""
    yield from _declarations(app.routes, "")


def assert_all_routes_declare(app: Starlette) -> None:
    """RuntimeError naming the routes that declare neither a permission nor that they are public."""
    silent = [f"{'/'.join(sorted(methods))} {path}" for path, methods, found in declarations(app) if found is None]
    if silent:
        raise RuntimeError("These routes declare no permission: " + ", ".join(silent))


def build_access(
    settings: Settings, store: Store, *, clock: Clock, random: RandomBytes = secrets.token_bytes
) -> Access:
    """The access of a process, as the settings say."""
    people = settings.people
    return Access(
        store=store,
        clock=clock,
        random=random,
        limits=Limits(idle=timedelta(minutes=people.idle_minutes), absolute=timedelta(hours=people.session_hours)),
        keys=KeyCache(store, clock=clock),
        buckets=Buckets(),
        quotas=Quotas(store, clock=clock),
        trusted=networks(settings.server.trusted_proxies),
        secure=settings.server.public_url.startswith("https://"),
        key_per_minute=people.key_per_minute,
        address_per_minute=people.address_per_minute,
    )


def _declarations(routes: list[BaseRoute], prefix: str) -> Iterator[tuple[str, frozenset[str], Declaration | None]]:
    for context in iter_route_contexts(routes):
        route = context.original_route
        path = prefix + (context.path or "")
        if isinstance(route, Mount | Host) and not hasattr(route.app, DECLARED):
            yield from _declarations(list(route.routes), path) if route.routes else ((path, frozenset(), None),)
            continue
        methods = frozenset(context.methods or ()) if isinstance(route, Route) else frozenset()
        yield path, methods, _declared_by(route, context)


def _declared_by(route: BaseRoute, context: Any) -> Declaration | None:
    if isinstance(route, APIRoute):
        found = [call for call in _calls(context.dependant) if isinstance(call, Declaration)]
        return next((one for one in found if isinstance(one, Needs)), found[0] if found else None)
    endpoint = getattr(route, "endpoint", None) or getattr(route, "app", None)
    return getattr(endpoint, DECLARED, None)


def _calls(dependant: Any) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _refuse_wait(seconds: float) -> None:
    if seconds > 0:
        raise TooManyRequestsError(
            "Too many requests.", hint=f"Wait {math.ceil(seconds)} s, then try again more slowly.", retry_after=seconds
        )


def _refusal(who: Principal, permission: Permission) -> str:
    if who.kind == "service":
        return f"This key may not do this ({permission})."
    return "Your roles do not allow this."


_SCOPES: Mapping[Permission, tuple[Scope, ...]] = {
    permission: tuple(scope for scope, allowed in BY_SCOPE.items() if permission in allowed)
    for permission in Permission
}


def _remedy(who: Principal, permission: Permission) -> str:
    if who.kind != "service":
        return "Ask an administrator for a role that may, or a colleague who has it."
    scopes = _SCOPES[permission]
    if scopes:
        return f"Use a key with the scope `{scopes[0]}`."
    return "No key may do this; a person has to sign in."
