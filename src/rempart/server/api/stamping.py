"""`POST /v1/stamp`: label, mark and sign what a generator made."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from rempart.intake.generator.stamping import Asked, Stamped, references, stamp
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.provenance.stamp.signing import record_text
from rempart.server.access import needs
from rempart.server.api import gate_forms as forms
from rempart.server.api.checks import kind_of
from rempart.server.bodies import body_of
from rempart.server.problems import ProblemError
from rempart.server.questions import service_of
from rempart.server.service import Service, get_service
from rempart.server.waiting import lane_of

router = APIRouter(tags=["gate"])
Maker = Annotated[Principal, Depends(needs(Permission.STAMP))]
Serving = Annotated[Service, Depends(get_service)]
PATH = "/v1/stamp"
THREADS, WAITING = 8, 64

_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "generator", "in": "query", "schema": {"type": "string", "maxLength": forms.MOST_GENERATOR},
        "description": "What made the picture, as it is told in the file; such as `atelier 2.1`.",
    },
    {
        "name": "edited", "in": "query", "schema": {"type": "string", "enum": ["true", "false"]},
        "description": "`true`: a picture that was there before was edited with a generator.",
    },
    {
        "name": "references", "in": "query",
        "schema": {"type": "integer", "minimum": 0, "maximum": forms.MOST_REFERENCES},
        "description": "How many pictures went into it. With `edited` the first is the one that was edited.",
    },
]  # fmt: skip


def headed(name: str, told: str) -> dict[str, Any]:
    """A header of the answer, as the OpenAPI document shows it."""
    return {name: {"schema": {"type": "string"}, "description": told}}


_ANSWER: dict[str, Any] = {
    "description": "The stamped picture.",
    "headers": {
        **headed("Rempart-Record", "The number in its mark, 12 hexadecimal digits."),
        **headed("Rempart-C2pa", "`trusted`: signed, and read back so; `none`: no certificate is set up."),
        **headed("Rempart-Psnr", "How far it is from what was sent, in dB; `none` where it carries no mark."),
        **headed("Rempart-Unmarked", "Why it carries no mark: `too_small` or `not_found`."),
        **headed("Rempart-Replaced", "What the file carried and carries no more, separated by commas."),
    },
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in forms.PICTURES},
}


@router.post(
    PATH,
    response_class=Response,
    responses={200: _ANSWER},
    openapi_extra={"requestBody": forms.BODY, "parameters": _PARAMETERS},
    summary="Label, mark and sign what a generator made",
)
async def make(request: Request, who: Maker, service: Serving) -> Response:
    """The picture (JPEG, PNG or WebP) with its label, its mark and its credentials; a record of it is kept.

    Nothing is looked up here: `/v1/gate/output` does that and stamps too. Give out the bytes of the answer as they are.
    """
    service_of(who)
    asked = _asked(request)
    settings = service.settings.server
    async with body_of(request, service.bodies, most=settings.body_bytes, seconds=settings.body_seconds) as data:
        if not data:
            raise _wrong("body: There are no bytes in it.", "Send the picture's content.")
        lane = lane_of(request.app, "stamps", threads=THREADS, waiting=WAITING)
        made = await lane.run(partial(stamp, data, asked=asked, stamper=service.stamper, by=who.id))
        return Response(made.data, media_type=made.media_type, headers={"Cache-Control": "no-store", **told(made)})


def told(made: Stamped) -> dict[str, str]:
    """What the headers say of a stamp."""
    found = {
        "Rempart-Record": record_text(made.record_id),
        "Rempart-C2pa": "none" if made.c2pa is None else made.c2pa.state,
        "Rempart-Psnr": "none" if made.psnr_db is None else f"{made.psnr_db:.2f}",
    }
    if made.unmarked:
        found["Rempart-Unmarked"] = made.unmarked
    if made.replaced:
        found["Rempart-Replaced"] = ",".join(made.replaced)
    return found


def _asked(request: Request) -> Asked:
    kind = kind_of(request)
    if kind != "application/octet-stream" and not kind.startswith("image/"):
        raise ProblemError(
            415, "The body is a picture as it is.", hint="Send image/* or application/octet-stream.", close=True
        )
    given = {name: _once(request, name) for name in ("generator", "edited", "references")}
    generator, edited, count = given["generator"], given["edited"] or "false", given["references"] or "0"
    if generator is not None and len(generator) > forms.MOST_GENERATOR:
        raise _wrong(f"generator: It has {forms.MOST_GENERATOR} characters at most.", "Send a shorter one.")
    if edited not in ("true", "false"):
        raise _wrong("edited: It is true or false.", "Send edited=true, or leave it out.")
    if not (count.isascii() and count.isdigit() and len(count) < 3 and int(count) <= forms.MOST_REFERENCES):
        raise _wrong(f"references: It is a number from 0 to {forms.MOST_REFERENCES}.", "Send how many there were.")
    is_edited = edited == "true"
    return Asked(edited=is_edited, system=generator, references=references(int(count), edited=is_edited))


def _once(request: Request, name: str) -> str | None:
    found = request.query_params.getlist(name)
    if len(found) > 1:
        raise _wrong(f"{name}: It is there twice.", "Send it once.")
    return found[0] if found else None


def _wrong(what: str, hint: str) -> ProblemError:
    return ProblemError(422, what, hint=hint, slug="invalid")
