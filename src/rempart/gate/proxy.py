"""The gate as a web application: what comes in is read, checked, sent on; what comes back is read, checked, given out.

In this order, and whatever is in doubt ends the request:

1. the path is one that goes through, the body came whole, within its bounds and in time;
2. it was understood to the last field, and is written anew for the generator;
3. every reference picture may be used (all are asked about, also after a refusal);
4. the generator answered whole, within its bounds and in time;
5. its answer was understood, and every picture in it is at hand;
6. every picture may be given out, as it came back from the check;
7. the answer is written anew from the checked pictures and a few plain fields.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rempart.errors import RempartError, TooManyRequestsError
from rempart.gate.answers import NOT_THROUGH, AnswerError, Form, garbage, refused, told, unchecked, wrong
from rempart.gate.dialect import Output, Read, Route
from rempart.gate.held import PATH, Held
from rempart.gate.keeper import Cleared, Keeper, Made, PictureRefusedError
from rempart.gate.limits import GateLimits
from rempart.gate.passing import Passes
from rempart.gate.service import MOST_USER
from rempart.gate.upstream import Upstream

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a gate is made of. `user_header`: the header in which the operator's own front names the end user; where it
    is set, only it counts, and a request without it is refused. `public_url` is where clients reach the gate."""

    upstream: Upstream
    keeper: Keeper
    routes: Mapping[str, Route]
    passes: Passes
    limits: GateLimits
    held: Held
    user_header: str | None = None
    public_url: str | None = None


class Gate:
    """The ASGI application. Requests are independent of each other; nothing is kept but pictures to be fetched."""

    def __init__(self, setup: Setup) -> None:
        self._setup, self._limits, self._busy = setup, setup.limits, 0
        self._arriving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        route = self._setup.routes.get(request.url.path)
        form = Form.OPENAI if route is None else route.form
        began = time.monotonic()
        try:
            response = await self._counted(request, route)
        except ClientDisconnect:
            return
        except AnswerError as err:
            response = told(err, form)
        except Exception as err:
            log.error("a request ended in a fault: %s", type(err).__name__, exc_info=not isinstance(err, RempartError))
            response = told(unchecked(), form)
        path = request.url.path if route is not None else "elsewhere"
        log.info("%s answered with %d after %.1f s", path, response.status_code, time.monotonic() - began)
        await response(scope, receive, send)

    async def _counted(self, request: Request, route: Route | None) -> Response:
        if request.method == "GET" and request.url.path.startswith(PATH):
            return self._fetched(request.url.path)
        _refuse_foreign(request.headers, self._setup.public_url)
        passed = self._setup.passes.named(request)
        if passed is None and (route is None or request.url.query):
            raise wrong(NOT_THROUGH, status=404, code="not_through")
        if route is not None and request.method != "POST":
            raise wrong("Send it with POST.", status=405, code="method")
        if route is not None:
            body = await self._body(request)
            return await self._while_heard(request, self._through(request, route, body))
        assert passed is not None
        return await self._while_heard(
            request, self._setup.passes.answer(passed, self._setup.upstream, request.headers)
        )  # fmt: skip

    async def _while_heard(self, request: Request, work: Coroutine[Any, Any, Response]) -> Response:
        """The answer, unless whoever asked has hung up: then the work ends, and the generator's with it."""
        if self._busy >= self._limits.at_once:
            work.close()
            raise _busy()
        self._busy += 1
        doing, gone = asyncio.create_task(work), asyncio.create_task(_gone(request))
        try:
            await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            raise ClientDisconnect
        finally:
            self._busy -= 1
            for one in (doing, gone):
                one.cancel()
            await asyncio.gather(doing, gone, return_exceptions=True)

    async def _through(self, request: Request, route: Route, body: bytes) -> Response:
        setup, limits = self._setup, self._limits
        read = await asyncio.to_thread(route.read, body, request.headers.get("content-type", ""), limits)
        del body
        user = self._user(request.headers, read)
        cleared = await self._cleared(read.references, user)
        answer = await setup.upstream.send(read.outgoing, request.headers)
        about = await asyncio.to_thread(route.told, answer, read, limits)
        if not 0 < len(about.outputs) <= limits.outputs:
            raise garbage("it has no pictures, or too many")
        pictures = await self._at_hand(about.outputs, request.headers)
        made = await self._made(pictures, user, cleared, edited=read.edited)
        response = await asyncio.to_thread(about.write, made, lambda one: self._address(one, request))
        response.headers.update(answer.headers)
        return response

    async def _body(self, request: Request) -> bytes:
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise wrong("Send the request unpacked.", status=415, code="media_type")
        most, parts, size = self._limits.body_bytes, [], 0
        length = request.headers.get("content-length", "0")
        too_long = wrong(f"The request has more than {most} bytes.", status=413, code="too_large")
        if length.isdigit() and len(length) < 16 and int(length) > most:
            raise too_long
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for part in request.stream():
                    size, self._arriving = size + len(part), self._arriving + len(part)
                    if size > most:
                        raise too_long
                    if self._arriving > most * self._limits.at_once:
                        raise _busy()
                    parts.append(part)
        except TimeoutError as err:
            raise wrong("The request did not arrive in time.", status=408, code="too_slow") from err
        finally:
            self._arriving -= size
        return b"".join(parts)

    def _user(self, headers: Headers, read: Read) -> str | None:
        name = self._setup.user_header
        said = [read.user] if name is None else headers.getlist(name)
        if name is not None and (len(said) != 1 or not said[0]):
            raise wrong("The request does not say for whom it is, or says it twice.", code="no_user")
        user = said[0]
        if user is not None and (len(user) > MOST_USER or not user.isprintable()):
            raise wrong(f"Whom a request is for is told in at most {MOST_USER} characters.", code="user")
        return user

    async def _cleared(self, references: Sequence[bytes | None], user: str | None) -> list[Cleared]:
        """All are asked about, and all are waited for: neither the answer nor its time tells which one it was."""
        if len(references) > self._limits.references:
            raise wrong(f"There are more than {self._limits.references} pictures.", code="too_many")
        asked = [self._setup.keeper.reference(one, user=user) for one in references if one]
        found = _judged(await asyncio.gather(*asked, return_exceptions=True))
        if not all(references):
            raise refused()
        return found

    async def _at_hand(self, outputs: Sequence[Output], headers: Headers) -> list[bytes]:
        found: list[bytes] = []
        for one in outputs:
            found.append(one.data if one.data is not None else await self._setup.upstream.fetch(one.url, headers))
            if sum(map(len, found)) > self._limits.answer_bytes:
                raise garbage("its pictures are too large together")
        return found

    async def _made(
        self, pictures: Sequence[bytes], user: str | None, cleared: Sequence[Cleared], *, edited: bool
    ) -> list[Made]:  # fmt: skip
        keeper = self._setup.keeper
        asked = [keeper.output(one, user=user, references=cleared, edited=edited) for one in pictures]
        return _judged(await asyncio.gather(*asked, return_exceptions=True))

    def _address(self, made: Made, request: Request) -> str:
        base = self._setup.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return base.rstrip("/") + self._setup.held.put(made)

    def _fetched(self, path: str) -> Response:
        made = self._setup.held.get(path)
        if made is None:
            raise wrong("There is no picture here, or no longer.", status=404, code="gone")
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(made.data, 200, headers, made.media_type)


def _judged(found: Sequence[T | BaseException]) -> list[T]:
    """All answers, if all are good. A refusal outranks what could not be asked, whose reason is logged."""
    failures = [one for one in found if isinstance(one, BaseException)]
    for one in failures:
        if not isinstance(one, Exception):
            raise one
    no = [one for one in failures if isinstance(one, PictureRefusedError)]
    if no:
        log.info("pictures refused: %s", ", ".join(sorted({one.message for one in no})))
        raise refused()
    for one in failures:
        if isinstance(one, TooManyRequestsError):
            raise AnswerError(
                429, "Too many pictures in a short time. Try again later.", code="too_many_pictures",
                retry_after=int(one.retry_after),
            ) from one  # fmt: skip
        if not isinstance(one, RempartError):
            raise one
        log.warning("the gate could not be asked: %s: %s", type(one).__name__, f"{one.message} {one.hint}".strip())
        raise unchecked() from one
    return [one for one in found if not isinstance(one, BaseException)]


def _busy() -> AnswerError:
    return AnswerError(503, "Too much is asked for at once.", code="busy", retry_after=2)


async def _gone(request: Request) -> None:
    """Waits until whoever asked has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _refuse_foreign(headers: Headers, public_url: str | None) -> None:
    """A page of another site cannot make a browser ask here with what the browser can reach, and neither can one whose
    name was made to lead here: where a browser says whose page it shows, that is the loopback or the public address."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None and origin is None:
        return  # no browser
    host = headers.get("host", "")
    own = {"127.0.0.1", "localhost", "::1", urlsplit(public_url or "").hostname}
    same = site in (None, "none", "same-origin") and (origin is None or origin.partition("://")[2] == host)
    if not same or _name_of(host) not in own:
        raise wrong("This request did not come from a page of this address.", status=403, code="foreign")


def _name_of(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return ""
