"""What the gate itself answers, in the form that the clients of each API understand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum

from starlette.responses import Response

from rempart.errors import RefusedError

REFUSED = "This picture cannot be used here."
UNCHECKED = "Pictures cannot be checked now, so nothing was made or given out. Try again later."
NOT_THROUGH = "Only making pictures goes through here."


class Form(Enum):
    """Whose way of telling errors is spoken."""

    OPENAI = "openai"
    A1111 = "a1111"


class AnswerError(RefusedError):
    """The gate answers this request itself.

    `code` is for programs; `status` is HTTP's.
    """

    def __init__(
        self, status: int, message: str, *, code: str, retry_after: int | None = None, by_generator: bool = False
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after, self.by_generator = status, code, retry_after, by_generator


def refused() -> AnswerError:
    """The one refusal of a picture: the same for a reference and an output, whatever the reason."""
    return AnswerError(400, REFUSED, code="picture_refused")


def unchecked() -> AnswerError:
    """The gate could not look."""
    return AnswerError(503, UNCHECKED, code="not_checked", retry_after=5)


def wrong(message: str, *, status: int = 400, code: str = "invalid_request") -> AnswerError:
    """The request is not one that can go through; `message` tells nothing about pictures."""
    return AnswerError(status, message, code=code)


def garbage(what: str) -> AnswerError:
    """The generator's answer is none that may be given out."""
    return AnswerError(502, f"The generator gave no usable answer: {what}.", code="upstream_answer")


def told(err: AnswerError, form: Form, *, headers: Mapping[str, str] | None = None) -> Response:
    """The answer for an error."""
    kind = "invalid_request_error" if err.status < 500 else "server_error"
    body: dict[str, object] = {"error": {"message": err.message, "type": kind, "param": None, "code": err.code}}
    if form is Form.A1111:
        body = {"error": kind, "detail": err.message, "body": "", "errors": err.message}
    more = {"Cache-Control": "no-store", **(headers or {})}
    if err.retry_after is not None:
        more["Retry-After"] = str(err.retry_after)
    return Response(json.dumps(body).encode(), err.status, more, "application/json")
