"""`/v1/gate/protected`: photos that somebody asked to keep out of generators, by their hashes."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from rempart.intake.generator import protection
from rempart.lists.entry import EntrySignal
from rempart.lists.vocabulary import read_signal
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.forms import Form, Shown, Text, form_of, known_id, takes
from rempart.server.problems import documented
from rempart.server.questions import service_of
from rempart.server.service import Service, get_service

router = APIRouter(tags=["gate"])
Keeper = Annotated[Principal, Depends(needs(Permission.GATE))]
Serving = Annotated[Service, Depends(get_service)]


class GivenSignal(Form):
    """One signal of a photo; `quality` goes with a PDQ hash."""

    type: Literal["pdq", "sha256", "sha1", "md5"]
    value: Annotated[str, Field(min_length=32, max_length=64)]
    quality: Annotated[int, Field(ge=0, le=100)] | None = None


class NewProtected(Form):
    """A photo by its signals, one of each kind. `reference` is the service's own word for whoever asks for it."""

    signals: Annotated[list[GivenSignal], Field(min_length=1, max_length=4)]
    reference: Annotated[Text, Field(min_length=1, max_length=256)] | None = None


class ProtectedShown(Shown):
    """A photo that is protected from now on; keep its id to withdraw it."""

    id: str


@router.post(
    "/v1/gate/protected", status_code=201, summary="Protect a photo", openapi_extra=takes(NewProtected),
    responses={**documented(422)},
)  # fmt: skip
async def add(request: Request, who: Keeper, service: Serving) -> ProtectedShown:
    """Refuse this photo and near copies of it at the gate from now on. Never the picture itself: hashes alone."""
    asked = await form_of(request, service, NewProtected)
    return ProtectedShown(id=await run_in_threadpool(_add, service, who, asked))


@router.delete(
    "/v1/gate/protected/{photo}", status_code=204, response_class=Response, summary="Protect a photo no more",
    responses={**documented(404)},
)  # fmt: skip
async def withdraw(photo: str, who: Keeper, service: Serving) -> Response:
    """Let it pass again, and forget its hashes. A service withdraws only what it asked for."""
    name, owner = known_id(photo), service_of(who)
    await run_in_threadpool(_withdraw, service, who, name, owner)
    return Response(status_code=204)


def _add(service: Service, who: Principal, asked: NewProtected) -> str:
    signals = [
        EntrySignal(signal=read_signal(one.type, one.value), quality=one.quality if one.type == "pdq" else None)
        for one in asked.signals
    ]
    made = protection.protect(
        service.store, signals, by=who, at=service.clock(), service=service_of(who), reference=asked.reference
    )
    service.protected.catch_up()
    return made.id


def _withdraw(service: Service, who: Principal, photo: str, owner: str) -> None:
    protection.withdraw(service.store, photo, by=who, at=service.clock(), service=owner)
    service.protected.catch_up()
