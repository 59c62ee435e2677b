"""`POST /v1/gate/reference` and `/v1/gate/output`: may this go into a generator, may that come out of it?

Each refusal is the same answer, leaving at the same time, whatever its cause; what could not be checked is a problem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from urllib.parse import unquote_to_bytes

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from rempart.errors import RefusedError, TooManyRequestsError
from rempart.intake.generator.values import Passage
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict
from rempart.server.access import needs
from rempart.server.api import gate_forms as forms
from rempart.server.api.checks import kind_of
from rempart.server.api.stamping import told as stamp_headers
from rempart.server.bodies import body_of
from rempart.server.evenly import EvenTimes
from rempart.server.outgoing import Going, Gone, take_out
from rempart.server.problems import ProblemError
from rempart.server.questions import service_of
from rempart.server.service import Service, get_service
from rempart.server.waiting import lane_of

router = APIRouter(tags=["gate"])
Passer = Annotated[Principal, Depends(needs(Permission.GATE))]
Serving = Annotated[Service, Depends(get_service)]
THREADS, WAITING = 8, 64
_JSON = "application/json"
_NOT_KEPT = {"Cache-Control": "no-store"}
_encode = msgspec.json.Encoder().encode


@router.post(
    "/v1/gate/reference",
    response_class=Response,
    responses={200: forms.REFERENCE_ANSWER},
    openapi_extra={"requestBody": forms.BODY, "parameters": forms.REFERENCE_PARAMETERS},
    summary="May this photo go into a generator?",
)
async def reference(request: Request, who: Passer, service: Serving) -> Response:
    """Held against the lists and the protected photos. Nothing of it is kept unless a list holds it."""
    owner, end_user = service_of(who), _end_user(request)
    settings = service.settings.server
    _refuse_other_kinds(request)
    async with body_of(request, service.bodies, most=settings.body_bytes, seconds=settings.body_seconds) as data:
        _refuse_empty(data)
        asked = await _asked(request, service, partial(_bring, service, data, who, owner, end_user))
        del data
    return await answered_evenly(service, asked, Passage.REFERENCE)


@router.post(
    "/v1/gate/output",
    response_class=Response,
    responses={200: forms.OUTPUT_ANSWER},
    openapi_extra={"requestBody": forms.BODY, "parameters": forms.OUTPUT_PARAMETERS},
    summary="May this picture go out?",
)
async def output(request: Request, who: Passer, service: Serving) -> Response:
    """Held against the same, then the operator's own checker is asked; what passes is stamped and recorded."""
    owner = service_of(who)
    end_user, wanted = _end_user(request), request.query_params.getlist("reference")
    if len(wanted) > forms.MOST_REFERENCES:
        raise _wrong("reference", f"There are {len(wanted)}.", f"Send up to {forms.MOST_REFERENCES}.")
    stamped, edited = _flag(request, "stamp", otherwise=True), _flag(request, "edited", otherwise=False)
    settings = service.settings.server
    _refuse_other_kinds(request)
    async with body_of(request, service.bodies, most=settings.body_bytes, seconds=settings.body_seconds) as data:
        _refuse_empty(data)
        going = Going(
            content=data, by=who, service=owner, end_user=end_user, references=wanted, generator=_generator(request),
            stamped=stamped, edited=edited,
        )  # fmt: skip
        asked = await _asked(request, service, partial(take_out, service, going))
        del data, going
    return await answered_evenly(service, asked, Passage.OUTPUT)


def _bring(service: Service, data: bytes, who: Principal, owner: str, end_user: str | None) -> Gone:
    return Gone(told=service.gate.reference(data, by=who, service=owner, end_user=end_user))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking the gate, which began at a moment: an answer, or what went wrong."""

    began: float
    gone: Gone | None = None
    wrong: Exception | None = None


async def _asked(request: Request, service: Service, ask: Callable[[], Gone]) -> Asked:
    """Ask, and keep what goes wrong: nobody is told before it is time, and by then the body is let go.

    Raises RefusedError for what the request itself says wrong, and TooManyRequestsError for who asked too often: then
    nothing was looked at, or nothing spoke against it.
    """
    began = EvenTimes(service.settings.gate.refusal_seconds).now()
    lane = lane_of(request.app, "gate", threads=THREADS, waiting=WAITING)
    try:
        return Asked(began=began, gone=await lane.run(ask))
    except (RefusedError, TooManyRequestsError):
        raise
    except Exception as err:  # noqa: BLE001 - raised again when it is time
        return Asked(began=began, wrong=err)


async def answered_evenly(service: Service, asked: Asked, passage: Passage) -> Response:
    """The answer of the gate; whatever is no `allow` leaves at an even time, errors of the check among it."""
    gone = asked.gone
    if gone is None or gone.told.verdict is not Verdict.ALLOW:
        await EvenTimes(service.settings.gate.refusal_seconds).wait(asked.began)
    if asked.wrong is not None:
        service.meters.failed(type(asked.wrong).__name__)
        raise asked.wrong
    assert gone is not None
    service.meters.passed(passage.value, gone.told.verdict.value)
    return answered(gone)


def answered(gone: Gone) -> Response:
    """The verdict, and with an allow its record, our own mark in it, and what was stamped; nothing else, ever."""
    told, stamped = gone.told, gone.stamped
    fields: dict[str, object] = {"verdict": told.verdict.value}
    if told.record is not None:
        fields["gate"] = told.record.id
        if stamped is not None:
            headers = {**_NOT_KEPT, "Rempart-Gate": told.record.id, **stamp_headers(stamped)}
            return Response(stamped.data, media_type=stamped.media_type, headers=headers)
        if told.marked is not None:
            fields["watermark"] = told.marked.told()
    return Response(_encode(fields), media_type=_JSON, headers=_NOT_KEPT)


def _flag(request: Request, name: str, *, otherwise: bool) -> bool:
    given = request.query_params.getlist(name)
    if not given:
        return otherwise
    if len(given) > 1 or given[0] not in ("true", "false"):
        raise _wrong(name, "It is true or false, once.", "Correct it, or leave it out.")
    return given[0] == "true"


def _generator(request: Request) -> str | None:
    given = request.query_params.getlist("generator")
    if len(given) > 1 or any(len(one) > forms.MOST_GENERATOR for one in given):
        raise _wrong("generator", f"It has up to {forms.MOST_GENERATOR} characters, once.", "Send a shorter one.")
    return given[0] if given else None


def _end_user(request: Request) -> str | None:
    """Who asks, as the service calls them. Raises ProblemError 422 for what is no such word, or two of them."""
    given = [*request.query_params.getlist("end_user")]
    for value in request.headers.getlist("rempart-end-user"):
        try:
            given.append(unquote_to_bytes(value.encode("latin-1")).decode("utf-8"))
        except UnicodeDecodeError as err:
            raise _wrong("end_user", "The header is not UTF-8.", "Percent-encode it as in a URL.") from err
    if len(given) > 1:
        raise _wrong("end_user", "It is there twice.", "Send it once: in the query or in the header.")
    if not given:
        return None
    if not 1 <= len(given[0]) <= forms.MOST_END_USER or any(ord(one) < 32 or ord(one) == 127 for one in given[0]):
        raise _wrong("end_user", f"It has 1 to {forms.MOST_END_USER} plain characters.", "Send a shorter one.")
    return given[0]


def _refuse_other_kinds(request: Request) -> None:
    kind = kind_of(request)
    if kind != "application/octet-stream" and not kind.startswith("image/"):
        raise ProblemError(
            415, "The body is a picture as it is.", hint="Send image/* or application/octet-stream.", close=True
        )


def _refuse_empty(data: bytes) -> None:
    if not data:
        raise _wrong("body", "There are no bytes in it.", "Send the picture's content.")


def _wrong(where: str, what: str, hint: str) -> ProblemError:
    return ProblemError(422, f"{where}: {what}", hint=hint, slug="invalid")
