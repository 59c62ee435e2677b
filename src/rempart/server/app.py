"""The application: every part's routes, problems for errors, and the OpenAPI document."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from rempart import __version__
from rempart.errors import RempartError
from rempart.server import problems
from rempart.server.access import Access, assert_all_routes_declare, public
from rempart.server.api import checks
from rempart.server.openapi import complete
from rempart.server.pages.deployed import add_pages
from rempart.server.security import Security, security_limits
from rempart.server.service import Service

ROUTERS: Sequence[str] = (
    "rempart.server.api.checks",
    "rempart.server.api.gate",
    "rempart.server.api.protected",
    "rempart.server.api.stamping",
    "rempart.server.api.items",
    "rempart.server.api.ledger",
    "rempart.server.api.lists",
    "rempart.server.api.decisions",
    "rempart.server.api.reasons",
    "rempart.server.api.reports",
    "rempart.server.api.assessments",
    "rempart.server.api.cases",
    "rempart.server.api.notices",
    "rempart.server.api.webhooks",
    "rempart.server.api.policy",
    "rempart.server.api.lookback",
    "rempart.server.health",
    "rempart.server.metrics",
)
"""Modules whose `router` the application has; checks come first because they come most often."""

DESCRIPTION = (
    "Checks uploads against live hash lists. A check is answered with a verdict (`allow`, `hold`, `block`) once the "
    "answer is durable; whatever could not be done is a problem (RFC 9457) and never an `allow`."
)


def create_app(service: Service, access: Access, *, routers: Sequence[str] = ROUTERS) -> FastAPI:
    """The application of a running service. RuntimeError when a route declares no permission.

    With `routers` it has these alone, and needs no more of the service than they do: for tests of one part.
    """
    app = FastAPI(
        title="Rempart", version=__version__, description=DESCRIPTION, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.service = service
    app.state.access = access
    problems.install(app)
    for name in routers:
        app.include_router(importlib.import_module(name).router)
    app.include_router(_openapi_router(app))
    if routers is ROUTERS:
        add_pages(app, service, access)
    assert_all_routes_declare(app)
    if routers is ROUTERS:
        app.add_middleware(CheckDoor, service=service)
        app.add_middleware(Security, limits=security_limits(service.settings))
    return app


class CheckDoor:
    """Answers `POST /v1/check` at once, by the very function that the route has, with the route's own declaration.

    Finding the route and its dependencies would cost as much again as everything else that a check by signals does.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._inner = app
        self._service = service
        self._needs = checks.NeedsCheck()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != checks.PATH or scope["method"] != "POST":
            await self._inner(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await checks.check(request, await self._needs(request), self._service)
        except RempartError as err:
            response = problems.from_error(err)
        await response(scope, receive, send)


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with every answer that a route may give."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            openapi_version="3.1.0",
        )
        app.openapi_schema = complete(made)
    return app.openapi_schema


def _openapi_router(app: FastAPI) -> APIRouter:
    router = APIRouter()

    @router.get("/openapi.json", include_in_schema=False, dependencies=[Depends(public())])
    async def document() -> dict[str, Any]:
        """The OpenAPI document."""
        return openapi(app)

    return router
