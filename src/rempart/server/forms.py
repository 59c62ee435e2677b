"""JSON bodies read within limits before anything is made of them, and shown in the OpenAPI document."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from rempart.errors import NotFoundError
from rempart.server.bodies import body_of
from rempart.server.problems import ProblemError
from rempart.server.service import Service

MOST = 64 << 10
ID_PATTERN = r"^[a-z]+_[0-9a-z]{1,40}$"
_ID = re.compile(ID_PATTERN)

Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""What people write: anything but the one character that a database does not keep."""


class Form(BaseModel):
    """What a client sends; a field that is not known is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Shown(BaseModel):
    """What a client is answered."""

    model_config = ConfigDict(frozen=True)


F = TypeVar("F", bound=Form)


async def form_of(request: Request, service: Service, form: type[F], *, most: int = MOST) -> F:
    """The body as a form. Raises ProblemError 415 for another type than JSON, 413, 408, and 422 for a wrong field."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(415, "The body is JSON.", hint="Send it with Content-Type: application/json.", close=True)
    async with body_of(request, service.bodies, most=most, seconds=service.settings.server.body_seconds) as data:
        try:
            return form.model_validate_json(data)
        except ValidationError as err:
            raise _wrong(err) from err


def known_id(text: str) -> str:
    """An id as it came in a path. Raises NotFoundError for what is none."""
    if not _ID.fullmatch(text):
        raise NotFoundError("There is nothing of that id.")
    return text


def takes(form: type[Form]) -> dict[str, Any]:
    """`openapi_extra=` of a route that reads this form."""
    schema = form.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _wrong(err: ValidationError) -> ProblemError:
    """Where it is wrong and what was expected there; never what was sent."""
    first = err.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return ProblemError(400, "The body is not JSON.", hint="Send one JSON object.")
    where = ".".join(str(part) for part in first["loc"]) or "body"
    return ProblemError(422, f"{where}: {first['msg']}.", hint="Correct it and send it again.", slug="invalid")
