"""`/healthz`: the process answers. `/readyz`: it can check uploads, or what it lacks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.responses import Response

from rempart.server.access import Open
from rempart.server.problems import documented, problem
from rempart.server.service import Service, get_service
from rempart.server.waiting import lane_of

router = APIRouter(tags=["operation"])
OPEN = [Depends(Open())]


@router.get("/healthz", dependencies=OPEN, summary="Is the process alive?")
async def healthz() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    dependencies=OPEN,
    responses=documented(503),
    response_class=JSONResponse,
    summary="Can it check uploads?",
)
async def readyz(request: Request, service: Annotated[Service, Depends(get_service)]) -> Response:
    """200 when every part that a check needs can be used now; 503 with the names of those that cannot. Anyone may ask:
    why they cannot, which may name files and hosts, stands in the log."""
    # Looking may wait for what is away; nobody else's threads shall.
    lacking = await lane_of(request.app, "readiness", threads=1, waiting=100).run(service.readiness.lacking)
    if lacking:
        told: list[dict[str, Any]] = [{"where": name, "what": "It cannot be used now."} for name in sorted(lacking)]
        return problem(
            503, "Not ready: " + ", ".join(sorted(lacking)) + ".", slug="not-ready", errors=told,
            hint="Checks are refused until this is mended; nothing is lost. The log says why.",
        )  # fmt: skip
    return JSONResponse({"status": "ready"})
