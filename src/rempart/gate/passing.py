"""Further addresses that the operator names: they are read only, and no picture comes out of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from rempart.errors import RefusedError
from rempart.gate.answers import garbage
from rempart.gate.dialect import answer_document, failed
from rempart.gate.reading import document, is_scalar, is_text
from rempart.gate.upstream import Outgoing, Upstream

_MOST = 1 << 20
_LONGEST = 16 << 10
_DEPTH = 12


class Passes:
    """Paths, with their query where they have one, that are passed on with GET. Raises RefusedError for others."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        self._named = frozenset(named)
        for one in self._named:
            if not one.startswith("/") or one.startswith("//") or "#" in one or not one.isascii():
                raise RefusedError(f"{one!r} is no path.", hint="Write for example /v1/models.")

    def named(self, request: Request) -> str | None:
        """The path of a request, if it is one of these."""
        query = request.url.query
        path = f"{request.url.path}?{query}" if query else request.url.path
        return path if request.method == "GET" and path in self._named else None

    async def answer(self, path: str, upstream: Upstream, headers: Mapping[str, str]) -> Response:
        """What the generator says there: JSON without anything that could be a picture. Raises AnswerError."""
        answer = await upstream.send(Outgoing(method="GET", path=path), headers)
        if answer.status != 200:
            raise failed(answer)
        if answer.media_type != "application/json" or len(answer.body) > _MOST:
            raise garbage("it is not JSON, or too long")
        told = _any_document(answer.body)
        if not _is_plain(told, _DEPTH):
            raise garbage("there may be a picture in it")
        return Response(json.dumps(told).encode(), 200, {"Cache-Control": "no-store"}, "application/json")


def _any_document(body: bytes) -> Any:
    """An object, or a list, which is read as one that holds it."""
    if body.lstrip()[:1] == b"[":
        return document(b'{"list":' + body + b"}", garbage)["list"]
    return answer_document(body)


def _is_plain(value: Any, depth: int) -> bool:
    if depth == 0:
        return False
    if isinstance(value, dict):
        return all(is_text(name, most=512) and _is_plain(one, depth - 1) for name, one in value.items())
    if isinstance(value, list):
        return all(_is_plain(one, depth - 1) for one in value)
    return is_scalar(value) or (is_text(value, most=_LONGEST) and "data:image" not in value)
