"""What one API of generators is to the gate: how its requests and answers are read, and written anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from rempart.gate.answers import AnswerError, Form, garbage, wrong
from rempart.gate.keeper import Made
from rempart.gate.limits import GateLimits
from rempart.gate.reading import answer, document, is_text
from rempart.gate.upstream import Incoming, Outgoing

_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A request, read. None among the references is one that cannot even be read: it is refused like any other.

    `wants` is what its answer has to be like, for the dialect itself; `user` whom the request names as asking;
    `edited` whether its pictures are edits of the first reference.
    """

    references: tuple[bytes | None, ...]
    outgoing: Outgoing
    user: str | None = None
    edited: bool = False
    wants: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One picture of an answer: its bytes, or the address where it lies."""

    data: bytes | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer, read: its pictures, and how the answer is written once they are replaced by what may be given out."""

    outputs: tuple[Output, ...]
    write: Callable[[Sequence[Made], Callable[[Made], str]], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path that goes through. Both functions run in a thread and raise AnswerError."""

    form: Form
    read: Callable[[bytes, str, GateLimits], Read]
    told: Callable[[Incoming, Read, GateLimits], Told]


def request_document(body: bytes) -> dict[str, Any]:
    """The JSON of a request."""
    return document(body, lambda what: wrong(f"The request cannot be read: {what}."))


def refuse_too_many(limits: GateLimits, *counts: object) -> None:
    """Raises AnswerError where more pictures are asked for than an answer may hold: all would be made for nothing."""
    wanted = 1.0
    for one in counts:
        with suppress(ValueError):  # true and false, or nothing
            wanted *= float(str(one))
    if wanted > limits.outputs:
        raise wrong(f"More than {limits.outputs} pictures are asked for.", code="too_many")


def answer_document(body: bytes) -> dict[str, Any]:
    """The JSON of an answer."""
    return answer(body, garbage)


def failed(answered: Incoming) -> AnswerError:
    """The generator's own error: its status and, where it has the form of one, what it says in short."""
    status = answered.status if 400 <= answered.status < 600 else 502
    retry = answered.headers.get("retry-after", "")
    return AnswerError(
        status, _message(answered), code="upstream_error",
        retry_after=int(retry) if retry.isdigit() and len(retry) < 6 else None, by_generator=True,
    )  # fmt: skip


def _message(answered: Incoming) -> str:
    fallback = "The generator refused, or failed."
    try:
        told = answer_document(answered.body)
    except AnswerError:
        return fallback
    inner = told.get("error")
    found = inner.get("message") if isinstance(inner, dict) else told.get("detail")
    return found if isinstance(found, str) and found and is_text(found, most=_LONGEST_MESSAGE) else fallback
