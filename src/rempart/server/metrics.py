"""`/metrics` for Prometheus: checks by verdict, their time, lookups per photo, queues, how fresh the lists are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.service import Service, get_service

router = APIRouter()


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Metrics in Prometheus's text form.", "content": {"text/plain": {}}}},
    tags=["operation"],
    summary="Metrics",
)
async def metrics(
    who: Annotated[Principal, Depends(needs(Permission.METRICS, people=True))],
    service: Annotated[Service, Depends(get_service)],
) -> Response:
    """What this process counts and how it stands now; with several worker processes, the counts of all of them."""
    text = await run_in_threadpool(service.meters.text)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
