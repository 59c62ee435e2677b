"""`/healthz`: the process answers. `/readyz`: it can check uploads, or what it lacks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from rempart.server.access import Open
from rempart.server.problems import documented, problem
from rempart.server.service import Service, get_service

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
async def readyz(service: Annotated[Service, Depends(get_service)]) -> Response:
    """200 when every part that a check needs can be used now; 503 with the names of those that cannot."""
    lacking = await run_in_threadpool(service.readiness.lacking)
    if lacking:
        told: list[dict[str, Any]] = [{"where": name, "what": why} for name, why in sorted(lacking.items())]
        return problem(
            503, "Not ready: " + ", ".join(sorted(lacking)) + ".", slug="not-ready", errors=told,
            hint="Checks are refused until this is mended; nothing is lost.",
        )  # fmt: skip
    return JSONResponse({"status": "ready"})
