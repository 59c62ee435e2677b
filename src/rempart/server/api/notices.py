"""`POST /v1/notices`: a notice that a service received by its own ways: a form of its own, a letter, an order."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, Field
from starlette.concurrency import run_in_threadpool

from rempart.clock import iso
from rempart.intake.notices.values import (
    MOST_CONTACT,
    MOST_LOCATIONS,
    MOST_NAME,
    MOST_NOTE,
    MOST_TEXT,
    MOST_URL,
    Answer,
    Location,
    NoticeForm,
    Role,
    Submitted,
    Via,
)
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.forms import Form, Shown, Text, form_of, takes
from rempart.server.noticing import sending_of
from rempart.server.questions import key_of
from rempart.server.service import Service, get_service

router = APIRouter(tags=["notices"])
Serving = Annotated[Service, Depends(get_service)]
_MOST = 256 << 10
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "A retry with the same key and body is the same notice.",
}


class NoticeLocation(Form):
    """Where the picture is: its address, what helps to find it there, and the item's id where the service knows it."""

    url: Annotated[Text, Field(min_length=1, max_length=MOST_URL)]
    note: Annotated[Text, Field(max_length=MOST_NOTE)] = ""
    item_id: Annotated[Text, Field(min_length=1, max_length=512)] | None = None


class NoticeBody(Form):
    """What was received. Only a location is needed: what else is missing decides which laws apply too.

    `minor`: was the person under 18 when the picture was made? With `yes` or `unsure` only the locations are kept.
    `role` is `authority` for an order of the police. `received` is when the notice came, if that was earlier.
    `signals` is the text that the public page's own hashing makes.
    """

    locations: Annotated[list[NoticeLocation], Field(min_length=1, max_length=MOST_LOCATIONS)]
    language: Literal["en", "fr"] = "en"
    role: Literal["self", "parent", "lawyer", "advocate", "flagger", "bystander", "authority"] = "self"
    minor: Literal["yes", "unsure", "no"] = "no"
    explanation: Annotated[Text, Field(max_length=MOST_TEXT)] = ""
    good_faith: bool = False
    accurate: bool = False
    intimate: bool = False
    signature: Annotated[Text, Field(max_length=MOST_NAME)] = ""
    name: Annotated[Text, Field(max_length=MOST_NAME)] = ""
    contact: Annotated[Text, Field(max_length=MOST_CONTACT)] = ""
    synthetic: Literal["yes", "unsure", "no"] | None = None
    insider: bool = False
    signals: Annotated[Text, Field(max_length=16_384)] = ""
    received: Annotated[AwareDatetime, Field(strict=False)] | None = None


class Law(Shown):
    """How one law stands to the notice: it applies, or lacks something, or this role cannot invoke it."""

    id: str
    applies: bool
    missing: list[str]
    barred: bool


class Taken(Shown):
    """The number and the secret, for the person who sent the notice; nobody can see the secret again. Null in the
    answer to a retry that comes late."""

    number: str
    secret: str | None
    track: Literal["adult", "child"]
    received: str
    due: str
    guarded: bool
    laws: list[Law]


@router.post(
    "/v1/notices",
    status_code=201,
    summary="Bring a notice that was received elsewhere",
    openapi_extra=takes(NoticeBody) | {"parameters": [_KEY]},
)
async def bring(
    request: Request,
    who: Annotated[Principal, Depends(needs(Permission.CASES_OPEN, people=True))],
    service: Serving,
) -> Taken:
    """It is taken as if it had come by the public page: its clocks run from when it was received. Hand the number and
    the secret to whoever sent it: with them they see what became of it."""
    key = key_of(request)
    asked = await form_of(request, service, NoticeBody, most=_MOST)
    return _taken(await run_in_threadpool(_bring, service, who, asked, key))


def _bring(service: Service, who: Principal, asked: NoticeBody, key: bytes | None) -> Submitted:
    sending = sending_of(service.settings, service.store, service.vault.keyring)
    owner = who.service or service.settings.notices.service
    return sending.send(
        form_from(asked), text=f"{owner} {key.hex() if key else ''} {asked.model_dump_json()}",
        once="" if key is None else key.hex(), address="", at=service.clock(), via=Via.API, by=who,
        received=asked.received, service=owner,
    )  # fmt: skip


def form_from(asked: NoticeBody) -> NoticeForm:
    """The notice that a body makes. Raises RefusedError for an address that is none."""
    places = tuple(Location(url=one.url, note=one.note, item=one.item_id) for one in asked.locations)
    return NoticeForm(
        locations=places, language=asked.language, role=Role(asked.role), minor=Answer(asked.minor),
        explanation=asked.explanation, good_faith=asked.good_faith, accurate=asked.accurate, intimate=asked.intimate,
        signature=asked.signature, name=asked.name, contact=asked.contact,
        synthetic=None if asked.synthetic is None else Answer(asked.synthetic), insider=asked.insider,
        signals=asked.signals,
    )  # fmt: skip


def _taken(found: Submitted) -> Taken:
    return Taken(
        number=found.number, secret=found.secret or None, track=found.track.value, received=iso(found.received),
        due=iso(found.due), guarded=found.guarded,
        laws=[
            Law(
                id=one.regime.id, applies=one.applies, missing=[part.value for part in one.missing], barred=one.barred
            )
            for one in found.regimes
        ],
    )  # fmt: skip
